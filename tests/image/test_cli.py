"""The command ``xclbin`` as a parser with add_commands has it."""

import argparse
import json
import sys

import pytest

from xfblas.commands.xclbin import add_commands
from xfblas.image.boards import read_board
from xfblas.image.configuration import Configuration, parse_options
from xfblas.image.container import read
from xfblas.image.describe import describe
from xfblas.image.kinds import SectionKind


def run(*words) -> int:
    parser = argparse.ArgumentParser("xfblas")
    add_commands(parser.add_subparsers(required=True))
    args = parser.parse_args(["xclbin", *map(str, words)])
    return args.run(args)


def failure(capsys, *words) -> str:
    """The one line that a command prints when it fails."""
    assert run(*words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("xfblas: ")
    assert err.count("\n") == 1
    return err


def built(tmp_path, *words):
    path = tmp_path / "out.xclbin"
    assert run("build", path, *words) == 0
    return describe(read(path))


def test_build_writes_the_preset_and_its_configuration(tmp_path, capsys, image):
    path = tmp_path / "out.xclbin"
    assert run("build", path) == 0
    assert capsys.readouterr().out.split() == [str(path), str(tmp_path / "out.dat")]
    assert path.read_bytes() == image
    assert (tmp_path / "out.dat").read_text() == read(path).configuration_text


def test_build_takes_what_is_asked_for(tmp_path):
    described = built(
        *(tmp_path, "--preset", "seed_short", "--data-type", "float", "--ddr-width", 16),
        *("--m-blocks", 1, "--k-blocks", 2, "--n-blocks", 3, "--num-cu", 3),
        *("--engine", "gemv,Fcn", "--platform", "my_platform"),
        *("--cfg", tmp_path / "config_info.dat"),
    )
    text = (tmp_path / "config_info.dat").read_text()
    assert not (tmp_path / "out.dat").exists()
    assert Configuration.from_options(parse_options(text)) == Configuration(
        data_type="float",
        x_data_type="float",
        ddr_width=16,
        x_ddr_width=16,
        m_blocks=1,
        k_blocks=2,
        n_blocks=3,
        kernel_count=3,
        engines=frozenset({"Fcn", "Gemv"}),
        part="u200",
    )
    assert described["platform"] == "my_platform"
    assert [unit["banks"] for unit in described["compute_units"]] == [
        [f"DDR[{index}]"] for index in range(6)
    ]
    assert {bank["size_bytes"] for bank in described["memory_banks"]} == {16 << 30}


def test_a_compute_unit_less_is_a_bank_less(tmp_path):
    described = built(tmp_path, "--num-cu", 1)
    assert [bank["tag"] for bank in described["memory_banks"]] == ["DDR[0]", "DDR[1]", "DDR[2]"]


@pytest.mark.parametrize(
    ("words", "width", "bits"),
    [
        (("--preset", "seed_short"), "16", "48"),
        (("--ddr-width", 1), "1", "48"),
        (("--data-type", "int8", "--ddr-width", 64), "16", "32"),
    ],
)
def test_a_word_of_x_has_the_bytes_of_a_word_of_a(tmp_path, words, width, bits):
    configuration = built(tmp_path, *words)["configuration"]
    assert (configuration["XddrWidth"], configuration["macBits"]) == (width, bits)


def test_build_takes_every_key_that_an_engine_honours(tmp_path):
    described = built(
        *(tmp_path, "--data-type", "int8_t", "--x-data-type", "int8", "--x-ddr-width", 2),
        *("--ddr-width", 4, "--num-instr", 16, "--xvec", 1, "--mac-bits", 32, "--num-kernels", 1),
        *("--part", "u50", "--engine", "fcn", "--prefix", "GEMX"),
    )
    text = (tmp_path / "out.dat").read_text()
    assert text == read(tmp_path / "out.xclbin").configuration_text
    assert all(line.startswith("GEMX_") for line in text.split())
    configuration = Configuration.from_options(parse_options(text))
    assert configuration == Configuration(
        data_type="int8",
        x_data_type="int8",
        ddr_width=4,
        x_ddr_width=2,
        mac_bits=32,
        xvec=True,
        instructions_per_launch=16,
        engines=frozenset({"Fcn"}),
        part="u50",
        machine=read_board("u50").machine("int8"),
    )
    assert described["configuration"]["XVEC"] == "1"


@pytest.mark.parametrize(
    ("words", "board", "data_type"),
    [
        (("--data-type", "float"), "u250", "float"),
        (("--part", "u200"), "u200", "short"),
        (("--part", "unknown"), None, None),
        (("--preset", "seed_short", "--data-type", "int8"), None, None),
    ],
)
def test_the_sizes_of_the_engine_are_those_of_card_and_type(tmp_path, words, board, data_type):
    built(tmp_path, *words)
    text = (tmp_path / "out.dat").read_text()
    expected = None if board is None else read_board(board).machine(data_type)
    assert Configuration.from_options(parse_options(text)).machine == expected


def test_build_begins_with_a_file(tmp_path):
    cfg = tmp_path / "config_info.dat"
    cfg.write_text(
        "GEMX_dataType=int8_t GEMX_XdataType=int8_t GEMX_ddrWidth=32 GEMX_XddrWidth=32\n"
        "GEMX_keepMacBits=0 GEMX_macBits=48 GEMX_runGemm=1 GEMX_numInstr=16 GEMX_splitMesh=1\n"
    )
    built(tmp_path, "--from", cfg, "--num-instr", 32)
    text = (tmp_path / "out.dat").read_text()
    assert "GEMX_numInstr=32" in text and "GEMX_dataType=int8\n" in text
    assert Configuration.from_options(parse_options(text)) == Configuration(
        data_type="int8",
        x_data_type="int8",
        ddr_width=32,
        x_ddr_width=32,
        mac_bits=32,
        instructions_per_launch=32,
        engines=frozenset({"Gemm"}),
    )
    built(tmp_path, "--from", cfg, "--prefix", "BLAS_")
    assert "BLAS_numInstr=16" in (tmp_path / "out.dat").read_text()


def test_build_puts_files_in(tmp_path):
    library, other = tmp_path / "k.so", tmp_path / "with:colon"
    library.write_bytes(b"\x7fELF")
    other.write_bytes(b"other")
    built(tmp_path, "--library", library, "--section", f"77:{other}", "--section", f"PDI:{other}")
    image = read(tmp_path / "out.xclbin")
    assert image.section(SectionKind.BITSTREAM).data == b"\x7fELF"
    assert image.section(77).data == image.section(SectionKind.PDI).data == b"other"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--preset", "none"), "--preset is 'none', expected default_short"),
        (("--data-type", "double"), "--data-type is 'double', expected short or float or int8"),
        (("--ddr-width", 0), "--ddr-width is 0, expected 1 to 65536"),
        (("--num-cu", 0), "--num-kernels is 0, expected 1 to 1024"),
        (("--num-instr", 65), "--num-instr is 65, expected 2 to 64"),
        (("--x-data-type", "double"), "--x-data-type is 'double', expected short or float"),
        (("--x-data-type", "int8"), "the Fcn engine adds int32_t or short to short"),
        (("--x-ddr-width", 0), "--x-ddr-width is 0, expected 1 to 65536"),
        (("--mac-bits", 40), "--mac-bits is 40, but the engines keep 48 bits"),
        (("--xvec", "yes"), "--xvec is 'yes', expected 0 or 1"),
        (("--prefix", "X"), "--prefix is 'X_', expected BLAS_ or GEMX_"),
        (("--from", "/no/such/file"), "No such file"),
        (("--from", __file__), "is not NAME=value"),
        (("--engine", "gemm,spmv"), "engine is 'Spmv', expected Fcn or Gemm or Gemv"),
        (("--engine", ""), "engine is ''"),
        (("--platform", ""), "--platform is ''"),
        (("--section", "PDI"), "--section is 'PDI', expected KIND:FILE"),
        (("--section", "NONE:x"), "section kind is 'NONE'"),
        (("--section", "PDI:/no/such/file"), "No such file"),
        (("--library", "/no/such/file"), "No such file"),
        (("--library", __file__), "--library is not a shared library"),
    ],
)
def test_build_says_what_is_wrong_in_one_line(tmp_path, capsys, words, message):
    assert message in failure(capsys, "build", tmp_path / "out.xclbin", *words)
    assert list(tmp_path.iterdir()) == []


