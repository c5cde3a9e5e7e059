"""What fits a board by the counts of its parts: shipped sizes do, what does not is refused."""

import json
import shutil
import subprocess
import sys

import packages
import pytest
from kernels import HW

from xfblas.cli import main
from xfblas.errors import InvalidValueError
from xfblas.image.boards import Board, board_names, read_board
from xfblas.image.element_types import ELEMENT_TYPES
from xfblas.image.fitting import LIMIT, fits_of, parts_on, require_unit_fits, unit_use
from xfblas.image.part_counts import Use
from xfblas.image.regions import regions_of
from xfblas.image.stream_fitting import require_stream_fits
from xfblas.image.stream_plan import plan_network
from xfblas.image.unit_parts import BESIDE

ROOT = HW.parent


def with_values(name: str, **values: str) -> Board:
    board = read_board(name)
    return Board(name, board.path, board.values | values)


def large_board(folder) -> str:
    """A U50 with an array of 64x64, as a data file."""
    text = (HW / "platforms/u50/platform.cfg").read_text()
    assert "short.array = 32x32\nshort.tile = 128x256" in text
    folder.mkdir(exist_ok=True)
    path = folder / "platform.cfg"
    path.write_text(text.replace("32x32\nshort.tile = 128x256", "64x64\nshort.tile = 256x256", 1))
    return str(path)


@pytest.mark.parametrize("engine", ["fcn", "gemm", "gemv"])
@pytest.mark.parametrize("dtype", ELEMENT_TYPES)
@pytest.mark.parametrize("board", board_names())
def test_what_is_shipped_fits(board, dtype, engine):
    found = read_board(board)
    use = unit_use(found, found.machine(dtype, engine), dtype, engine)
    fits = fits_of(found, use, found.number("compute_units"))
    assert fits and all(fit.share <= LIMIT for fit in fits), [fit.to_text() for fit in fits]
    assert all(low <= high for fit in fits for low, high in fit.shares.values())
    assert sum(fit.units for fit in fits) == found.number("compute_units")
    assert found.text("resources.source")


def test_the_yardstick_of_the_public_engine():
    """32x32 of int16 on a U200: 1,166 DSPs were published for an engine without feature maps."""
    board = read_board("u200")
    parts = parts_on(board, board.machine("short", "fcn"), "short", "fcn")
    alone = sum((part for name, part in parts.items() if name not in BESIDE), Use())
    region = regions_of(board)[0]
    assert alone.dsps == 32 * 32 + 32 * 4 <= 1200
    assert alone.luts < 0.6 * region.luts
    whole = sum(parts.values(), Use())
    assert whole.dsps == 1279 and whole.luts < 0.6 * region.luts


@pytest.mark.parametrize(
    ("name", "dtype", "values", "kind"),
    [
        ("u50", "short", {"short.array": "64x64", "short.tile": "256x256"}, "LUT"),
        ("u200", "int8", {"int8.array": "32x64", "int8.tile": "128x256"}, "DSP"),
        ("u250", "short", {"short.chunk": "4096"}, "BRAM"),
        ("u200", "short", {"unit_slrs": "0 1"}, "LUT"),
        ("u200", "short", {"unit_slrs": "0 0"}, "LUT"),
    ],
)
def test_what_does_not_fit(name, dtype, values, kind):
    board = with_values(name, **values)
    units = board.number("compute_units")
    with pytest.raises(InvalidValueError, match=rf"{name}: .*fcn .* of the {kind}s of SLR\d \("):
        require_unit_fits(board, dtype, "fcn", units)
    require_unit_fits(board, dtype, "fcn", units, force=True)


@pytest.mark.parametrize(
    ("name", "sizes", "dtype", "multipliers", "kind"),
    [
        ("u200", [512, 512, 10], "short", 10_000, "DSP"),
        ("u200", [4096, 4096, 10], "short", 2048, "BRAM"),
        ("u250", [784, 4096, 10], "float", 64, "BRAM"),
        ("pynq-z2", [784, 512, 10], "short", 64, "BRAM"),
    ],
)
def test_more_of_a_stream_than_a_board_has(name, sizes, dtype, multipliers, kind):
    """Weights take 0.8 MB of a 7020's 0.6, and 13 of a U250's 9."""
    board = read_board(name)
    network = plan_network(sizes, "tanh", dtype, multipliers)
    with pytest.raises(InvalidValueError, match=f"of the {kind}s of all SLRs"):
        require_stream_fits(board, network)
    require_stream_fits(board, network, force=True)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("388160 LUT", "expected a number for each of LUT, FF, DSP, BRAM, URAM"),
        ("1 LUT, 2 FF, x DSP, 1 BRAM, 0 URAM", "resources.SLR0 is '1 LUT"),
    ],
)
def test_resources_that_cannot_be_read(line, sentence):
    with pytest.raises(InvalidValueError, match=sentence):
        regions_of(with_values("u200", **{"resources.SLR0": line}))


