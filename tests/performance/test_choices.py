"""What an estimate says of all units, both layouts, this CPU, and int8 beside int16."""

import itertools
import json

import pytest

from xfblas.cli import main
from xfblas.image.boards import board_names, read_board
from xfblas.performance import this_cpu
from xfblas.performance.choices import (
    HOST_BYTES_PER_SECOND,
    call_of,
    choices,
    why_int8_is_slower,
)
from xfblas.performance.estimate import LAUNCH_SECONDS
from xfblas.performance.this_cpu import measure_products

SIZES = (784, 512, 512, 10)


def mlp(rows):
    return [[(f"d{i}", rows, k, n, False) for i, (k, n) in enumerate(itertools.pairwise(SIZES))]]


@pytest.mark.parametrize("dtype", ["short", "int8", "float"])
def test_four_units(dtype):
    """Of a batch that fills them, 3.8 times as fast as one, the host's rounding counted."""
    board = read_board("u250")
    found = choices(board, "fcn", dtype, mlp(4096), 4096)
    assert [(way.units, way.layout) for way in found] == [
        (units, layout) for layout in ("rows", "packed") for units in (1, 4)
    ]
    for one, all_units in zip(found[::2], found[1::2], strict=True):
        assert one.speedup == 1 and 3.8 <= all_units.speedup <= 4
        assert all_units.seconds == pytest.approx(one.seconds / all_units.speedup)
        # What the table above says of one unit is the same call without the host.
        call = call_of(board, "fcn", dtype, mlp(4096), 4096, one.layout == "packed")
        host = 4096 * (784 + 10) * 4 / HOST_BYTES_PER_SECOND
        launches = 3 * LAUNCH_SECONDS  # for parts of 1,024 rows
        assert one.seconds == pytest.approx(call.seconds + host + launches, rel=0.02)


def test_few_rows_gain_less():
    """A launch takes as long for a fourth of the rows."""
    found = choices(read_board("u250"), "fcn", "short", mlp(8), 8)
    assert found[1].speedup < 1.5


def test_the_slot_is_shared():
    """Rows of one column more than they are multiplied with cross PCIe, however many units."""
    chain = [[("", 10**6, 4096, 1, False)]]
    found = choices(read_board("u250"), "fcn", "short", chain, 10**6)
    crossing = 10**6 * 4097 * 2 / 12e9
    assert all(way.seconds >= crossing for way in found)


@pytest.mark.parametrize("name", board_names())
def test_every_board_tells_why(name):
    board, rows = read_board(name), 512
    calls = [call_of(board, "fcn", dtype, mlp(rows), rows, False) for dtype in ("int8", "short")]
    narrow, wide = (sum(product.cycles for product in call.products) for call in calls)
    why = why_int8_is_slower(board, "fcn", mlp(rows), rows)
    assert (why is not None) == (narrow > wide)
    if why is not None:
        machine = board.machine("int8", "fcn")
        assert why.startswith(f"int8 takes {narrow / wide:.2f} times the cycles of int16")
        assert f"{machine.multipliers:,} multipliers" in why or machine.multipliers > 1024
        assert f"{machine.tile_rows}x{machine.tile_columns}" in why and "Packed, int8 takes" in why


def test_this_cpu_is_measured(monkeypatch):
    sizes = [(64, 100, 30), (5, 3, 1), (1, 1, 1)]
    for dtype in ("short", "int8", "float"):
        seconds, told = measure_products(dtype, sizes)
        assert len(seconds) == 3 and all(0 < each < 10 for each in seconds)
        assert told.startswith("measured on ") and "smaller ones" not in told
    huge = (2**20, 2**20, 2**20)
    monkeypatch.setattr(this_cpu, "MOST_PRODUCTS", 2**20)
    monkeypatch.setattr(this_cpu, "LONGEST", 128)
    seconds, told = measure_products("short", [huge])
    assert told.endswith("large products by smaller ones")
    assert seconds[0] > 2**60 / 1e13
    monkeypatch.setenv("XFBLAS_NUM_THREADS", "many")
    monkeypatch.setattr(this_cpu, "native_engine", _fails)
    assert measure_products("short", sizes) == ([], "not measured: no")


def _fails():
    raise this_cpu.XfblasError("no")


@pytest.mark.parametrize("engine", ["fcn", "gemm", "gemv"])
def test_command(capsys, engine):
    sizes = ["-m", "300", "-k", "64"] + ([] if engine == "gemv" else ["-n", "32"])
    assert main(["estimate", "--engine", engine, *sizes]) == 0
    text = capsys.readouterr().out
    assert "this CPU" in text and "measured on" in text and "packed" in text
    assert main(["estimate", "--engine", engine, "--json", *sizes]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["choices"]) == 4 and len(found["this_cpu"]["product_seconds"]) == 1
    assert found["why_int8_is_slower"] is None or engine == "fcn"


def test_command_tells_why(capsys, monkeypatch):
    monkeypatch.setattr(
        "xfblas.performance.choices.why_int8_is_slower", lambda *_: "int8 is slower because"
    )
    assert main(["estimate", "-m", "4", "-k", "4", "-n", "4"]) == 0
    assert capsys.readouterr().out.endswith("int8 is slower because\n")
