"""The Gemv engine as an object: vectors and matrices that stay on a device."""

import numpy as np
import oracle
import pytest

import xfblas
from xfblas import errors


@pytest.fixture(params=["default_short", "seed_short"])
def unit(request):
    with xfblas.open(xfblas.image_path(request.param), engine="Gemv") as device:
        yield device.compute_units[0]


def random_int16(generator, *shape):
    return generator.integers(-32768, 32768, shape).astype(np.int16)


def expected_of(a, x, y):
    return oracle.gemm(a, x.reshape(-1, 1), y.reshape(-1, 1))[:, 0]


@pytest.mark.parametrize(("m", "n"), [(1, 1), (1, 7), (130, 5), (128, 256), (33, 129)])
@pytest.mark.parametrize("as_rows", [False, True])
def test_product_with_a_vector(unit, generator, m, n, as_rows):
    a, x, y = (random_int16(generator, *shape) for shape in ((m, n), (n,), (m,)))
    if as_rows:
        x, y = x[None, :], y[None, :]
    sent = unit.send(a), unit.send(x), unit.send(y)
    assert [matrix.shape for matrix in sent] == [a.shape, x.shape, y.shape]
    unit.gemv(*sent)
    once = expected_of(a, x, y)
    np.testing.assert_array_equal(sent[2].read(), once.reshape(y.shape))
    unit.gemv(*sent)
    unit.execute()
    np.testing.assert_array_equal(sent[2].read().ravel(), expected_of(a, x, once))


def test_a_result_is_the_next_vector(unit, generator):
    a, b = random_int16(generator, 40, 30), random_int16(generator, 20, 40)
    x = random_int16(generator, 30)
    left, right, vector = unit.send(a), unit.send(b), unit.send(x)
    first, second = unit.empty((40,)), unit.empty((20,))
    unit.gemv(left, vector, first)
    unit.gemv(right, first, second)
    np.testing.assert_array_equal(second.read(), b @ (a @ x))


@pytest.mark.native
def test_other_element_types(generator):
    for dtype in (np.int8, np.float32):
        a, x, y = (
            generator.integers(-99, 99, shape).astype(dtype) for shape in ((9, 7), (7,), (9,))
        )
        with xfblas.open(engine="Gemv", dtype=dtype) as device:
            unit = device.compute_units[0]
            sent = unit.send(a), unit.send(x), unit.send(y)
            unit.gemv(*sent)
            np.testing.assert_array_equal(sent[2].read(), a @ x + y)


def test_columns_where_nothing_pads_them(unit, generator):
    a, x = random_int16(generator, 6, 5), random_int16(generator, 5, 1)
    sent, column, result = unit.send(a), unit.send(x), unit.empty((6, 1))
    if unit.device.paddings == (1, 1, 1):
        unit.gemv(sent, column, result)
        np.testing.assert_array_equal(result.read(), a @ x)
    else:
        with pytest.raises(errors.InvalidValueError, match=r"x was allocated as 5 x 1.*a column"):
            unit.gemv(sent, column, unit.empty((6,)))


def test_wrong_vectors_and_the_unit_goes_on(unit, generator):
    a, x, y = (random_int16(generator, *shape) for shape in ((6, 5), (5,), (6,)))
    sent = unit.send(a), unit.send(x), unit.send(y)
    for arguments, text in (
        ((sent[0], sent[2], sent[1]), r"x has shape \(6,\), expected \(5,\)"),
        ((sent[0], sent[1], sent[1]), r"y has shape \(5,\), expected \(6,\)"),
        ((sent[1], sent[1], sent[2]), r"A is a vector of 5, expected a matrix: send v\[:, None\]"),
        ((sent[0], x, sent[2]), "x is a ndarray, expected a DeviceMatrix"),
    ):
        with pytest.raises(errors.InvalidValueError, match=text):
            unit.gemv(*arguments)
    with pytest.raises(errors.NotSupportedError, match="engine Gemv, which does not run Gemm"):
        unit.gemm(sent[0], unit.send(random_int16(generator, 5, 6)), unit.empty((6, 6)))
    with pytest.raises(errors.InvalidValueError, match="shape is 7"):
        unit.empty(7)
    with pytest.raises(errors.InvalidValueError, match="array has 2 dimensions"):
        sent[1].write(x[None, :])
    unit.gemv(*sent)
    np.testing.assert_array_equal(sent[2].read(), expected_of(a, x, y))


def test_other_engines_take_no_vectors():
    with xfblas.open() as device:
        unit = device.compute_units[0]
        with pytest.raises(errors.InvalidValueError, match="array has 1 dimensions"):
            unit.send(np.ones(3, np.int16))
        matrix = unit.send(np.ones((3, 1), np.int16))
        with pytest.raises(errors.NotSupportedError, match="engine Fcn, which does not run Gemv"):
            unit.gemv(unit.send(np.ones((3, 3), np.int16)), matrix, unit.empty((3, 1)))
