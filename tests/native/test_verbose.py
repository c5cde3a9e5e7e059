"""XFBLAS_VERBOSE=1 tells how each product was computed; statistics count the same."""

import re

import numpy as np
from children import run_python

import xfblas

CODE = """
import numpy as np, predictions, xfblas
any_data = np.random.default_rng(1).integers(-32768, 32768, (64, 600)).astype(np.int16)
xfblas.matmul(any_data, any_data.T)
xfblas.matmul(*[np.ones((5, 5), np.float32)] * 2)
with xfblas.open() as device:
    unit = device.compute_units[0]
    left, right, small = (unit.send(a) for a in (any_data, any_data.T, any_data.T // 30000))
    c = unit.empty((64, 64))
    for b in (right, small, small):
        unit.fcn(left, b, c, None, 1, 20)
    unit.execute()
    layers = [predictions.Layer(np.ones((3, 7), np.int16)),
              predictions.Layer(np.ones((7, 2), np.int16), saturate=False)]
    model = predictions.Model(layers, np.ones(3), np.ones(2, np.float32))
    model.run(unit, np.zeros((50, 3), np.float32))
print(xfblas.native_statistics())
"""


def test_every_product_is_explained():
    done = run_python(CODE, XFBLAS_VERBOSE="1")
    assert done.returncode == 0, done.stderr
    engine = xfblas.native_engine()
    start = rf"on {engine.instruction_set}, {engine.threads} threads, B "
    hardest = "48 bits by (an estimate from high bytes|a split operand)"
    expected = [
        f"int16 64 x 600 x 64 {start}packed on the way; [0-9]+ blocks?: low 32 bits are enough",
        f"float32 5 x 5 x 5 by {re.escape(engine.blas or 'plain loops')}.*",
        f"int16 64 x 600 x 64 {start}packed on the way; [0-9]+ blocks?: {hardest}",
        f"int16 64 x 600 x 64 {start}packed on the way; [0-9]+ blocks?: sums proved to fit 32 bits",
        f"int16 64 x 600 x 64 {start}packed before; [0-9]+ blocks?: sums proved to fit 32 bits",
        f"int16 50 x 3 x 7 {start}kept; [0-9]+ blocks?: sums proved to fit 32 bits",
        f"int16 50 x 7 x 2 {start}kept; [0-9]+ blocks?: low 32 bits are enough",
    ]
    lines = done.stderr.splitlines()
    for line, pattern in zip(lines, expected, strict=True):
        assert re.fullmatch(f"xfblas: {pattern}", line)


def test_silent_otherwise():
    for value in ("", "0"):
        assert run_python(CODE, XFBLAS_VERBOSE=value).stderr == ""


def test_statistics_count_blocks():
    names = ["low_bits", "proved", "spilled", "estimated", "split", "tiles", "winograd"]
    before = xfblas.native_statistics()
    assert list(before) == names
    a = np.ones((8, 8), np.int16)
    xfblas.matmul(a, a)
    after = xfblas.native_statistics()
    assert after["low_bits"] > before["low_bits"]
    assert all(after[name] == before[name] for name in names[1:])