def test_a_board_without_resources_is_not_judged():
    board = read_board("small")
    assert regions_of(board) == []
    require_unit_fits(board, "short", "fcn", 1)


@pytest.mark.parametrize("target", ["emu", "hw_emu", "hw"])
def test_builds_are_refused(tmp_path, target):
    """By make, for every target; forced, the next step is taken."""
    if shutil.which("make") is None:
        packages.skip_without("make", "make")
    (tmp_path / "v++").write_text("#!/bin/sh\n")
    (tmp_path / "v++").chmod(0o755)
    board = large_board(tmp_path / "large")
    for forced in ("", "FORCE=1"):
        command = ["make", "-f", "hw/xclbin.mk", f"TARGET={target}", f"PYTHON={sys.executable}"]
        command += [f"PLATFORM={board}", f"FOLDER={tmp_path / 'build'}", "VITIS=2022.2"]
        command += ["MAKE=true", *forced.split()]
        done = subprocess.run(
            command,
            cwd=ROOT,
            capture_output=True,
            text=True,
            env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        )
        refused = "expected at most 70%" in done.stderr
        assert refused == (not forced), done.stderr
        assert (tmp_path / "build/link.cfg").exists() == bool(forced)


def test_estimates_are_refused_and_told(tmp_path, capsys):
    board = large_board(tmp_path / "large")
    product = ["-m", "64", "-k", "64", "-n", "64"]
    assert main(["estimate", "--platform", board, *product]) == 2
    assert "takes 177% of the LUTs of SLR0" in capsys.readouterr().err
    assert main(["estimate", "--platform", board, *product, "--force"]) == 0
    assert "SLR0 with 1 unit: LUT 177..275 %" in capsys.readouterr().out
    assert main(["estimate", "--platform", board, "--resources"]) == 0
    assert "too full: SLR0, SLR1; a build is refused" in capsys.readouterr().out


def test_resources_are_printed(capsys):
    assert main(["estimate", "--platform", "u200", "--resources"]) == 0
    shown = capsys.readouterr().out
    for text in (
        "without these       191,184..282,048  1,152..1,333",
        "SLR2 with 1 unit: LUT 59..91 %",
        "LUT limits it",
        "AMD UG1702",
        "hours (assumed)",
    ):
        assert text in shown
    assert main(["estimate", "--platform", "u200", "--resources", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [slr["name"] for slr in told["slrs"]] == ["SLR0", "SLR2"]
    assert told["unit"]["dsps"] == 1279 and told["slrs"][0]["limited_by"] == "LUT"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["-m", "3"], "-m is given beside --resources"),
        (["--model", "m.h5"], "--model is given beside --resources"),
        (["--engine", "stream"], "--resources is given beside engine stream"),
        (["--engine", "fcm"], "--engine is 'fcm', expected fcn or gemm or gemv"),
    ],
)
def test_options_that_resources_have_no_use_for(capsys, words, sentence):
    assert main(["estimate", "--resources", *words]) == 2
    assert sentence in capsys.readouterr().err


def test_images_of_sizes_that_do_not_fit(tmp_path, capsys):
    """Those that the command line writes for native too."""
    assert main(["xclbin", "build", str(tmp_path / "a.xclbin"), "--part", "u50"]) == 0
    words = (tmp_path / "a.dat").read_text()
    assert "arrayRows=32" in words and "arrayColumns=32" in words
    large = words.replace("arrayRows=32", "arrayRows=64").replace("Columns=32", "Columns=64")
    (tmp_path / "large.dat").write_text(large)
    command = ["xclbin", "build", str(tmp_path / "b.xclbin"), "--from", str(tmp_path / "large.dat")]
    capsys.readouterr()
    assert main(command) == 2
    assert "fcn short with an array of 64x64 takes" in capsys.readouterr().err
    assert not (tmp_path / "b.xclbin").exists()
    assert main([*command, "--force"]) == 0


@pytest.mark.parametrize("board", board_names())
def test_the_table_of_boards(board):
    """docs/cards.md says which arrays a board takes and what limits them."""
    found, units = read_board(board), read_board(board).number("compute_units")
    lines = (ROOT / "docs/cards.md").read_text().splitlines()
    cells = next(line for line in lines if f"(`{board}`)" in line).split(" | ")
    assert cells[1] == str(units) and cells[-1].startswith(f"{found.number('clock_mhz')} MHz")
    for dtype, cell in zip(ELEMENT_TYPES, (cells[2], cells[4], cells[3]), strict=True):
        machine = found.machine(dtype, "fcn")
        fits = fits_of(found, unit_use(found, machine, dtype, "fcn"), units)
        fit = max(fits, key=lambda fit: fit.share)
        array = f"{machine.array_rows}x{machine.array_columns}"
        assert cell == f"{array}: {fit.limit} {100 * fit.share:.0f} %"
