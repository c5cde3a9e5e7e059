"""Products on tiles: exact whatever the data, on the genuine registers and on their twin."""

import numpy as np
import problems
import pytest
from problems import OPCODE_FCN, TILES, InstructionSet, Problem


@pytest.fixture(scope="session")
def tile_sets(library, instruction_sets, tile_library):
    """(library, instruction set) of all code for tiles: the twin in portable vectors, AMX where it
    is, and its code with vectors of AVX-512 on the twin, where these are."""
    found = [(library, isa) for isa in instruction_sets if isa.has_tiles]
    if InstructionSet(b"avx512_vnni") in instruction_sets:
        found.append((tile_library, InstructionSet(b"amx")))
    return found


def require_tiles(tile_sets, problem):
    expected = problem.expected()
    for library, isa in tile_sets:
        c, counts = problem.run(library, isa, TILES)
        assert (c == expected).all(), (isa, problem)
        assert counts[TILES] == sum(counts)


@pytest.mark.parametrize("dtype", [np.int16, np.int8])
def test_random_problems(tile_sets, generator, dtype):
    for _ in range(150):
        require_tiles(tile_sets, problems.random_problem(generator, dtype))


def test_operands_of_a_byte(tile_sets, generator):
    """One plane or two of each operand, with columns of either kind in one product."""
    for a_size in (128, 129, 32768):
        for b_size in (128, 129, 32768):
            a = generator.integers(-a_size, a_size, (37, 130)).astype(np.int16)
            b = generator.integers(-b_size, b_size, (130, 90)).astype(np.int16)
            a[0, 0], b[0, 0] = -a_size, -b_size
            b[:, 70:] = np.clip(b[:, 70:], -128, 127)
            for post, saturate in (((1, 0), False), ((1, 16), False), ((5, 20), True)):
                require_tiles(tile_sets, Problem(a, b, post=post, saturate=saturate, round=True))


@pytest.mark.parametrize("a_value", [-32768, 32767, -128, 127, 255])
@pytest.mark.parametrize("b_value", [-32768, 32767, -128, 127, 255])
def test_the_largest_sums_of_the_longest_block(tile_sets, a_value, b_value):
    """All of k = 32,768 at its extremes, and a little more, which is a block of its own."""
    for k in (32768, 32768 + 70):
        b = np.full((k, 2), b_value, np.int16)
        for rows in (1, 2):  # in vectors, and on tiles
            a = np.full((rows, k), a_value, np.int16)
            require_tiles(tile_sets, Problem(a, b, post=(1, 30), saturate=True))


@pytest.mark.parametrize("rows", [1, 33])
def test_a_row_by_itself(tile_sets, generator, rows):
    """It is multiplied in vectors, on what was packed for tiles, with every number of planes."""
    for a_size, b_size in ((128, 128), (128, 32768), (32768, 128), (32768, 32768)):
        for k, n in ((1, 1), (63, 16), (64, 17), (200, 70)):
            a = generator.integers(-a_size, a_size, (rows, k)).astype(np.int16)
            b = generator.integers(-b_size, b_size, (k, n)).astype(np.int16)
            a[-1, 0], b[0, -1] = -a_size, -b_size
            x = generator.integers(-(2**31), 2**31, (1, n)).astype(np.int32)
            for post, saturate in (((1, 0), False), ((3, 16), False), ((5, 20), True)):
                require_tiles(tile_sets, Problem(a, b, post=post, saturate=saturate, round=True))
                with_bias = Problem(a, b, x, post, saturate=saturate, opcode=OPCODE_FCN)
                require_tiles(tile_sets, with_bias)
            if a_size == b_size == 128:
                require_tiles(tile_sets, Problem(a.astype(np.int8), b.astype(np.int8), post=(1, 8)))


def test_few_rows_stay_on_vectors(tile_sets, generator):
    for m, k in ((7, 64), (64, 15)):
        a = generator.integers(-9, 9, (m, k)).astype(np.int16)
        b = generator.integers(-9, 9, (k, 20)).astype(np.int16)
        for library, isa in tile_sets:
            assert Problem(a, b).run(library, isa)[1][TILES] == 0
    enough = Problem(np.ones((8, 16), np.int16), np.ones((16, 3), np.int16))
    for library, isa in tile_sets:
        assert enough.run(library, isa)[1][TILES]
