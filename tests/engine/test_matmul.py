"""xfblas.matmul against numpy."""

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rounding import product_bound
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
    assert (np.abs(xfblas.matmul(a, b) - a.astype(float) @ b) <= product_bound(a, b)).all()


@pytest.mark.parametrize(("m", "k", "n"), [(33, 77, 21), (33, 77, 1), (1, 5, 4), (2, 1, 2)])
def test_float32_into_a_result_of_anything(m, k, n, generator):
    a, b = (generator.standard_normal(s).astype(np.float32) for s in ((m, k), (k, n)))
    out = np.full((m, n), np.nan, np.float32)
    xfblas.matmul(a, b, out=out)
    assert (np.abs(out - a.astype(float) @ b) <= product_bound(a, b)).all()


@pytest.mark.parametrize(
    ("a", "b", "error", "text"),
    [
        (np.ones((2, 3), np.int16), np.ones((2, 3), np.int16), ValueError, "b needs 3 rows"),
        (np.ones((2, 3)), np.ones((3, 2)), TypeError, "a is float64"),
        (np.ones((2, 3), np.int16), np.ones((3, 2), np.int32), TypeError, "but b is int32"),
        (np.ones(3, np.int16), np.ones((2, 2), np.int16), ValueError, "b needs 3 rows"),
    ],
)
def test_what_cannot_be_multiplied(a, b, error, text):
    with pytest.raises(error, match=text) as raised:
        xfblas.matmul(a, b)
    assert isinstance(raised.value, errors.XfblasError)


ONES = np.ones((3, 3), np.int16)


@pytest.mark.parametrize(
    ("a", "b", "next_step"),
    [
        (ONES.astype(float), ONES.astype(float), r"a.astype(np.float32) and b.astype(np.float32)"),
        (ONES.astype(np.float32), ONES.astype(float), "pass b.astype(np.float32)"),
        (ONES, ONES.astype(float), "pass a.astype(np.float32) and b.astype(np.float32)"),
        (ONES.astype(np.float16), ONES.astype(np.float16), "pass a.astype(np.float32)"),
        (ONES.astype(np.int64), ONES.astype(np.int64), "or np.int16 for both, whose sums wrap"),
        (ONES.astype(float), ONES.astype(float), "or split=True"),
        (ONES > 0, ONES > 0, "pass a.astype(np.int8) and b.astype(np.int8)"),
        (ONES.astype(np.uint32), ONES, "pass a.astype(np.float32) and b.astype(np.float32)"),
        ([[1, 2, 3]], ONES.tolist(), "np.array(a, np.float32) and np.array(b, np.float32)"),
        ([[1.5, 2, 3]], ONES.astype(np.float32), "pass np.array(a, np.float32)"),
        (ONES.astype(complex), ONES.astype(complex), "multiply .real and .imag by themselves"),
        (np.full((3, 3), "x"), ONES, "pass real numbers"),
        ([[1], [1, 2]], ONES, "a cannot be read as an array"),
        (3, ONES, "multiply by a number with *"),
    ],
)
def test_what_to_pass_instead(a, b, next_step):
    with pytest.raises(errors.XfblasError) as raised:
        xfblas.matmul(a, b)
    assert next_step in str(raised.value)


def test_what_to_pass_to_a_device():
    with xfblas.open(engine="Gemm") as device:
        kept = device.compute_units[0].send(ONES)
        for b, options in ((ONES.astype(np.float32), {"device": device}), (kept, {})):
            with pytest.raises(
                errors.DtypeError, match=r"expected int16: pass a.astype\(np.int16\)"
            ):
                xfblas.matmul(ONES.astype(np.float32), b, **options)
        with pytest.raises(errors.InvalidValueError, match=r"a is a DeviceMatrix.*a\.read"):
            xfblas.matmul(kept, ONES)
        np.testing.assert_array_equal(xfblas.matmul(ONES, kept), ONES @ ONES)


def random_int16(generator, *shape):
    return generator.integers(-32768, 32768, shape).astype(np.int16)


def test_out_is_filled_and_returned(generator):
    a, b = random_int16(generator, 30, 40), random_int16(generator, 40, 50)
    out = np.empty((30, 50), np.int16)
    assert xfblas.matmul(a, b, out=out) is out
    np.testing.assert_array_equal(out, a @ b)
    none = xfblas.matmul(a[:, :0], b[:0], out=out)
    assert none is out and (out == 0).all()


