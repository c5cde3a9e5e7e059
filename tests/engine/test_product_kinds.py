"""Products besides that of elements: whole sums, mixed bytes, fused forms, float64 by slices."""

from fractions import Fraction

import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from targets import examples

import xfblas
from xfblas import errors
from xfblas.offloading.whole_sums import sums_by_launches

SIDES = st.integers(1, 40)
SEEDS = st.integers(0, 2**32 - 1)


def uniform(generator, dtype, *shape):
    limits = np.iinfo(dtype)
    return generator.integers(limits.min, limits.max, shape, dtype, endpoint=True)


def default_fcn(dtype):
    return xfblas.default_device(dtype, "Fcn")


@examples(60)
@given(SEEDS, SIDES, SIDES, SIDES, st.sampled_from(["int16", "int8"]), st.booleans())
def test_whole_sums(seed, m, k, n, dtype, small):
    """On native directly, and everywhere from launches that give the sum's bits in turn."""
    generator = np.random.default_rng(seed)
    a, b = uniform(generator, dtype, m, k), uniform(generator, dtype, k, n)
    if small:
        a //= 50
    exact = a.astype(np.int64) @ b.astype(np.int64)
    device = default_fcn(dtype)
    found = xfblas.matmul(a, b, exact=True, device=device)
    np.testing.assert_array_equal(found, exact, strict=True)
    unit = device.compute_units[0]
    np.testing.assert_array_equal(sums_by_launches(unit, a, b), exact, strict=True)
    np.testing.assert_array_equal(xfblas.matmul(a, unit.send(b), exact=True), exact)


@pytest.mark.parametrize("dtype", ["int16", "int8"])
@pytest.mark.parametrize("k", [2**17 - 1, 2**17 + 5])
def test_whole_sums_of_the_largest_elements(dtype, k):
    """A sum of 2**17 of them is where the engine's bits end."""
    least = np.iinfo(dtype).min
    a, b = np.full((2, k), least, dtype), np.full((k, 3), least, dtype)
    found = xfblas.matmul(a, b, exact=True, device=default_fcn(dtype))
    assert found.dtype == np.int64 and (found == k * int(least) ** 2).all()
    if k < 2**17:
        found = sums_by_launches(default_fcn(dtype).compute_units[0], a, b)
        assert (found == k * int(least) ** 2).all()
    b *= -1  # wraps to itself
    b += 1
    found = xfblas.matmul(a, b, exact=True, device=default_fcn(dtype))
    assert (found == k * int(least) * (int(least) + 1)).all()


def test_whole_sums_of_stacks_and_vectors(generator):
    device = default_fcn("int16")
    a, b = uniform(generator, "int16", 2, 3, 4), uniform(generator, "int16", 2, 4, 5)
    wide = a.astype(np.int64) @ b.astype(np.int64)
    np.testing.assert_array_equal(xfblas.matmul(a, b, exact=True, device=device), wide)
    found = xfblas.matmul(a[0, 0], b[0, :, 0], exact=True, device=device)
    assert type(found) is np.int64 and found == wide[0, 0, 0]
    out = np.zeros((2, 3, 5))
    assert xfblas.matmul(a, b, exact=True, out=out, device=device, casting="unsafe") is out
    np.testing.assert_array_equal(out, wide)


@examples(40)
@given(SEEDS, SIDES, SIDES, SIDES, st.booleans())
def test_unsigned_with_signed_bytes(seed, m, k, n, unsigned_first):
    generator = np.random.default_rng(seed)
    types = ("uint8", "int8") if unsigned_first else ("int8", "uint8")
    a, b = uniform(generator, types[0], m, k), uniform(generator, types[1], k, n)
    device = default_fcn("int8")
    found = xfblas.matmul(a, b, device=device)
    np.testing.assert_array_equal(found, a.astype(np.int32) @ b.astype(np.int32), strict=True)
    stack = xfblas.matmul(np.stack([a, a]), b, device=device)
    np.testing.assert_array_equal(stack[1], a.astype(np.int32) @ b.astype(np.int32))


@examples(60)
@given(
    SEEDS,
    SIDES,
    st.integers(0, 40),
    SIDES,
    st.sampled_from(["int16", "int8"]),
    st.tuples(st.integers(0, 65535), st.integers(0, 50)),
    st.sampled_from([None, "row", "flat", "matrix"]),
    st.sampled_from([None, "linear", "relu", ("prelu", -3, 2), ("prelu", 511, 31)]),
    st.booleans(),
    st.booleans(),
)
def test_fused_forms(seed, m, k, n, dtype, scale, bias, activation, rounds, saturates):
    generator = np.random.default_rng(seed)
    a, b = uniform(generator, dtype, m, k), uniform(generator, dtype, k, n)
    shape = {None: (1, n), "row": (1, n), "flat": (n,), "matrix": (m, n)}[bias]
    x = generator.integers(-(2**20), 2**20, shape).astype(np.int32) if bias else None
    prelu = {None: (1, 0), "linear": (1, 0), "relu": (0, 0)}.get(activation)
    expected = oracle.fcn(
        a,
        b,
        x,
        post=scale,
        prelu=activation[1:] if prelu is None else prelu,
        round=rounds,
        saturate=saturates,
    )
    found = xfblas.matmul(
        a, b, scale=scale, bias=x, activation=activation, round=rounds, saturate=saturates
    )
    np.testing.assert_array_equal(found, expected, strict=True)


