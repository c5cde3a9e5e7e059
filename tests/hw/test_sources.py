"""The kernels as text: what Vitis HLS would refuse, as far as that shows here."""

import re
import shutil
import subprocess

import packages
import pragma_lint
import pytest
from kernels import HW, Kernel

KERNELS = sorted(HW.glob("src/*.cpp"))
HEADERS = sorted(HW.glob("src/*.hpp")) + [
    HW / "include/xfblas" / name
    for name in (
        *("activation.hpp", "check.hpp", "feature_map.hpp", "instruction.hpp"),
        *("softmax.hpp", "vector.hpp"),
    )
]
SOURCES = KERNELS + HEADERS
INTERFACE = HW.parent / "tests/hw/interface"
BANNED = {
    r"\b(new|delete|malloc|free)\b(?! *;)": "memory from a heap",
    r"\bvirtual\b": "virtual functions",
    r"\bstd::": "the standard library",
    r"\b(throw|try|catch)\b": "exceptions",
    r"\b(dynamic_cast|typeid)\b": "run-time types",
    r"\b(goto|long double|RESOURCE|DATA_PACK)\b": "what HLS does not take any more",
}


@pytest.mark.sampled("fcn-short")
@pytest.mark.parametrize("dtype", ["short", "int8", "float"])
@pytest.mark.parametrize("engine", ["fcn", "gemm", "gemv"])
def test_compiles_for_synthesis(kernel_of, engine, dtype):
    """With __SYNTHESIS__, against declarations of the vendor's classes, and without exceptions."""
    folder = kernel_of(engine, dtype).folder
    command = [
        "g++",
        "-std=c++14",
        "-D__SYNTHESIS__",
        "-fno-exceptions",
        "-fno-rtti",
        "-fsyntax-only",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-Werror=vla",
        "-Wno-unknown-pragmas",
        "-Wno-unused-label",
        f"-I{INTERFACE}",
        f"-I{HW / 'include'}",
        f"-I{folder}",
        str(HW / f"src/{engine}_kernel.cpp"),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_kernels_are_lint_free():
    assert pragma_lint.lint(SOURCES) == []


def changed(tmp_path, name, old, new):
    """All sources, with a change in one of them."""
    paths = []
    for source in SOURCES:
        path = tmp_path / source.name
        text = source.read_text()
        if source.name == name:
            assert old in text
            text = text.replace(old, new, 1)
        path.write_text(text)
        paths.append(path)
    return paths


@pytest.mark.parametrize(
    "name, old, new, complaint",
    [
        ("collect.hpp", "PIPELINE II=1", "PIPELNE II=1", "unknown pragma PIPELNE"),
        ("collect.hpp", "#pragma HLS PIPELINE II=1", "", "vectors of collect has neither"),
        ("collect.hpp", "vectors:\n", "\n", "a loop of collect has no label"),
        ("feed_b.hpp", "BIND_STORAGE variable=held", "BIND_STORAGE variable=hold", "names hold"),
        ("feed_b.hpp", "impl=lutram", "impl=blockram", "impl cannot be blockram"),
        (
            "multiply.hpp",
            "#pragma HLS BIND_STORAGE variable=b_rows type=fifo impl=lutram\n",
            "",
            "chooses the memory of multiply's stream b_rows",
        ),
        (
            "multiply.hpp",
            "rd, task, table_words, a_words",
            "rd, task, table_words, b_words",
            "2 processes that write it",
        ),
        (
            "multiply.hpp",
            "collected[0], addends",
            "collected[1], addends",
            "2 processes that read it",
        ),
        ("multiply.hpp", "write_c<E>, wr,", "write_c<E>, rd,", "port rd of multiply is used by"),
        (
            "multiply_vector.hpp",
            "x_words, a_words, parts",
            "x_words, y_words, parts",
            "a_words of multiply_vector has 0 processes that read it",
        ),
    ],
)
def test_lint_sees_what_it_should(tmp_path, name, old, new, complaint):
    complaints = pragma_lint.lint(changed(tmp_path, name, old, new))
    assert any(complaint in text for text in complaints), complaints


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_nothing_banned(path):
    text = pragma_lint.without_comments(path.read_text())
    for pattern, what in BANNED.items():
        found = re.search(pattern, text)
        assert not found, f"{found.group()}: {what}"


def test_no_recursion():
    """No function reaches itself; calls are found by name."""
    functions = [
        f
        for path in SOURCES
        for f in pragma_lint.functions_of(pragma_lint.without_comments(path.read_text()))
    ]
    names = {f.name for f in functions}
    calls = {}
    for function in functions:
        # A method may share its name with what it calls through a type: Traits::add, say.
        called = set(re.findall(r"(?<![.:])\b(\w+)(?:<[^;(]*>)?\(", function.body)) & names
        calls.setdefault(function.name, set()).update(called)

    def reachable(name, seen):
        for called in calls.get(name, ()):
            if called not in seen:
                seen.add(called)
                reachable(called, seen)
        return seen

    assert [name for name in calls if name in reachable(name, set())] == []


@pytest.mark.parametrize(
    "path", sorted(HW.rglob("*.[hc]pp")) + sorted(HW.rglob("*.h")), ids=lambda path: path.name
)
def test_lines_are_short(path):
    if "build" in path.parts:
        return
    for number, line in enumerate(path.read_text().splitlines(), 1):
        assert len(line) <= 100 or line.startswith("#pragma"), f"{path.name}:{number}"


def test_clang_tidy(kernel_of):
    """The same bans by someone who can parse C++."""
    tidy = shutil.which("clang-tidy")
    if tidy is None:
        packages.skip_without("clang-tidy", "clang-tidy")
    folder = kernel_of("fcn", "short").folder
    checks = "-*,misc-no-recursion,cppcoreguidelines-no-malloc,bugprone-infinite-loop"
    done = subprocess.run(
        [
            tidy,
            f"-checks={checks}",
            "--warnings-as-errors=*",
            *map(str, KERNELS),
            "--",
            "-std=c++14",
            f"-I{HW / 'include'}",
            f"-I{folder}",
            "-Wno-unknown-pragmas",
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "change, sentence",
    [
        (("short.array = 4x8", "short.array = 5x8"), "powers of two"),
        (("short.tile = 8x32", "short.tile = 10x32"), "whole strips of array_rows rows"),
        (("short.tile = 8x32", "short.tile = 8x20"), "whole strips of array_columns"),
        (("short.chunk = 32", "short.chunk = 12"), "chunk of k must be a multiple"),
        (("word_bytes = 16", "word_bytes = 24"), "a memory word has 16, 32 or 64 bytes"),
        (("short.tile = 8x32", "short.tile = 8x8"), "waits for its own sums"),
    ],
)
def test_impossible_sizes_fail_with_a_sentence(tmp_path, change, sentence):
    board = tmp_path / "odd" / "platform.cfg"
    board.parent.mkdir()
    text = (HW / "platforms/small/platform.cfg").read_text()
    assert change[0] in text
    board.write_text(text.replace(*change))
    with pytest.raises(AssertionError, match=sentence):
        Kernel("fcn", "short", str(board))
