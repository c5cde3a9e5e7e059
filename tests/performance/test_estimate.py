"""The estimate command, the stamps it agrees with, and the published table it is pinned to."""

import json

import numpy as np
import pytest

import xfblas
from xfblas.cli import main
from xfblas.errors import InvalidValueError
from xfblas.image.boards import board_names, read_board
from xfblas.performance.estimate import estimate_product
from xfblas.performance.public_engine import PUBLISHED_MILLISECONDS, public_gemm_seconds


@pytest.mark.parametrize(("size", "milliseconds"), PUBLISHED_MILLISECONDS.items())
def test_published_table_of_the_public_engine(size, milliseconds):
    """Within 1 % from 512 on; below, where rows share DRAM pages, up to 8 % low."""
    error = public_gemm_seconds(size, size, size) * 1e3 / milliseconds - 1
    assert abs(error) <= 0.01 if size >= 512 else -0.08 <= error <= 0


def test_own_kernel_keeps_its_array_busy():
    found = estimate_product(read_board("u250"), "fcn", "short", 1024, 1024, 1024, packed=True)
    assert found.efficiency >= 0.9
    assert found.bound == "MACs"
    assert found.gops == pytest.approx(2 * 1024**3 / found.seconds / 1e9)
    assert found.seconds == pytest.approx(found.cycles / 250e6)


@pytest.mark.parametrize("board", board_names())
def test_every_board(board):
    for dtype in ("short", "int8", "float"):
        for engine in ("fcn", "gemm", "gemv"):
            found = estimate_product(
                read_board(board), engine, dtype, 300, 200, 1 if engine == "gemv" else 50
            )
            assert 0 < found.efficiency <= 1
            assert found.bound in ("MACs", "memory", "drain", "launch")


def test_native_stamps_are_the_estimate(generator):
    """On the packaged image, which tells the sizes of a U250's engine."""
    a = generator.integers(-9, 9, (256, 320)).astype(np.int16)
    b = generator.integers(-9, 9, (320, 128)).astype(np.int16)
    x = np.zeros((1, 128), np.int32)
    with xfblas.open() as device:
        unit = device.compute_units[0]
        operands = unit.send(a), unit.send(b), unit.empty((256, 128))
        addend = unit.send(x)
        for _ in range(2):
            unit.fcn(*operands, addend)
        unit.execute()
        stamps = unit.stamps(2).astype(int)
        with pytest.raises(InvalidValueError, match="instructions is 0"):
            unit.stamps(0)
        with pytest.raises(InvalidValueError, match="expected 1 to 63"):
            unit.stamps(64)
    expected = estimate_product(read_board("u250"), "fcn", "short", 256, 320, 128).cycles
    assert list(stamps[:, 1] - stamps[:, 0]) == [expected, expected]
    assert stamps[1, 0] == stamps[0, 1]


def test_command_prints_a_table_and_json(capsys):
    assert main(["estimate", "-m", "128", "-k", "64", "-n", "32"]) == 0
    table = capsys.readouterr().out
    assert "128x64x32" in table and "rows/s" in table and "never measured on a card" in table
    assert main(["estimate", "-m", "128", "-k", "64", "-n", "32", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["products"][0]["operations"] == 2 * 128 * 64 * 32
    assert found["seconds"] > found["launch_seconds"]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--platform", "u1"], "no board is called 'u1'"),
        (["-m", "3"], "-k and -n"),
        (["-m", "0", "-k", "1", "-n", "1"], "m is 0"),
        (["-m", "1", "-k", "1", "-n", "1", "--engine", "spmv"], "engine is 'spmv'"),
        (["-m", "1", "-k", "1", "-n", "1", "--dtype", "int4"], "dtype is 'int4'"),
        (["--model", "missing.h5"], "missing.h5"),
    ],
)
def test_wrong_arguments_are_told_in_a_line(capsys, arguments, text):
    assert main(["estimate", *arguments]) == 2
    error = capsys.readouterr().err
    assert text in error and error.count("\n") == 1