def test_build_does_not_write_the_configuration_over_the_image(tmp_path, capsys):
    message = failure(capsys, "build", tmp_path / "out.dat")
    assert "image and config_info.dat are both" in message
    assert "No such file" in failure(capsys, "build", tmp_path / "none" / "out.xclbin")


def test_info_as_json_is_the_description(image_file, capsys):
    assert run("info", image_file, "--json") == 0
    assert json.loads(capsys.readouterr().out) == describe(read(image_file))


@pytest.mark.parametrize("with_rich", [True, False])
def test_info_shows_what_is_inside(image_file, capsys, monkeypatch, with_rich):
    if with_rich:
        pytest.importorskip("rich")
    else:
        monkeypatch.setitem(sys.modules, "rich", None)
        monkeypatch.setitem(sys.modules, "rich.console", None)
    assert run("info", image_file) == 0
    shown = capsys.readouterr().out
    assert ("\u2502" in shown) == with_rich
    for text in (
        *("xilinx_u250_gen3x16_xdma_4_1_202210_1", "SW_EMU", "300 MHz", "Fcn, Gemm, Gemv"),
        *("gemvKernel_2", "0x1450000", "DDR[5]", "4 GiB", "0x9000000000"),
        *("numInstr", "MEM_TOPOLOGY", "config_info", str(read(image_file).uuid)),
    ):
        assert text in shown


def test_info_keeps_control_characters_from_the_terminal(image, tmp_path, capsys):
    path = tmp_path / "image.xclbin"
    path.write_bytes(image.replace(b"xilinx_u250", b"\x1b[31m[red]\b", 1))
    assert run("info", path) == 0
    shown = capsys.readouterr().out
    assert "\x1b[31m" not in shown
    assert "\\x1b[31m[red]\\x08_gen3x16" in shown


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read"),
        (b"", "is empty"),
        (b"PK\x03\x04 another format", "is not an xclbin2 file"),
        (b"xclbin2\0", "is truncated"),
    ],
)
def test_info_says_what_is_wrong_in_one_line(tmp_path, capsys, content, message):
    path = tmp_path / "two\nlines.xclbin"
    if content is not None:
        path.write_bytes(content)
    assert message in failure(capsys, "info", path)


def test_a_command_must_be_given(capsys):
    with pytest.raises(SystemExit) as stopped:
        run()
    assert stopped.value.code == 2
    assert "COMMAND" in capsys.readouterr().err
