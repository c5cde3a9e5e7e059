"""Programs that count pages as the public library's Python does: bytes / 4096, rounded down."""

from itertools import pairwise

import numpy as np
import oracle
import pytest
import xfblas_L3 as l3

import xfblas
from xfblas import errors


@pytest.fixture
def unpadded():
    """An Fcn device of the image that pads nothing, where matrices seldom fill their last page."""
    path = xfblas.image_path("default_short")
    arguments = type("Arguments", (), {"xclbin": str(path), "cfg": None, "lib": None})
    l3.createFcn(arguments, l3.parse_cfg(path))


class CountingProgram:
    """Layers whose activations lie behind all that was sent, at offsets counted by hand."""

    def __init__(self, generator, widths, rounding=lambda size: size // 4096):
        self.rounding, self.offsets = rounding, [2]
        shapes = list(pairwise(widths))
        self.weights = [generator.integers(-99, 99, s).astype(np.int16) for s in shapes]
        self.generator = generator
        for weight in self.weights:
            l3.sendMat(weight)
            self.count(weight)
        self.kept = len(self.offsets)

    def count(self, matrix):
        self.offsets.append(self.offsets[-1] + self.rounding(matrix.nbytes))

    def predict(self, rows):
        """The engine's result and the oracle's."""
        layers = len(self.weights)
        widths = [self.weights[0].shape[0], *(weight.shape[1] for weight in self.weights)]
        draw = self.generator.integers
        biases = [draw(-9, 9, (rows, width)).astype(np.int32) for width in widths[1:]]
        buffers = [draw(-99, 99, (rows, width)).astype(np.int16) for width in widths]
        for bias in biases:
            l3.sendMat(bias)
            self.count(bias)
        for buffer in buffers:
            self.count(buffer)
        l3.sendMat(buffers[0])
        l3.freeInstr()
        at = self.offsets
        for i in range(layers):
            places = at[2 * layers + i], at[i], at[2 * layers + i + 1], at[layers + i]
            arrays = buffers[i], self.weights[i], buffers[i + 1], biases[i]
            l3.fcnOpByAddress(*places, *arrays, 3, 9, 0, 0)
        l3.execute()
        found = np.empty_like(buffers[-1])
        l3.getMatByAddress(found, at[-2])
        for matrix in (buffers[0], *biases):
            l3.freeMat(matrix)
        self.offsets = at[: self.kept]
        expected = buffers[0]
        for weight, bias in zip(self.weights, biases, strict=True):
            expected = oracle.fcn(expected, weight, bias, (3, 9), (0, 0))
        return found, expected


@pytest.mark.parametrize(
    "widths", [(171, 100, 25, 5), (9, 200, 31), (33, 32, 31, 30, 29), (3, 2), (64, 64)]
)
def test_offsets_rounded_down(unpadded, generator, widths):
    program = CountingProgram(generator, widths)
    # Activations of one width and of less than a page would be at one counted page.
    for rows in (214, 99, 300) if widths == (64, 64) else (214, 7, 1, 300, 64):
        found, expected = program.predict(rows)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("widths", [(171, 100, 25, 5), (9, 200, 31), (64, 64, 64)])
def test_offsets_rounded_up(unpadded, generator, widths):
    program = CountingProgram(generator, widths, lambda size: -(-size // 4096))
    for rows in (214, 7, 1, 300):
        found, expected = program.predict(rows)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("rounding", [lambda size: size // 4096, lambda size: -(-size // 4096)])
def test_on_an_image_that_pads_both_are_one(generator, rounding):
    path = xfblas.image_path("seed_short")
    arguments = type("Arguments", (), {"xclbin": str(path), "cfg": None, "lib": None})
    l3.createFcn(arguments, l3.parse_cfg(path))
    program = CountingProgram(generator, (128, 256, 128), rounding)
    for rows in (128, 256, 128):
        found, expected = program.predict(rows)
        np.testing.assert_array_equal(found, expected)


def test_what_counting_cannot_tell_apart_is_refused(unpadded, generator):
    """Weights of one size that fill less than a page are all at the same counted page."""
    program = CountingProgram(generator, (20, 20, 20))
    with pytest.raises(errors.InvalidValueError, match=r"X at page 2 may be what begins"):
        program.predict(20)
    l3.freeInstr()
    a, b, c = (generator.integers(-9, 9, (40, 40)).astype(np.int16) for _ in range(3))
    x = np.zeros((40, 40), np.int32)
    for matrix in (a, b, c, x):
        l3.sendMat(matrix)
    l3.fcnOp(a, b, c, x)
    l3.getMat(c)
    np.testing.assert_array_equal(c, oracle.fcn(a, b))


def test_a_page_with_two_meanings_is_refused(unpadded, generator):
    """Page 4 is where the second matrix begins, and where the third is counted to be."""
    sent = [generator.integers(-9, 9, (64, 48)).astype(np.int16) for _ in range(4)]  # 1.5 pages
    for matrix in sent:
        l3.sendMat(matrix)
    with pytest.raises(errors.InvalidValueError, match=r"page 4 may be .* at page 6"):
        l3.getMatByAddress(np.empty_like(sent[0]), 4)
    found = np.empty_like(sent[0])
    for page, index in ((2, 0), (3, 1), (5, 3), (8, 3)):
        l3.getMatByAddress(found, page)
        np.testing.assert_array_equal(found, sent[index])


def test_a_part_is_read_from_where_it_was_meant(unpadded, generator):
    first, second = (generator.integers(-9, 9, s).astype(np.int16) for s in ((64, 48), (90, 70)))
    l3.sendMat(first)
    l3.sendMat(second)
    found = np.empty((10, 70), np.int16)
    for page in (3, 4):  # counted, and as it is
        l3.getMatByAddress(found, page)
        np.testing.assert_array_equal(found, second[:10])
