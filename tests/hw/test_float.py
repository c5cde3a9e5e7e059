"""The float engines, whose sums may come in another order than the reference's."""

import numpy as np
import pytest
from kernels import A_PACKED, B_PACKED, BIAS_ROW, OK, OPCODES, Program, pack
from random_programs import awkward, with_stride
from rounding import product_bound


def random_floats(rng, shape):
    return (rng.standard_normal(shape) * 10.0 ** rng.integers(-2, 3)).astype(np.float32)


@pytest.mark.sampled("small")
@pytest.mark.parametrize("board, count", [("small", 400), ("u250", 12), ("u50", 12)])
@pytest.mark.parametrize("engine", ["fcn", "gemm"])
def test_product(kernel_of, engine, board, count, seed):
    kernel, rng = kernel_of(engine, "float", board), np.random.default_rng(seed)
    for _ in range(count):
        m, n = (
            awkward(rng, kernel.tile_rows, kernel.array_rows),
            awkward(rng, kernel.tile_columns, 4),
        )
        k = awkward(rng, kernel.chunk, 4)
        a, b = random_floats(rng, (m, k)), random_floats(rng, (k, n))
        flags = int(rng.choice([0, BIAS_ROW]))
        x = random_floats(rng, (1 if flags else m, n))
        is_relu = bool(rng.integers(2))
        full_a, lda = with_stride(rng, a, 4)
        full_b, ldb = with_stride(rng, b, 4)
        full_x, ldx = with_stride(rng, x, 4)
        full_c, ldc = with_stride(rng, random_floats(rng, (m, n)), 4)
        if rng.random() < 0.4:
            full_a, lda = pack(a.T, kernel.tile_rows, kernel.array_rows), 0
            flags |= A_PACKED
        if rng.random() < 0.4:
            full_b, ldb = pack(b, kernel.tile_columns, kernel.array_columns), 0
            flags |= B_PACKED
        program = Program(8192)
        c_page = program.place(full_c)
        slot = program.instruction(
            OPCODES[engine],
            program.place(full_a),
            program.place(full_b),
            c_page,
            program.place(full_x),
            m,
            k,
            n,
            lda,
            ldb,
            ldc,
            ldx,
            prelu=(0 if is_relu else 1, 0),
            flags=flags,
        )
        kernel.run(program.finish())
        assert program.status(slot) == OK
        got = program.read(c_page, np.float32, m, ldc)
        expected = a.astype(float) @ b + x
        if is_relu and engine == "fcn":
            expected = np.maximum(expected, 0)
        assert (np.abs(got[:, :n] - expected) <= product_bound(a, b, x)).all(), (m, k, n, flags)
        assert np.array_equal(got[:, n:], full_c[:, n:])


@pytest.mark.parametrize("board, count", [("small", 200), ("u250", 5)])
def test_matrix_vector(kernel_of, board, count, seed):
    kernel, rng = kernel_of("gemv", "float", board), np.random.default_rng(seed)
    for _ in range(count):
        m, n = awkward(rng, kernel.vector_rows, 4), awkward(rng, kernel.vector_chunk, 4)
        a, x, y = random_floats(rng, (m, n)), random_floats(rng, n), random_floats(rng, m)
        full_a, lda = with_stride(rng, a, 4)
        program = Program(12288)
        page = program.place(y)
        slot = program.instruction(
            OPCODES["gemv"], program.place(full_a), program.place(x), page, m=m, k=n, lda=lda
        )
        kernel.run(program.finish())
        assert program.status(slot) == OK
        got = program.read(page, np.float32, 1, m)[0]
        expected = a.astype(float) @ x + y
        bound = product_bound(a, x[:, None], y[:, None])[:, 0]
        assert (np.abs(got - expected) <= bound).all(), (m, n)


def test_what_lies_behind_a_row_is_not_added(kernel_of):
    """Not even a NaN, which no multiplication with 0 removes."""
    kernel = kernel_of("gemv", "float")
    a = np.full((3, 9), np.nan, np.float32)
    a[:, :5] = 1
    program = Program()
    page = program.place(np.zeros(3, np.float32))
    program.instruction(
        OPCODES["gemv"],
        program.place(a),
        program.place(np.ones(5, np.float32)),
        page,
        m=3,
        k=5,
        lda=9,
    )
    kernel.run(program.finish())
    assert np.array_equal(program.read(page, np.float32, 1, 3)[0], [5, 5, 5])
