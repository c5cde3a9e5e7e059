"""Every way of computing a product on every instruction set, on the same random problems."""

import numpy as np
import problems
import pytest
from problems import ESTIMATED, LOW_BITS, PROVED, SPILLED, SPLIT, TILES, Problem

ROUNDS = 250


@pytest.mark.parametrize("dtype", [np.int16, np.int8])
def test_all_paths_agree(library, instruction_sets, generator, dtype):
    for _ in range(ROUNDS):
        problem = problems.random_problem(generator, dtype)
        expected = problem.expected()
        paths = [-1, *problem.exact_paths()]
        for isa in instruction_sets:
            for path in [*paths, *[TILES] * isa.has_tiles]:
                if path in (ESTIMATED, SPLIT) and path != isa.hardest:
                    continue
                c, _ = problem.run(library, isa, path)
                assert (c == expected).all(), (isa, path, problem)


def network_data(generator, m, k, n, size):
    """Bell-shaped weights over the whole range; activations behind a ReLU, of about this size."""
    weights = generator.normal(0, 1, (k, n))
    activations = np.maximum(generator.normal(0, size, (m, k)), 0)
    weights *= 32767 / np.abs(weights).max()
    return activations.astype(np.int16), weights.astype(np.int16)


def path_taken(library, isa, problem):
    c, counts = problem.run(library, isa)
    assert (c == problem.expected()).all()
    return {path for path, count in enumerate(counts) if count}


def test_the_cheapest_exact_path_is_taken(library, vector_sets, generator):
    full = [generator.integers(-32768, 32768, shape).astype(np.int16) for shape in
            ((40, 600), (600, 50))]  # fmt: skip
    large_a, large_b = network_data(generator, 40, 1300, 50, size=500)
    small_a, small_b = network_data(generator, 40, 300, 50, size=500)
    for isa in vector_sets:
        hardest = {isa.hardest}
        assert path_taken(library, isa, Problem(*full, post=(1, 16))) == {LOW_BITS}
        assert path_taken(library, isa, Problem(*full, post=(1, 18))) == hardest
        assert path_taken(library, isa, Problem(*full, post=(1, 0), saturate=True)) == hardest
        assert path_taken(library, isa, Problem(large_a, large_b, post=(3, 18))) == {SPILLED}
        assert path_taken(library, isa, Problem(small_a, small_b, post=(3, 18))) == {PROVED}


def test_sums_at_the_edge_of_32_bits(library, instruction_sets):
    """One product more than fits, in every position of k and with either sign."""
    for k in (1, 2, 3, 256, 258, 513):
        for sign in (1, -1):
            a = np.full((10, k), 0, np.int16)
            b = np.full((k, 17), sign * 32767, np.int16)
            for fill in range(1, min(k, 5)):
                a[:, :fill] = 32767
                problem = Problem(a, b, np.full((1, 17), sign * (2**31 - 1), np.int32), (1, 20))
                for isa in instruction_sets:
                    path_taken(library, isa, problem)


def test_the_range_of_rows_proves_what_norms_do_not(library, vector_sets):
    """Columns of as many negative as positive elements, of which rows without a sign see half."""
    for k in (2, 30, 200):
        heavy = 2**31 // 32767 * 3 // (2 * k) if k > 6 else 32767
        a = np.zeros((23, k), np.int16)
        a[22, -1] = 32767  # the last element alone is large enough to need a proof
        b = np.full((k, 50), min(heavy, 32767), np.int16)
        b[::2] *= -1
        problem = Problem(a, b, post=(1, 20))
        for isa in vector_sets:
            assert path_taken(library, isa, problem) == {PROVED}
        a[:, ::2] = 32767
        for isa in vector_sets:
            assert path_taken(library, isa, problem) == {PROVED}
        a[22, 1::2] = -32768  # now all elements of a column count
        for isa in vector_sets:
            taken = path_taken(library, isa, problem)
            assert taken.isdisjoint({PROVED}) or np.abs(problem.sums()).max() < 2**31


def test_sums_are_spilled_after_shorter_blocks(library, vector_sets):
    """Each block of `size` fits, two of them do not; and a single sum more fits no block."""
    heavy = 32767
    for size in (64, 128, 256, 512):
        for k in (size + size // 2 + 1, 600, 641, 1200):
            a = np.full((11, k), 2**31 // heavy // size - 1, np.int16)
            b = np.full((k, 33), heavy, np.int16)
            for sign in (1, -1):
                problem = Problem(a, b * np.int16(sign), None, (1, 20))
                for isa in vector_sets:
                    assert path_taken(library, isa, problem) == {SPILLED}
    a[:] = 2**31 // heavy // 64 + 1
    for isa in vector_sets:
        assert path_taken(library, isa, Problem(a, b, None, (1, 20))).isdisjoint({SPILLED})


def test_spilled_blocks_at_the_edge(library, instruction_sets):
    """A block that just fits 32 bits, on top of a total with all of its low 16 bits set."""
    a = np.full((10, 513), 32767, np.int16)
    for first in (65534, 65535):  # its product with 32767 has large low bits
        for last in range(65530, 65541):
            for sign in (1, -1):
                b = np.zeros((513, 17), np.int16)
                for row, total in ((0, first), (256, sign * last), (512, sign * 2)):
                    heavy = np.clip(total, -65534, 65534)
                    b[row : row + 2] = heavy // 2
                    if row < 512:
                        b[row + 2] = total - 2 * (heavy // 2)
                problem = Problem(a, b, None, (1, 20))
                for isa in instruction_sets:
                    path_taken(library, isa, problem)


def test_worst_case_of_the_estimate(library, instruction_sets):
    """Low bytes as far from their middle as they can be, blocks full, signs aligned or not."""
    for a_value, b_value in [
        (-32768, -32768), (32767, 32767), (-32768, 32767), (-32513, -32513), (255, 255),
        (-1, -1), (-256, -256), (-32768, 255), (127 * 256, 127 * 256), (-32513, 32512),
    ]:  # fmt: skip
        for k in (255, 256, 257, 1024):
            a = np.full((9, k), a_value, np.int16)
            b = np.full((k, 48), b_value, np.int16)
            problem = Problem(a, b, post=(1, 21))
            expected = problem.expected()
            for isa in instruction_sets:
                path = isa.hardest
                if path not in problem.exact_paths():
                    path = PROVED
                assert (problem.run(library, isa, path)[0] == expected).all(), (a_value, b_value, k)


def test_estimates_of_blocks_that_just_fit(library, instruction_sets):
    """What high bytes leave out is as large as the bound says, in blocks of 128, 256 and 512."""
    for total in (126, 127, 128, 129, 253, 254, 255):  # of both parts of b
        for high in sorted({0, 1, total // 2, total - 127, 127} & set(range(128))):
            low = total - high
            if not 0 <= low <= (255 if high == 127 else 127):
                continue
            for a_value, sign in ((32767, 1), (32767, -1), (-32768, 1), (-32513, -1)):
                a = np.full((9, 1030), a_value, np.int16)
                b = np.full((1030, 20), sign * (256 * high + low), np.int16)
                a[:, 0], b[0] = 1, sign  # the totals' low bits count, too
                problem = Problem(a, b, post=(1, 18))
                expected = problem.expected()
                for isa in instruction_sets:
                    path = isa.hardest
                    if path in problem.exact_paths():
                        found = problem.run(library, isa, path)[0]
                        assert (found == expected).all(), (isa, a_value, sign, high, low)
