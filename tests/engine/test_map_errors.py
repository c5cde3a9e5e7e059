"""Wrong operations over feature maps: errors by name before anything is queued, statuses after."""

import dataclasses

import numpy as np
import pytest

import xfblas
from xfblas.device.map_walk import MapWalk
from xfblas.errors import (
    InvalidValueError,
    NotFoundError,
    NotSupportedError,
    QueueFullError,
)

WALK = MapWalk(5, 6, 4, output=(5, 6), kernel=(3, 3), padding=(1, 1), frames=2)


@pytest.fixture
def unit():
    with xfblas.open(engine="Fcn") as device:
        yield device.compute_units[0]


def operands(unit, n=3):
    a = unit.send(np.arange(240, dtype=np.int16).reshape(60, 4))
    b = unit.send(np.arange(36 * n, dtype=np.int16).reshape(36, n))
    return a, b, unit.empty((60, n))


def assert_works(unit, a, b, c):
    unit.clear()
    unit.convolve(a, b, c, WALK)
    assert c.read().any()
    unit.clear()


@pytest.mark.parametrize(
    "change, text",
    [
        ({"height": 0}, "height is 0, expected 1 to 65535"),
        ({"width": 65536}, "width is 65536, expected 1 to 65535"),
        ({"channels": 2}, r"B has shape \(36, 3\), expected 18 rows"),
        ({"output": (5, 0)}, "outColumns is 0, expected 1 to 65535"),
        ({"output": (5,)}, r"output is \(5,\), expected rows and columns"),
        ({"output": (5.0, 6)}, "output is 5.0, expected a whole number"),
        ({"stride": (0, 1)}, "strideRows is 0, expected 1 to 65535"),
        ({"dilation": (1, 65536)}, "dilationColumns is 65536, expected 1 to 65535"),
        ({"padding": (32768, 0)}, "padTop is 32768, expected -32768 to 32767"),
        ({"padding": (0, -32769)}, "padLeft is -32769, expected -32768 to 32767"),
        ({"upsampling": (256, 1)}, "upRows is 256, expected 1 to 255"),
        ({"frames": 0}, "frames is 0, expected 1 to 65535"),
        ({"frames": 3}, "A was allocated with 240 elements, but this step needs 360"),
        ({"fill": 32768}, "fill is 32768, expected -32768 to 32767"),
        ({"first_a": 1}, "A was allocated with 240 elements, but this step needs 241"),
        ({"first_c": 1}, "C was allocated with 180 elements, but this step needs 181"),
        ({"first_a": -1}, "first_a is -1, expected 0 to"),
        ({"pixel_a": 3}, "pixelA is 3, expected 4 to 65535"),
        ({"pixel_c": 2}, "pixelC is 2, expected 3 to 65535"),
        ({"row_c": 17}, "rowC is 17, expected 18 to"),
        ({"frame_c": 89}, "frameC is 89, expected 90 to"),
    ],
)
def test_wrong_walks_are_named(unit, change, text):
    a, b, c = operands(unit)
    with pytest.raises(InvalidValueError, match=text):
        unit.convolve(a, b, c, dataclasses.replace(WALK, **change))
    assert_works(unit, a, b, c)


def test_kernels_have_a_size(unit):
    walk = MapWalk(1, 1, 1, output=(1, 1), kernel=(256, 256))
    one = unit.empty((1, 1))
    with pytest.raises(
        InvalidValueError, match="kernelRows times kernelColumns is 65536, expected"
    ):
        unit.window("max", one, unit.empty((1, 1)), walk)


@pytest.mark.parametrize(
    "fields, text",
    [
        ({"post_scale": 65536}, "postScale is 65536, expected 0 to 65535"),
        ({"post_shift": 256}, "postShift is 256, expected 0 to 255"),
        ({"prelu_scale": 512}, "preluScale is 512, expected -512 to 511"),
        ({"prelu_alpha": 32}, "preluAlpha is 32, expected 0 to 31"),
        ({"activation": "gelu"}, "activation is 'gelu'"),
        ({"activation": "table"}, "table is None, expected what send_table gave"),
        ({"activation": "tanh", "fraction_bits": (16, 0)}, "fraction bits is 16"),
    ],
)
def test_wrong_fields_are_named(unit, fields, text):
    a, b, c = operands(unit)
    with pytest.raises(InvalidValueError, match=text):
        unit.convolve(a, b, c, WALK, **fields)
    assert_works(unit, a, b, c)


