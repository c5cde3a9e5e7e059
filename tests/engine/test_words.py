"""Named cases of the arithmetic, worked out by hand."""

import numpy as np
import oracle
import pytest

import xfblas


def compute(a, b, x, **fields):
    arrays = [np.array([[value]], dtype) for value, dtype in ((a, "i2"), (b, "i2"), (x, "i4"))]
    expected = oracle.fcn(*arrays, **fields)[0, 0]
    with xfblas.open() as device:
        unit = device.compute_units[0]
        result = unit.empty((1, 1))
        operands = [unit.send(array) for array in arrays]
        names = {"post": (1, 0), "prelu": (1, 0)} | fields
        unit.fcn(
            *operands[:2],
            result,
            operands[2],
            *names.pop("post"),
            *names.pop("prelu"),
            **names,
        )
        found = result.read()[0, 0]
    assert found == expected, "the engine and the oracle differ"
    return found


@pytest.mark.parametrize(
    ("a", "b", "x", "fields", "expected"),
    [
        (3, 5, 0, {}, 15),
        (-1, 1, 0, {"post": (1, 1)}, -1),  # the shift floors
        (-1, 1, 0, {"post": (1, 1), "round": True}, 0),  # half goes up
        (1, 1, 0, {"post": (1, 1), "round": True}, 1),
        (32767, 1, 1, {}, -32768),  # wraps
        (32767, 1, 1, {"saturate": True}, 32767),
        (-32768, 1, -1, {"saturate": True}, -32768),
        (-32768, -32768, 0, {"post": (1, 15)}, -32768),
        (-32768, -32768, 0, {"post": (65535, 31)}, 32767),  # 2**30 * 65535 fits 48 bits
        (-32768, -32768, 2**31 - 1, {"post": (65535, 40)}, -65),  # and here it wraps them
        (-5, 1, 0, {"prelu": (0, 0)}, 0),
        (-5, 1, 0, {"prelu": (410, 11)}, -2),  # floor of -1.001
        (5, 1, 0, {"prelu": (410, 11)}, 5),
        (-32768, 1, 0, {"prelu": (-1, 0)}, -32768),  # 32768 wraps
        (7, 7, 0, {"post": (1, 255)}, 0),
        (-7, 7, 0, {"post": (1, 255)}, -1),
        (-7, 7, 0, {"post": (1, 255), "round": True}, 0),
        (-7, 7, 0, {"post": (0, 0)}, 0),
    ],
)
def test_word(a, b, x, fields, expected):
    assert compute(a, b, x, **fields) == expected
