"""L3 functions on arrays of every layout, for every element type."""

from types import SimpleNamespace

import numpy as np
import oracle
import pytest
import xfblas_L3 as l3
from layouts import LAYOUTS, repeated, swapped, unaligned

import xfblas
from xfblas import errors

IMAGES = {"default_short": np.int16, "default_int8": np.int8, "default_float": np.float32}


@pytest.fixture(params=IMAGES)
def opened(request):
    """The element type and the addend type of a device of the Fcn engine."""
    path = str(xfblas.image_path(request.param))
    arguments = SimpleNamespace(xclbin=path, cfg=None, lib=None)
    l3.createFcn(arguments, l3.parse_cfg(path))
    dtype = IMAGES[request.param]
    return dtype, np.float32 if dtype is np.float32 else np.int32


def operands(generator, dtype, addend):
    shapes = {"a": (6, 8), "b": (8, 5), "c": (6, 5), "x": (6, 5)}
    kinds = {"x": addend}
    return {
        name: generator.integers(-5, 6, shape).astype(kinds.get(name, dtype))
        for name, shape in shapes.items()
    }


def expected(a, b, x):
    return oracle.fcn(a, b, x) if a.dtype.kind == "i" else a @ b + x


@pytest.mark.parametrize("layout", [*LAYOUTS, "repeated"])
def test_operands_of_any_layout(opened, generator, layout):
    lay = repeated if layout == "repeated" else LAYOUTS[layout]
    given = {name: lay(array) for name, array in operands(generator, *opened).items()}
    plain = {name: np.array(array) for name, array in given.items()}
    given["c"] = unaligned(plain["c"])
    for array in given.values():
        assert l3.sendMat(array)
    l3.fcnOp(given["a"], given["b"], given["c"], given["x"])
    l3.getMat(given["c"])
    np.testing.assert_array_equal(given["c"], expected(plain["a"], plain["b"], plain["x"]))
    # Sent again it is the same place, in the array's new values.
    if given["a"].flags.writeable:
        given["a"][...] = plain["a"][::-1]
        l3.sendMat(given["a"])
        l3.execute()
        l3.getMat(given["c"])
        turned = expected(plain["a"][::-1], plain["b"], plain["x"])
        np.testing.assert_array_equal(given["c"], turned)
    copy = unaligned(np.zeros((6, 5), opened[0]))
    l3.getMatByAddress(copy, 4)
    np.testing.assert_array_equal(copy, given["c"])
    for array in given.values():
        l3.freeMat(array)


def test_bytes_of_another_order_and_hidden_elements(opened, generator):
    given = operands(generator, *opened)
    for array in given.values():
        l3.sendMat(array)
    a, b, c, x = given.values()
    if a.itemsize > 1:
        for call in (
            lambda: l3.sendMat(swapped(a)),
            lambda: l3.fcnOp(swapped(a), b, c, x),
            lambda: l3.getMatByAddress(swapped(c), 4),
        ):
            with pytest.raises(errors.DtypeError, match=f">{a.dtype.kind}{a.itemsize}"):
                call()
    with pytest.raises(errors.DtypeError, match="X is >"):
        l3.fcnOp(a, b, c, swapped(x))
    hiding = np.ma.masked_array(a, a == a[0, 0])
    for call in (lambda: l3.sendMat(hiding), lambda: l3.fcnOp(hiding, b, c, x)):
        with pytest.raises(errors.InvalidValueError, match="A is a masked array"):
            call()
    l3.fcnOp(a, b, c, x)
    l3.getMat(c)
    np.testing.assert_array_equal(c, expected(a, b, x))