def test_matrices_are_checked(unit):
    a, b, c = operands(unit)
    bias = unit.send(np.zeros((2, 3), np.int32))
    with pytest.raises(InvalidValueError, match=r"X has shape \(2, 3\), expected \(1, 3\) or \(30"):
        unit.convolve(a, b, c, WALK, bias)
    with pytest.raises(InvalidValueError, match="X holds elements of 2 bytes, expected 4"):
        unit.convolve(a, b, c, WALK, unit.empty((1, 3)))
    with pytest.raises(InvalidValueError, match="B is None, expected the weights of a depthwise"):
        unit.window("depthwise", a, c, WALK)
    with pytest.raises(InvalidValueError, match=r"B is .*, expected None for 'max'"):
        unit.window("max", a, c, WALK, b)
    with pytest.raises(InvalidValueError, match="fields of an epilogue were given"):
        unit.window("average", a, c, WALK, saturate=True)
    with pytest.raises(InvalidValueError, match="kind is 3, expected"):
        unit.window(3, a, c, WALK)
    with pytest.raises(InvalidValueError, match="kind is 0, expected 1"):
        unit.window("convolution", a, c, WALK, b)
    with pytest.raises(InvalidValueError, match="C is in the matrix of B"):
        unit.convolve(a, b, b, dataclasses.replace(WALK, frames=1, output=(3, 3)))
    assert_works(unit, a, b, c)
    c.free()
    with pytest.raises(NotFoundError):
        unit.convolve(a, b, c, WALK)


def test_results_lie_beside_what_is_read(unit):
    """C may have other channels of A's pixels, and nothing of A."""
    both, b = unit.empty((60, 8)), unit.send(np.ones((36, 3), np.int16))
    walk = dataclasses.replace(WALK, pixel_a=8, pixel_c=8, row_c=48, frame_c=240)
    for first in (4, 5):
        unit.convolve(both, b, both, dataclasses.replace(walk, first_c=first))
    for change in (
        {"first_c": 3},
        {"first_c": 0},
        {"first_a": 4, "first_c": 2},
        {"first_c": 4, "row_c": 54, "output": (4, 6)},
        {"first_c": 4, "pixel_c": 7, "output": (5, 2)},
    ):
        with pytest.raises(InvalidValueError, match=r"C at elements .* overlaps A at elements"):
            unit.convolve(both, b, both, dataclasses.replace(walk, **change))
    unit.execute()


def test_images_that_walk_no_maps():
    for options in ({"dtype": np.float32}, {"xclbin": xfblas.image_path("seed_short")}):
        with xfblas.open(engine="Fcn", **options) as device:
            unit = device.compute_units[0]
            a, b, c = (unit.empty(shape) for shape in ((60, 4), (36, 3), (60, 3)))
            with pytest.raises(NotSupportedError, match="the image"):
                unit.convolve(a, b, c, WALK)
            with pytest.raises(NotSupportedError, match="the image"):
                unit.window("max", a, unit.empty((60, 4)), WALK)
    with xfblas.open(engine="Gemm") as device:
        unit = device.compute_units[0]
        with pytest.raises(NotSupportedError, match="does not run Fcn operations"):
            unit.convolve(*operands(unit), WALK)


def test_a_map_and_what_follows_it_stay_together(unit):
    """More operations than a launch holds, and a queue with room for one instruction."""
    a, b, c = operands(unit)
    unit.convolve(a, b, c, WALK)
    expected = c.read()
    unit.clear()
    small, one = unit.empty((1, 1)), unit.empty((1, 1))
    unit.fcn(small, small, one)  # so that a Map comes last in a launch
    results = [unit.empty((60, 3)) for _ in range(70)]
    for result in results:
        unit.convolve(a, b, result, WALK)
    unit.execute()
    for result in results:
        np.testing.assert_array_equal(result.read(), expected)
    unit.clear()
    for _ in range((1 << 16) - 1):
        unit.fcn(small, small, one)
    with pytest.raises(QueueFullError):
        unit.convolve(a, b, c, WALK)
    unit.fcn(small, small, one)
    with pytest.raises(QueueFullError):
        unit.fcn(small, small, one)
    assert_works(unit, a, b, c)


def test_operations_whose_result_was_freed_are_left_out(unit):
    a, b, c = operands(unit)
    gone = unit.empty((60, 3))
    unit.convolve(a, b, gone, WALK)
    gone.free()
    unit.convolve(a, b, c, WALK)
    assert c.read().any()
