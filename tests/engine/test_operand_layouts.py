"""Every layout of host arrays works or is refused with words, alike for every element type."""

import numpy as np
import pytest
from layouts import LAYOUTS, repeated, swapped

import xfblas
from xfblas import errors

DTYPES = (np.int16, np.int8, np.float32)


@pytest.fixture(params=DTYPES, ids=lambda dtype: dtype.__name__)
def unit(request):
    with xfblas.open(dtype=request.param, engine="Fcn") as device:
        yield device.compute_units[0]


def operands(generator, dtype):
    return [generator.integers(-5, 6, shape).astype(dtype) for shape in ((6, 8), (8, 5))]


@pytest.mark.parametrize("layout", [*LAYOUTS, "repeated"])
def test_operands_of_any_layout(unit, generator, layout):
    a, b = operands(generator, unit.device.dtype)
    lay = repeated if layout == "repeated" else LAYOUTS[layout]
    left, right = lay(a), lay(b)
    if layout == "repeated":
        a, b = left.copy(), right.copy()
    expected = a @ b
    np.testing.assert_array_equal(xfblas.matmul(left, right, device=unit.device), expected)
    np.testing.assert_array_equal(xfblas.matmul(left, unit.send(right)), expected)
    np.testing.assert_array_equal(xfblas.matmul(left, unit.send(right, packed=True)), expected)
    np.testing.assert_array_equal(unit.send(left).read(), a)
    matrix = unit.empty(a.shape)
    matrix.write(left)
    np.testing.assert_array_equal(matrix.read(), a)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_results_of_products_and_reads(unit, generator, layout):
    a, b = operands(generator, unit.device.dtype)
    out, read = (LAYOUTS[layout](np.zeros(shape, a.dtype)) for shape in ((6, 5), (6, 8)))
    sent = unit.send(a)
    if layout == "read-only":
        with pytest.raises(errors.InvalidValueError, match=r"out .*read-only"):
            xfblas.matmul(a, b, out=out, device=unit.device)
    else:  # a product goes into any
        assert xfblas.matmul(a, b, out=out, device=unit.device) is out
        np.testing.assert_array_equal(out, a @ b)
    if layout == "unaligned":
        np.testing.assert_array_equal(sent.read(out=read), a)
        return
    text = "read-only" if layout == "read-only" else "not C-contiguous"
    with pytest.raises(errors.InvalidValueError, match=f"out .*{text}"):
        sent.read(out=read)
    np.testing.assert_array_equal(sent.read(), a)


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_swapped_bytes_are_another_dtype_on_a_device(generator, dtype):
    a, b = operands(generator, dtype)
    with xfblas.open(dtype=dtype, engine="Gemm") as device:
        unit = device.compute_units[0]
        for product in (
            xfblas.matmul(swapped(a), swapped(b)),
            xfblas.matmul(a, swapped(b)),
            xfblas.matmul(a, b, out=swapped(np.zeros((6, 5), dtype))),
        ):
            np.testing.assert_array_equal(product, a @ b)
        for call in (
            lambda: unit.send(swapped(a)),
            lambda: unit.empty(a.shape).write(swapped(a)),
            lambda: unit.send(a).read(out=swapped(a)),
        ):
            with pytest.raises(errors.DtypeError, match=f">{a.dtype.kind}{a.itemsize}"):
                call()
        np.testing.assert_array_equal(unit.send(swapped(a), dtype).read(), a)


@pytest.mark.parametrize("dtype", DTYPES)
def test_hidden_elements_are_no_numbers(generator, dtype):
    a, b = operands(generator, dtype)
    hiding = np.ma.masked_array(a, a == a[0, 0])
    with xfblas.open(dtype=dtype, engine="Gemm") as device:
        unit = device.compute_units[0]
        for call in (
            lambda: xfblas.matmul(hiding, b),
            lambda: xfblas.matmul(a, np.ma.masked_array(b, b == b[0, 0])),
            lambda: unit.send(hiding),
            lambda: unit.empty(a.shape).write(hiding),
        ):
            with pytest.raises(errors.InvalidValueError, match=r"masked array .*first at \(0, 0\)"):
                call()
        open_to_see = np.ma.masked_array(a, False)
        np.testing.assert_array_equal(xfblas.matmul(open_to_see, b), a @ b)
        np.testing.assert_array_equal(unit.send(open_to_see).read(), a)
