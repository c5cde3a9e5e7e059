"""Softmax instructions as callers queue them: the oracle's bytes, and errors by name."""

import numpy as np
import oracle
import pytest

import xfblas
from xfblas.errors import InvalidValueError, NotSupportedError

FIELDS = {
    "exp_bits": 6, "inv_table_bits": 5, "norm_bits": 12, "accum_bits": 20, "inv_bits": 14,
    "scale_shift": 9, "accum_shift": 1, "inv_shift": 3, "result_shift": 11, "offset": -7,
}  # fmt: skip


def sent(unit, m=6, classes=5, windows=2):
    rng = np.random.default_rng(2)
    a = rng.integers(-(2**15), 2**15, (m, classes * windows)).astype(np.int16)
    tables = [rng.integers(0, 2**12, size).astype(np.int32) for size in (64, 32, classes)]
    matrices = unit.send(a), unit.send(np.concatenate(tables)[None]), unit.empty((m, classes))
    return a, tables, matrices


@pytest.mark.parametrize("kind", range(4))
def test_instructions_are_the_oracles(kind):
    with xfblas.open(engine="Fcn") as device:
        unit = device.compute_units[0]
        a, tables, matrices = sent(unit)
        unit.softmax(*matrices, kind=kind, **FIELDS)
        found = matrices[2].read()
        expected = [
            oracle.softmax_row(
                row, oracle.SOFTMAX[kind], *(table.tolist() for table in tables), FIELDS, 16
            )
            for row in a.tolist()
        ]
        np.testing.assert_array_equal(found, expected)
        start, end = unit.stamps(1)[0]
        assert end > start


@pytest.mark.parametrize(
    "field, value, text",
    [
        ("kind", 4, "kind is 4, expected 0 to 3"),
        ("exp_bits", 13, "expBits is 13, expected 0 to 12"),
        ("norm_bits", 5, "normBits is 5, expected 6 to 24"),
        ("inv_bits", 25, "invBits is 25, expected 5 to 24"),
        ("accum_bits", 33, "accumBits is 33, expected 0 to 32"),
        ("scale_shift", -1, "scaleShift is -1, expected 0 to 47"),
        ("result_shift", 48, "resultShift is 48, expected -20 to 47"),
        ("exp_bits", 12, "parameters was sent with"),
        ("offset", 2**31, "offset is 2147483648"),
    ],
)
def test_wrong_fields_are_named(field, value, text):
    with xfblas.open(engine="Fcn") as device:
        unit = device.compute_units[0]
        _, _, matrices = sent(unit)
        with pytest.raises(InvalidValueError, match=text):
            unit.softmax(*matrices, **{**FIELDS, "norm_bits": 12, field: value})
        unit.softmax(*matrices, **FIELDS)
        assert matrices[2].read().any()


def test_what_cannot_be_its_operands():
    with xfblas.open(engine="Fcn") as device:
        unit = device.compute_units[0]
        _, _, (a, parameters, c) = sent(unit)
        with pytest.raises(InvalidValueError, match="k is 10, expected 1 to 4096 times the 4"):
            unit.softmax(a, parameters, unit.empty((6, 4)), **FIELDS)
        with pytest.raises(InvalidValueError, match="C has 5 rows, expected 6"):
            unit.softmax(a, parameters, unit.empty((5, 5)), **FIELDS)
        with pytest.raises(InvalidValueError, match="parameters holds elements of 2 bytes"):
            unit.softmax(a, unit.send(np.zeros((1, 200), np.int16)), c, **FIELDS)
        with pytest.raises(InvalidValueError, match=r"C at page .* overlaps A"):
            whole = unit.empty((6, 5))
            unit.softmax(whole, parameters, whole, **FIELDS)
    with xfblas.open(engine="Gemm") as device:
        unit = device.compute_units[0]
        matrices = [unit.empty((2, 2)) for _ in range(3)]
        with pytest.raises(NotSupportedError, match="does not run Fcn operations"):
            unit.softmax(*matrices, **FIELDS)
