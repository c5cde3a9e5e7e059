"""gemm and gemv against numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from targets import examples

import xfblas
from xfblas import errors

SIDES = st.integers(0, 8)
A = np.arange(12, dtype=np.int16).reshape(3, 4)


@examples(100)
@given(
    st.integers(0, 2**32 - 1),
    SIDES,
    SIDES,
    SIDES,
    st.sampled_from(["int16", "int8", "float32", "float64"]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0, 1, -3, 100]),
    st.sampled_from([0, 1, 2, -128]),
)
def test_gemm(seed, m, k, n, dtype, trans_a, trans_b, alpha, beta):
    generator = np.random.default_rng(seed)
    a, b, c = (generator.integers(-99, 100, s).astype(dtype) for s in ((m, k), (k, n), (m, n)))
    with np.errstate(over="ignore"):
        expected = a.dtype.type(alpha) * (a @ b) + a.dtype.type(beta) * c
    left, right = a.T if trans_a else a, b.T if trans_b else b
    split = dtype == "float64"
    found = xfblas.gemm(alpha, left, right, beta, c, trans_a, trans_b, split=split)
    np.testing.assert_array_equal(found, expected, strict=True)
    out = c.copy()
    assert xfblas.gemm(alpha, left, right, beta, out, trans_a, trans_b, out=out, split=split) is out
    np.testing.assert_array_equal(out, expected)
    if n:
        found = xfblas.gemv(alpha, left, b[:, 0], beta, c[:, 0], trans_a, split=split)
        np.testing.assert_array_equal(found, expected[:, 0], strict=True)


def test_whole_sums_and_numbers_of_numpy():
    wide = A.astype(np.int64) * 30000
    found = xfblas.gemm(np.int64(2), A * 1, (wide // 1).astype(np.int16).T, exact=True)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(xfblas.gemm(np.float64(2), A, A.T), 2 * (A @ A.T))
    floats = A.astype(np.float32)
    np.testing.assert_allclose(xfblas.gemm(0.5, floats, floats.T), floats @ floats.T / 2)


def test_c_is_not_read_where_beta_is_0():
    floats = A.astype(np.float32)
    c = np.full((3, 3), np.nan, np.float32)
    assert np.isfinite(xfblas.gemm(1, floats, floats.T, 0, c)).all()


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: xfblas.gemm(1.5, A, A.T), "alpha is 1.5, expected a whole number"),
        (lambda: xfblas.gemm(40000, A, A.T), "alpha is 40000, expected a whole number that int16"),
        (lambda: xfblas.gemm("1", A, A.T), "alpha is '1', expected a number"),
        (lambda: xfblas.gemm(True, A, A.T), "alpha is True"),
        (lambda: xfblas.gemm(1, A, A.T, 1), "c is None"),
        (lambda: xfblas.gemm(1, A, A.T, 1, np.ones((2, 2), np.int16)), "c has shape"),
        (lambda: xfblas.gemm(1, A, A.T, 1, np.ones((3, 3))), "c is float64"),
        (lambda: xfblas.gemm(1, A, A), "b needs 4 rows"),
        (lambda: xfblas.gemm(1, A[0], A, trans_a=True), "a has 1 dimensions"),
        (lambda: xfblas.gemm(1, A, A, trans_b="yes"), "trans_b is 'yes'"),
        (lambda: xfblas.gemm(2, A, A.T, out=np.zeros((2, 2), np.int16)), "out has shape"),
        (lambda: xfblas.gemm(2, A, A.T, out=np.zeros((3, 3), np.uint8)), "out is uint8"),
        (lambda: xfblas.gemm(2, A, A.T, out=3), "out is 3"),
        (lambda: xfblas.gemv(1, A, A.T), "x has 2 dimensions"),
        (lambda: xfblas.gemv(1, A, A[:, 0]), "b needs 4 elements"),
        (lambda: xfblas.gemv(float("nan"), A, A[0]), "alpha is nan"),
        (lambda: xfblas.gemv(float("inf"), A, A[0]), "alpha is inf"),
    ],
)
def test_what_is_refused(call, text):
    with pytest.raises(errors.InvalidValueError, match=text):
        call()
