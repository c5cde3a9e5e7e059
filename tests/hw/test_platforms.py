"""Boards as data: every file makes a kernel, a host's configuration and a link configuration."""

import importlib.util
import subprocess
import sys

import pytest
from kernels import HW

BOARDS = sorted(path.parent.name for path in HW.glob("platforms/*/platform.cfg"))


def configure_module():
    spec = importlib.util.spec_from_file_location("configure", HW / "configure.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def configure(folder, *arguments):
    command = [sys.executable, str(HW / "configure.py"), "--output", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_boards_are_there():
    assert set(BOARDS) >= {"u200", "u250", "u50", "u55c", "kv260"}


@pytest.mark.hw
@pytest.mark.parametrize("dtype", ["short", "int8", "float"])
@pytest.mark.parametrize("engine", ["fcn", "gemm", "gemv"])
@pytest.mark.parametrize("board", BOARDS)
def test_every_combination_compiles(tmp_path, board, engine, dtype):
    """The static_asserts hold for each of them."""
    assert (
        configure(tmp_path, "--board", board, "--engine", engine, "--dtype", dtype).returncode == 0
    )
    done = subprocess.run(
        [
            "g++",
            "-std=c++14",
            "-fsyntax-only",
            "-Wno-unknown-pragmas",
            f"-I{HW / 'include'}",
            f"-I{tmp_path}",
            str(HW / f"src/{engine}_kernel.cpp"),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_config_info_speaks_of_the_image(tmp_path):
    configure(tmp_path, "--board", "u250", "--engine", "fcn", "--dtype", "short")
    words = dict(line.split("=") for line in (tmp_path / "config_info.dat").read_text().split())
    expected = {
        "dataType": "short",
        "ddrWidth": "32",
        "XddrWidth": "16",
        "numKernels": "4",
        "macBits": "48",
        "runFcn": "1",
        "runGemm": "0",
        "numInstr": "64",
    }
    assert {name: words[f"BLAS_{name}"] for name in expected} == expected


@pytest.mark.parametrize(("board", "second"), [("u250", 1), ("u200", 2)])
def test_link_configuration(tmp_path, board, second):
    """A U200's second unit is not in its middle SLR, and has the memory beside its own."""
    configure(tmp_path, "--board", board, "--engine", "fcn", "--dtype", "short", "--units", "2")
    bank = {"u250": 1, "u200": 3}[board]
    assert (tmp_path / "link.cfg").read_text().splitlines() == [
        "[connectivity]",
        "nk=fcnKernel:2",
        "sp=fcnKernel_1.rd:DDR[0]",
        "sp=fcnKernel_1.wr:DDR[0]",
        "slr=fcnKernel_1:SLR0",
        f"sp=fcnKernel_2.rd:DDR[{bank}]",
        f"sp=fcnKernel_2.wr:DDR[{bank}]",
        f"slr=fcnKernel_2:SLR{second}",
    ]


@pytest.mark.parametrize("board", ["u50", "u55c", "u280"])
def test_ports_into_hbm_have_a_channel_each(tmp_path, board):
    configure(tmp_path, "--board", board, "--engine", "gemm", "--dtype", "short")
    text = (tmp_path / "link.cfg").read_text()
    ports = [line.rpartition(".")[2] for line in text.splitlines() if line.startswith("sp=")]
    assert len(set(ports)) == len(ports) == 2 * len([x for x in text.split() if "slr=" in x])
    assert "sp=gemmKernel_2.rd:HBM[4:7].4" in text and "sp=gemmKernel_2.wr:HBM[4:7].5" in text


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["--board", "u1"], "no board is called 'u1', expected one of"),
        (
            ["--board", "kv260", "--units", "9"],
            "9 compute units need 9 banks, the board kv260 has 1",
        ),
    ],
)
def test_errors_are_sentences(tmp_path, arguments, sentence):
    done = configure(tmp_path, "--engine", "fcn", "--dtype", "short", *arguments)
    assert done.returncode == 1 and sentence in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "line, sentence",
    [
        ("clock_mhz 250", "line 1: 'clock_mhz 250' is not name = value"),
        ("clock_mhz = fast", "clock_mhz is 'fast', expected a number"),
        ("slrs = 1\nslrs = 2", "line 2: slrs is given twice"),
    ],
)
def test_bad_lines_are_named(tmp_path, line, sentence):
    module = configure_module()
    path = tmp_path / "platform.cfg"
    path.write_text(line + "\n")
    with pytest.raises(module.InvalidValueError, match=sentence.replace("'", ".")):
        module.read_board(str(path))


@pytest.mark.sampled("fcn")
@pytest.mark.parametrize(
    "change",
    [
        None,
        ("short.array = 4x8", "short.array = 4x6"),
        ("short.array = 4x8", "short.array = 17x16"),
        ("short.array = 4x8", "short.array = 0x8"),
        ("short.array = 4x8", "short.array = 8x16"),
        ("short.tile = 8x32", "short.tile = 12x16"),
        ("short.tile = 8x32", "short.tile = 16x24"),
        ("short.tile = 8x32", "short.tile = 8x8"),
        ("short.tile = 8x32", "short.tile = 24x40"),
        ("short.chunk = 32", "short.chunk = 20"),
        ("short.chunk = 32", "short.chunk = 24"),
        ("word_bytes = 16", "word_bytes = 32"),
        ("word_bytes = 16", "word_bytes = 128"),
        ("vector = 16x32", "vector = 12x32"),
        ("vector = 16x32", "vector = 16x36"),
        ("vector = 16x32", "vector = 24x40"),
    ],
)
@pytest.mark.parametrize("engine", ["fcn", "gemv"])
def test_the_rules_are_those_of_the_compiler(tmp_path, monkeypatch, engine, change):
    """What is refused beforehand does not compile, and what is not does."""
    from xfblas.image import boards

    text = (HW / "platforms/small/platform.cfg").read_text()
    assert change is None or change[0] in text
    path = tmp_path / "platform.cfg"
    path.write_text(text if change is None else text.replace(*change))
    board = boards.read_board(str(path))
    try:
        board.machine("short", engine)
        refusal = None
    except boards.InvalidValueError as error:
        refusal = str(error)
    monkeypatch.setattr(boards, "require_buildable", lambda *rules: None)
    header = configure_module().constants(board, engine, "short")
    (tmp_path / "xfblas_configuration.hpp").write_text(header)
    command = ["g++", "-std=c++14", "-fsyntax-only", "-w", f"-I{HW / 'include'}", f"-I{tmp_path}"]
    command.append(str(HW / f"src/{engine}_kernel.cpp"))
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode == 0) == (refusal is None), refusal or done.stderr
    assert refusal is None or str(path) in refusal
