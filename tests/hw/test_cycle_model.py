"""The closed formula agrees with the cycle-approximate run of the dataflow, within 5 %."""

import itertools

import numpy as np
import pytest
from kernels import A_PACKED, B_PACKED, BIAS_ROW, OPCODES, SOFTMAX, TABLE, Program
from softmax_programs import words_of

SIZES = (32, 100, 128, 256, 512, 1024)


def measured(kernel, build):
    program = Program(32768)
    slot = build(program)
    kernel.run(program.finish())
    assert program.status(slot) == 0
    start, end = (int(stamp) for stamp in program.stamps(slot))
    return end - start, program.words[slot]


def product(kernel, m, k, n, flags, has_x=True, pad=True):
    """Builds a product of zeros; `pad` gives rows whole memory words."""
    lanes = kernel.word_bytes // kernel.dtype.itemsize

    def build(program):
        strides = [-(-size // lanes) * lanes if pad else size for size in (k, n, n, n)]
        rows = [m + kernel.tile_rows, k, m, m]
        spare = 1 + kernel.tile_columns / n
        pages = [
            program.place(np.zeros(int(height * stride * spare), kernel.dtype))
            for height, stride in zip(rows[:3], strides[:3], strict=True)
        ]
        x = program.place(np.zeros(rows[3] * strides[3], kernel.addend)) if has_x else 0
        whole = strides[1] if pad else n
        opcode = OPCODES[kernel.engine]
        table = program.place(np.zeros(513, np.int32)) if flags & TABLE == TABLE else None
        sizes = (m, k, whole, *strides)
        return program.instruction(
            opcode, *pages, x, *sizes, flags=flags, formats=table is not None, table=table
        )

    return build


@pytest.mark.sampled("short")
@pytest.mark.parametrize("flags", [0, BIAS_ROW, B_PACKED, A_PACKED | B_PACKED | BIAS_ROW])
@pytest.mark.parametrize("dtype", ["short", "float"])
def test_square_and_flat_products(kernel_of, formula, dtype, flags):
    kernel = kernel_of("fcn", dtype, "u250")
    shapes = [(size, size, size) for size in SIZES if size <= (1024 if dtype == "short" else 512)]
    shapes += [(128, 128, 100), (128, 100, 25), (128, 25, 5), (1, 784, 128), (1000, 64, 10)]
    worst = {True: 0.0, False: 0.0}
    for shape in shapes:
        run, words = measured(kernel, product(kernel, *shape, flags))
        model = formula(kernel, words)
        print(shape, run, model, f"{100 * (model - run) / run:+.1f} %")
        is_small = min(shape) < 32
        worst[is_small] = max(worst[is_small], abs(model - run) / run)
    assert worst[False] <= 0.05
    assert worst[True] <= 0.08  # some hundred cycles, of which each link counts


@pytest.mark.sampled("kv260")
@pytest.mark.parametrize("board, dtype", [("u50", "short"), ("kv260", "short"), ("u250", "int8")])
def test_other_boards(kernel_of, formula, board, dtype):
    kernel = kernel_of("fcn", dtype, board)
    for size, flags in itertools.product((64, 256, 400), (0, A_PACKED | B_PACKED | BIAS_ROW)):
        run, words = measured(kernel, product(kernel, size, size, size, flags))
        assert formula(kernel, words) == pytest.approx(run, rel=0.05), (size, flags)


@pytest.mark.parametrize("dtype", ["short", "int8"])
def test_tables(kernel_of, formula, dtype):
    """Of a product of one small tile, which waits for its table, and of more."""
    kernel = kernel_of("fcn", dtype, "u250")
    shapes = [(128, 128, 100), (128, 25, 5), (1, 784, 128), (1000, 64, 10), (512, 512, 512)]
    for shape, flags in itertools.product(shapes, (BIAS_ROW, A_PACKED | B_PACKED | BIAS_ROW)):
        run, words = measured(kernel, product(kernel, *shape, flags | TABLE))
        plain, without = measured(kernel, product(kernel, *shape, flags))
        more = formula(kernel, words) - formula(kernel, without)
        print(shape, plain, run, more)
        assert plain < run <= plain + 700
        assert more == pytest.approx(run - plain, abs=0.05 * run), (shape, flags)


def test_rows_that_are_not_whole_words(kernel_of, formula):
    kernel = kernel_of("fcn", "short", "u250")
    for shape in [(128, 128, 100), (200, 300, 77)]:
        run, words = measured(kernel, product(kernel, *shape, BIAS_ROW, pad=False))
        assert formula(kernel, words) == pytest.approx(run, rel=0.1), shape


@pytest.mark.parametrize("dtype", ["short", "float"])
def test_matrix_vector(kernel_of, formula, dtype):
    kernel = kernel_of("gemv", dtype, "u250")
    for m, k in itertools.product((32, 512, 2000), (64, 1024, 5000)):

        def build(program, m=m, k=k):
            pages = [program.place(np.zeros(size, kernel.dtype)) for size in (m * k, k, m)]
            return program.instruction(1, *pages, m=m, k=k, lda=k)

        run, words = measured(kernel, build)
        model = formula(kernel, words)
        print((m, k), run, model)
        assert model == pytest.approx(run, rel=0.05), (m, k)


def softmax(kernel, kind, classes, windows, m, bits):
    """Builds a softmax of zeros, in rows of whole memory words."""
    lanes = kernel.word_bytes // kernel.dtype.itemsize
    depth = classes * windows
    lda, columns = (-(-size // lanes) * lanes for size in (depth, classes))
    fields = {"kind": kind, "exp_bits": bits, "inv_table_bits": bits, "norm_bits": 18, "offset": 0}
    fields |= {"accum_bits": 18, "inv_bits": 18, "scale_shift": 3, "accum_shift": 0}
    post, prelu, formats = words_of({**fields, "inv_shift": 0, "result_shift": 4})

    def build(program):
        sizes = [(m, lda, kernel.dtype), (1, 2 * 2**bits + classes, np.int32)]
        sizes += [(m, columns, kernel.dtype)]
        pages = [program.place(np.zeros((rows, width), kind)) for rows, width, kind in sizes]
        slot = program.instruction(SOFTMAX, *pages)
        words = [m, depth, columns, lda, classes, columns, 0, post, prelu, 0, formats]
        program.words[-1][5:] = words
        return slot

    return build


@pytest.mark.sampled("u250-short")
@pytest.mark.parametrize("board, dtype", [("u250", "short"), ("u250", "int8"), ("small", "short")])
def test_softmax(kernel_of, formula, board, dtype):
    kernel = kernel_of("fcn", dtype, board)
    shapes = [(0, 10, 1, 1, 10), (0, 10, 1, 100, 12), (1, 10, 2, 500, 10), (0, 100, 1, 200, 10)]
    shapes += [(0, 1000, 1, 50, 10), (2, 10, 1, 500, 10), (2, 60, 1, 20, 10), (3, 2, 1, 500, 0)]
    for shape in shapes:
        run, words = measured(kernel, softmax(kernel, *shape))
        assert formula(kernel, words) == pytest.approx(run, rel=0.05), shape
