"""xfblas.matmul against numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from targets import examples

import xfblas
from xfblas import errors

layouts = st.sampled_from([np.ascontiguousarray, np.asfortranarray, lambda a: a[::-1, ::-1]])


@examples(50)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 70),
    st.integers(0, 70),
    st.integers(0, 70),
    layouts,
    layouts,
)
def test_int16_wraps_as_numpy_does(seed, m, k, n, first_layout, second_layout):
    generator = np.random.default_rng(seed)
    a = first_layout(generator.integers(-32768, 32768, (m, k)).astype(np.int16))
    b = second_layout(generator.integers(-32768, 32768, (k, n)).astype(np.int16))
    product = xfblas.matmul(a, b)
    assert product.dtype == np.int16
    np.testing.assert_array_equal(product, a @ b)


def test_on_an_image_that_pads(generator):
    a = generator.integers(-32768, 32768, (130, 5)).astype(np.int16)
    b = generator.integers(-32768, 32768, (5, 129)).astype(np.int16)
    with xfblas.open(xfblas.image_path("seed_short"), engine="Gemm") as device:
        np.testing.assert_array_equal(xfblas.matmul(a, b, device=device), a @ b)


def test_float32_within_the_bound_of_its_sums(generator):
    a, b = (generator.standard_normal(s).astype(np.float32) for s in ((33, 77), (77, 21)))
    bound = 77 * np.finfo(np.float32).eps * (np.abs(a).astype(float) @ np.abs(b))
    assert (np.abs(xfblas.matmul(a, b) - a.astype(float) @ b) <= bound).all()


@pytest.mark.parametrize(
    ("a", "b", "error", "text"),
    [
        (np.ones((2, 3), np.int16), np.ones((2, 3), np.int16), ValueError, "b needs 3 rows"),
        (np.ones((2, 3)), np.ones((3, 2)), TypeError, "a is float64"),
        (np.ones((2, 3), np.int16), np.ones((3, 2), np.float32), TypeError, "but b is float32"),
        (np.ones(3, np.int16), np.ones((3, 2), np.int16), ValueError, "a has 1 dimensions"),
    ],
)
def test_what_cannot_be_multiplied(a, b, error, text):
    with pytest.raises(error, match=text) as raised:
        xfblas.matmul(a, b)
    assert isinstance(raised.value, errors.XfblasError)
