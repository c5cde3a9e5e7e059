"""Where matmul reads and writes: shared, unaligned and forbidden memory."""

import numpy as np
import pytest

import xfblas
from xfblas import errors
from xfblas.device.binding import ffi, lib, pointer


def random_int16(generator, *shape):
    return generator.integers(-32768, 32768, shape).astype(np.int16)


def test_out_may_share_memory_with_operands(generator):
    """As with numpy: the result is that of the operands as they were."""
    for size in (5, 300):
        wide = random_int16(generator, size, 2 * size)
        a, b = random_int16(generator, size, size), random_int16(generator, size, size)
        cases = [(a, b, a), (a, b, b), (a, a, a), (wide[:, :size], wide[:, size:], None)]
        cases += [(a.T, b, a), (a[::-1], b[:, ::-1], b)]
        for left, right, out in cases:
            expected = left @ right
            if out is None:
                out = wide.reshape(-1)[size : size + size * size].reshape(size, size)
            assert xfblas.matmul(left, right, out=out) is out
            np.testing.assert_array_equal(out, expected)
        # Views whose base does not tell whose memory they show.
        for view in (
            lambda x: np.lib.stride_tricks.as_strided(x, x.shape, x.strides),
            lambda x: np.frombuffer(memoryview(x).cast("b"), np.int16).reshape(x.shape),
        ):
            out = random_int16(generator, size, size)
            expected = out @ b
            np.testing.assert_array_equal(xfblas.matmul(view(out), b, out=out), expected)


def unaligned(array):
    raw = np.empty(array.nbytes + 1, np.uint8)[1:].view(array.dtype).reshape(array.shape)
    raw[:] = array
    assert not raw.flags.aligned
    return raw


@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_unaligned_arrays(generator, dtype):
    a, b = (generator.integers(-9, 10, s).astype(dtype) for s in ((20, 30), (30, 40)))
    out = unaligned(np.zeros((20, 40), dtype))
    assert xfblas.matmul(unaligned(a), unaligned(b), out=out) is out
    np.testing.assert_array_equal(out, a @ b)


@pytest.mark.parametrize(
    ("out", "error", "text"),
    [
        (np.empty((2, 5), np.int16), ValueError, r"out has shape \(2, 5\), expected \(2, 4\)"),
        (np.empty((2, 4), np.uint32), TypeError, "Cannot cast"),
        (np.empty((2, 4), np.uint16), TypeError, "output from int16 to out's uint16"),
        (np.frombuffer(bytes(16), np.int16).reshape(2, 4), ValueError, "out .* is read-only"),
        ([[0] * 4] * 2, ValueError, "out is a list, expected a numpy array"),
    ],
)
def test_out_that_cannot_be_filled(out, error, text):
    with pytest.raises(error, match=text):
        xfblas.matmul(np.ones((2, 3), np.int16), np.ones((3, 4), np.int16), out=out)


class Blocks:
    """Calls of C on 3 x 3 blocks of one array of 10 columns."""

    def __init__(self, device):
        self.unit = device.compute_units[0]
        self.memory = np.arange(200, dtype=np.int16)

    def multiply(self, a, b, c, leading=10):
        a, b, c = (pointer(self.memory[place:]) for place in (a, b, c))
        sizes = (3, 3, 3)
        self.unit.call(lib.xfblasMatmul, *sizes, a, 10, b, 10, ffi.NULL, c, leading)

    def block(self, place):
        return self.memory[place : place + 23].copy()[np.add.outer([0, 10, 20], [0, 1, 2])]


def test_blocks_of_one_array():
    """In C: blocks side by side are products as any others, those that overlap are refused."""
    with xfblas.open(engine="Gemm") as device:
        blocks = Blocks(device)
        for places in ((0, 3, 6), (7, 3, 0), (0, 50, 25), (24, 100, 1), (0, 3, 7)):
            expected = blocks.block(places[0]) @ blocks.block(places[1])
            blocks.multiply(*places)
            np.testing.assert_array_equal(blocks.block(places[2]), expected)
        for places in ((0, 50, 2), (2, 50, 0), (0, 50, 22), (50, 0, 8), (50, 8, 0), (0, 50, 0)):
            with pytest.raises(errors.InvalidValueError, match=r"C overlaps [AB]"):
                blocks.multiply(*places)
        with pytest.raises(errors.InvalidValueError, match="C overlaps A"):
            blocks.multiply(0, 50, 5, leading=11)


def test_addresses_between_elements_are_refused():
    raw = np.zeros(100, np.uint8)
    odd, even = (raw[1 - raw.ctypes.data % 2 + start :] for start in (0, 1))
    with xfblas.open(engine="Gemm") as device:
        unit = device.compute_units[0]
        for name, a, b, c in (
            ("A", odd, even, even),
            ("B", even, odd, even),
            ("C", even, even, odd),
        ):
            with pytest.raises(errors.InvalidValueError, match=f"{name} is at .*size 2"):
                operands = (pointer(a[:2]), 1, pointer(b[10:]), 1, ffi.NULL, pointer(c[20:]), 1)
                unit.call(lib.xfblasMatmul, 1, 1, 1, *operands)
