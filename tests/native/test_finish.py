"""From sums to elements: every shift with every flag, and totals that no other test reaches."""

from dataclasses import replace

import numpy as np
import oracle
import pytest
from problems import OPCODE_FCN, PROVED, Problem

SCALES = (0, 1, 2, 255, 32767, 32768, 65535)
PRELUS = ((1, 0), (0, 0), (1, 31), (-512, 0), (511, 31), (410, 11), (0, 7))


def sums_near(generator, dtype, k):
    """A problem whose sums are of all sizes, and X as large as it can be."""
    info = np.iinfo(dtype)
    a = generator.integers(info.min, info.max + 1, (11, k)).astype(dtype)
    b = generator.integers(info.min, info.max + 1, (k, 70)).astype(dtype)
    a[0], b[:, 0] = info.min, info.min
    a[1], b[:, 1] = info.max, info.max
    a[2, 1:] = b[1:, 2] = 0  # one product alone
    a[3:5] //= 64
    b[:, 3:20] //= 64
    x = generator.integers(-(2**31), 2**31, (11, 70)).astype(np.int32)
    x[0], x[1], x[2:4] = -(2**31), 2**31 - 1, 0
    return Problem(a, b, x, opcode=OPCODE_FCN)


@pytest.mark.parametrize(
    ("dtype", "k"), [(np.int16, 2), (np.int16, 300), (np.int8, 2), (np.int8, 300)]
)
def test_every_shift(library, instruction_sets, generator, dtype, k):
    base = sums_near(generator, dtype, k)
    bits = 8 * base.a.dtype.itemsize
    totals = base.sums() + base.x
    for shift in range(256):
        for flags in (*range(4), *range(4)):
            scale = int(generator.choice([*SCALES, *generator.integers(0, 65536, 7)]))
            # Often none, for it hides what was wrong before.
            prelu = PRELUS[max(0, generator.integers(-len(PRELUS), len(PRELUS)))]
            problem = replace(
                base, post=(scale, shift), prelu=prelu, round=bool(flags & 1),
                saturate=bool(flags & 2),
            )  # fmt: skip
            expected = oracle.epilogue(
                totals, bits, post=problem.post, prelu=prelu, round=problem.round,
                saturate=problem.saturate,
            )  # fmt: skip
            for isa in instruction_sets:
                c, _ = problem.run(library, isa)
                assert (c == expected).all(), (isa, shift, scale, prelu, flags)


@pytest.mark.parametrize("scale", SCALES)
def test_every_sum_of_16_bits(library, instruction_sets, scale):
    """A is 1, so that the sum is B: every value, with shifts around those that change the way."""
    b = np.arange(-32768, 32768).astype(np.int16).reshape(1, -1)
    for shift in (0, 1, 15, 16, 17, 31, 32, 33):
        for flags in range(4):
            problem = Problem(
                np.ones((1, 1), np.int16), b, None, (scale, shift), (-511, 3),
                bool(flags & 1), bool(flags & 2),
            )  # fmt: skip
            expected = problem.expected()
            for isa in instruction_sets:
                assert (problem.run(library, isa)[0] == expected).all(), (isa, shift, flags)


def test_totals_beyond_48_bits(library, instruction_sets):
    """140000 products of the largest magnitude wrap."""
    k = 140_001
    for value in (-32768, 32767):
        a, b = np.full((3, k), -32768, np.int16), np.full((k, 5), value, np.int16)
        a[1, ::2], b[:7, 2] = 32767, 0
        for shift in (17, 31, 47):
            problem = Problem(a, b, None, (3, shift), round=True)
            expected = problem.expected()
            for isa in instruction_sets:
                assert (problem.run(library, isa)[0] == expected).all(), (isa, value, shift)


def test_sums_of_int8_beyond_32_bits(library, instruction_sets):
    """They wrap before they are scaled."""
    k = 200_002
    a, b = np.full((3, k), -128, np.int8), np.full((k, 5), -128, np.int8)
    a[1, ::3], b[:, 2] = 127, 1
    for shift, saturate in ((0, True), (25, False), (31, True)):
        problem = Problem(a, b, None, (257, shift), saturate=saturate)
        expected = problem.expected()
        for isa in instruction_sets:
            assert (problem.run(library, isa)[0] == expected).all(), (isa, shift)


@pytest.mark.parametrize("dtype", [np.int16, np.int8])
@pytest.mark.parametrize("prelu", [(1, 0), (0, 0), (-512, 3)])
def test_sums_of_32_bits_with_a_row_of_biases(library, instruction_sets, generator, dtype, prelu):
    """Sums and biases at both ends of 32 bits, where their products with a scale are largest."""
    info = np.iinfo(dtype)
    a = generator.integers(info.min, info.max + 1, (19, 2)).astype(dtype)
    b = generator.integers(info.min + 1, info.max + 1, (2, 70)).astype(dtype)
    a[0], a[1], b[:, 0], b[:, 1] = info.min, info.max, info.max, -info.max
    b[:, 2] = 0
    x = generator.integers(-(2**31), 2**31, (1, 70)).astype(np.int32)
    x[0, :3], x[0, 3:6] = [-(2**31), 2**31 - 1, 2**31 - 1], 0
    x[0, 40:] >>= 12
    for bias in (x, None):
        for shift in range(14, 36):
            for scale in (0, 1, 30011, 32767, 32768, 32769, 65535):
                for rounds in (False, True):
                    problem = Problem(a, b, bias, (scale, shift), prelu, rounds, True)
                    expected = problem.expected()
                    path = PROVED if dtype == np.int16 else -1
                    for isa in instruction_sets:
                        c, _ = problem.run(library, isa, path)
                        assert (c == expected).all(), (isa, shift, scale, rounds)