def test_fused_forms_of_floats_stacks_and_curves(generator):
    a, b = (generator.integers(-9, 9, s).astype(np.float32) for s in ((2, 3, 4), (4, 5)))
    bias = np.arange(5, dtype=np.float32)
    found = xfblas.matmul(a, b, bias=bias, activation="relu")
    np.testing.assert_array_equal(found, np.maximum(a @ b + bias, 0), strict=True)
    rows = generator.integers(-100, 100, (3, 4)).astype(np.int16)
    columns = generator.integers(-100, 100, (4, 5)).astype(np.int16)
    found = xfblas.matmul(rows, columns, activation=("tanh", 12, 14))
    assert np.abs(found / 2**14 - np.tanh(rows @ columns / 2**12)).max() < 1e-3


BYTES = np.ones((3, 3), np.int8)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"scale": 3}, "scale is 3, expected"),
        ({"scale": (1, 2, 3)}, "scale is .*, expected"),
        ({"scale": (70000, 0)}, "postScale of scale is 70000, expected 0 to 65535"),
        ({"scale": (1, -1)}, "postShift of scale is -1"),
        ({"activation": "gelu"}, "activation is 'gelu', expected None"),
        ({"activation": ("prelu", 600, 0)}, "preluScale of activation is 600"),
        ({"activation": ("prelu", 0)}, "activation is .*, expected None"),
        ({"bias": np.zeros(4, np.int32)}, r"bias has shape \(4,\), expected \(3,\)"),
        ({"bias": np.zeros(3)}, "bias is float64, expected int32"),
        ({"bias": np.full(3, 2**31)}, "bias has 2147483648 to .*, expected int32"),
        ({"bias": [[1], [1, 2]]}, "bias cannot be read"),
        ({"bias": 3}, "bias has shape"),
        ({"scale": (1, 0), "exact": True}, "expected one of the three"),
    ],
)
def test_fused_forms_that_are_refused(options, text):
    with pytest.raises(errors.InvalidValueError, match=text):
        xfblas.matmul(BYTES, BYTES, **options)
    assert (xfblas.matmul(BYTES, BYTES, scale=(2, 1)) == 3).all()


def exact_rows(a, b):
    """Elements of a @ b as exact fractions."""
    left, right = ([[Fraction(float(v)) for v in row] for row in x] for x in (a, b.T))
    return [[sum(x * y for x, y in zip(r, c, strict=True)) for c in right] for r in left]


@examples(40)
@given(
    SEEDS,
    st.integers(1, 6),
    st.integers(1, 60),
    st.integers(1, 6),
    st.sampled_from(["float64", "float32"]),
    st.sampled_from([0, 3, 30, 90]),
)
def test_split_products_keep_their_bound(seed, m, k, n, dtype, spread):
    """docs/offload.md: k 2^-55 (float32: 2^-25) of the largest of row and column, and rounding."""
    generator = np.random.default_rng(seed)
    a, b = (
        (generator.standard_normal(s) * np.exp2(generator.integers(-spread, spread + 1, s))).astype(
            dtype
        )
        for s in ((m, k), (k, n))
    )
    b /= generator.integers(1, 1000)
    with np.errstate(over="ignore"):
        found = xfblas.matmul(a, b, split=True)
    assert found.dtype == dtype
    bits = {"float64": (55, 53), "float32": (25, 24)}[dtype]
    rows, columns = np.abs(a).max(axis=1).astype(float), np.abs(b).max(axis=0).astype(float)
    for i, row in enumerate(exact_rows(a, b)):
        for j, exact in enumerate(row):
            bound = Fraction(k, 2 ** bits[0]) * Fraction(rows[i]) * Fraction(columns[j])
            bound += abs(exact) / 2 ** bits[1] + Fraction(2.0**-149 if dtype == "float32" else 0)
            value = float(found[i, j])
            if np.isinf(value):  # where what is within the bound has no float32
                value = np.copysign(float(np.finfo(dtype).max), value)
                assert (exact - Fraction(value)) * int(np.sign(value)) >= -bound
            else:
                assert abs(Fraction(value) - exact) <= bound


def test_split_products_of_extreme_numbers():
    a = np.array([[5e-324, 0.0], [1e300, 1e-300], [0.0, 0.0]])
    b = np.array([[1.0, 1.5], [2.0, 3.0]])
    found = xfblas.matmul(a, b, split=True)
    np.testing.assert_allclose(found, a @ b, rtol=1e-15)
    whole = np.arange(-8.0, 8.0).reshape(4, 4)
    np.testing.assert_array_equal(xfblas.matmul(whole, whole, split=True), whole @ whole)
    for wrong in (np.inf, -np.inf, np.nan):
        b[1, 0] = wrong
        with pytest.raises(errors.InvalidValueError, match=r"b has -?(inf|nan) at \(1, 0\)"):
            xfblas.matmul(a, b, split=True)