@pytest.mark.parametrize("name", ["default_short", "seed_short"])
@pytest.mark.parametrize("packed", [False, True])
def test_a_kept_matrix(generator, name, packed):
    a, b = random_int16(generator, 30, 40), random_int16(generator, 40, 50)
    with xfblas.open(xfblas.image_path(name), engine="Gemm") as device:
        unit = device.compute_units[-1]
        kept = unit.send(b, packed=packed)
        for rows in (1, 30, 7):
            np.testing.assert_array_equal(xfblas.matmul(a[:rows], kept), a[:rows] @ b)
        np.testing.assert_array_equal(
            xfblas.matmul(a[:, ::-1], kept, device=device), a[:, ::-1] @ b
        )
        with pytest.raises(errors.InvalidValueError, match="b needs 30 rows"):
            xfblas.matmul(a.T, kept)
        kept.free()
        with pytest.raises(errors.NotFoundError, match="was freed"):
            xfblas.matmul(a, kept)
    with pytest.raises(errors.NotInitializedError):
        xfblas.matmul(a, b, device=device)


def test_a_matrix_of_zeros_that_nobody_wrote(generator):
    a = random_int16(generator, 30, 40)
    for name in ("default_short", "seed_short"):
        with xfblas.open(xfblas.image_path(name), engine="Gemm") as device:
            unit = device.compute_units[0]
            unit.send(random_int16(generator, 600, 600)).free()
            assert (xfblas.matmul(a, unit.empty((40, 50))) == 0).all()


def test_what_was_there_before_does_not_pad(generator):
    """Small products after large ones, on the same pages."""
    a, b = random_int16(generator, 200, 300), random_int16(generator, 300, 200)
    with xfblas.open(xfblas.image_path("seed_short"), engine="Gemm") as device:
        for m, k, n in ((200, 300, 200), (1, 1, 1), (3, 200, 5)):
            left, right = a[:m, :k], b[:k, :n]
            np.testing.assert_array_equal(xfblas.matmul(left, right, device=device), left @ right)


def test_queued_work_runs_before(generator):
    """The kept matrix is the result of an instruction that nobody has run yet."""
    a, b, c = (random_int16(generator, 20, 20) for _ in range(3))
    with xfblas.open(engine="Gemm") as device:
        unit = device.compute_units[0]
        left, right, kept = unit.send(a), unit.send(b), unit.empty((20, 20))
        unit.gemm(left, right, kept, add=False)
        np.testing.assert_array_equal(xfblas.matmul(c, kept), c @ (a @ b))


@pytest.mark.native
def test_int8_wraps_as_numpy_does(int8_image, generator):
    with xfblas.open(int8_image, engine="Gemm") as device:
        unit = device.compute_units[0]
        for m, k, n in ((1, 1, 1), (3, 257, 49), (70, 300, 100), (300, 300, 300)):
            a, b = (generator.integers(-128, 128, s).astype(np.int8) for s in ((m, k), (k, n)))
            np.testing.assert_array_equal(xfblas.matmul(a, b, device=device), a @ b)
            np.testing.assert_array_equal(xfblas.matmul(a, unit.send(b)), a @ b)


def test_b_on_another_device_is_refused():
    a = np.ones((3, 3), np.int16)
    with xfblas.open(engine="Gemm") as device, xfblas.open(engine="Gemm", device=1) as other:
        kept = device.compute_units[0].send(a)
        with pytest.raises(errors.InvalidValueError, match="b is on another device"):
            xfblas.matmul(a, kept, device=other)


@pytest.mark.skipif(sys.maxsize < 2**31, reason="numpy has no such shape on a CPU of 32 bits")
@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.float32])
def test_sizes_beyond_what_c_takes(dtype):
    """They only look that large, and are refused before they are copied."""
    rows = np.broadcast_to(dtype(1), (2**31, 1))
    with pytest.raises(errors.XfblasError, match=r"2147483648|2,147,483,647"):
        xfblas.matmul(rows, np.ones((1, 1), dtype))


@pytest.mark.parametrize("device", [3, "native", object(), [], True, 0, np.ones((2, 2))])
def test_a_device_that_is_none(device):
    ones = np.ones((2, 2), np.int16)
    with pytest.raises(errors.InvalidValueError, match=r"device is .*, expected a Device"):
        xfblas.matmul(ones, ones, device=device)
