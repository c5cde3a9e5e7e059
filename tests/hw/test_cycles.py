"""The cycle-approximate run: every process at its initiation interval, with latencies and bursts.

It says how the processes wait for each other; what it cannot say is whether the vendor's compiler
reaches these intervals.
"""

import numpy as np
import pytest
from kernels import A_PACKED, B_PACKED, BIAS_ROW, OPCODES, Program, pack


def padded(matrix, width):
    """The matrix with rows of whole memory words."""
    rows, columns = matrix.shape
    full = np.zeros((rows, -(-columns // width) * width), matrix.dtype)
    full[:, :columns] = matrix
    return full


def add_layer(program, kernel, m, k, n, packed, bias_row):
    """An Fcn instruction on zeros: cycles do not depend on values."""
    width = kernel.word_bytes // kernel.dtype.itemsize
    a, b = (padded(np.zeros(shape, kernel.dtype), width) for shape in ((m, k), (k, n)))
    x = padded(np.zeros((1 if bias_row else m, n), kernel.addend), width)
    c = program.place(padded(np.zeros((m, n), kernel.dtype), width))
    flags, lda, ldb, ldc, ldx = BIAS_ROW * bias_row, a.shape[1], b.shape[1], b.shape[1], x.shape[1]
    n = ldb  # whole words of C: nothing is merged at a row's end
    if "a" in packed:
        a, flags = pack(a[:, :k].T, kernel.tile_rows, kernel.array_rows), flags | A_PACKED
    if "b" in packed:
        b, flags = pack(b, kernel.tile_columns, kernel.array_columns), flags | B_PACKED
    return program.instruction(
        OPCODES["fcn"],
        program.place(a),
        program.place(b),
        c,
        program.place(x),
        m,
        k,
        n,
        lda,
        ldb,
        ldc,
        ldx,
        flags=flags,
    )


def launch(kernel, layers, packed="ab", bias_row=True):
    program = Program(16384)
    slots = [add_layer(program, kernel, *layer, packed, bias_row) for layer in layers]
    cycles = kernel.measure(program.finish())
    assert all(program.status(slot) == 0 for slot in slots)
    return cycles, program, slots


@pytest.mark.parametrize("bias_row", [True, False])
def test_large_product_keeps_the_array_busy(kernel_of, bias_row):
    kernel = kernel_of("fcn", "short", "u250")
    cycles, _, _ = launch(kernel, [(1024, 1024, 1024)], bias_row=bias_row)
    peak = 1024**3 / (kernel.array_rows * kernel.array_columns)
    print(f"efficiency {peak / cycles.launch:.3f}")
    assert peak / cycles.launch >= 0.9


def test_small_network_rounds_m_and_n_to_the_array_only(kernel_of):
    """128-100-25-5 at batch 128; activations as the layer before left them, weights packed."""
    kernel = kernel_of("fcn", "short", "u250")
    layers = [(128, 128, 100), (128, 100, 25), (128, 25, 5)]
    cycles, _, _ = launch(kernel, layers, packed="b")
    least = sum(4 * -(-n // 32) * k for _, k, n in layers)
    print(f"array {cycles.array}, launch {cycles.launch}, least {least}")
    assert least <= cycles.array <= 2800


def test_stamps_follow_each_other(kernel_of):
    kernel = kernel_of("fcn", "short")
    cycles, program, slots = launch(kernel, [(9, 9, 9), (1, 1, 1), (30, 40, 50)])
    stamps = np.concatenate([program.stamps(slot) for slot in slots]).astype(np.int64)
    assert (np.diff(stamps) >= 0).all() and stamps[0] > 0
    assert stamps[-1] <= cycles.launch


def test_cycles_are_the_same_every_time(kernel_of):
    kernel = kernel_of("fcn", "short")
    runs = {launch(kernel, [(33, 17, 29)])[0].launch for _ in range(3)}
    assert len(runs) == 1


def test_packed_operands_are_not_slower(kernel_of):
    kernel = kernel_of("fcn", "short", "u250")
    by_layout = [launch(kernel, [(512, 512, 512)], packed)[0].launch for packed in ("", "b", "ab")]
    print(by_layout)
    assert by_layout[0] > by_layout[1] >= by_layout[2]


def test_draining_hides_behind_the_next_tile(kernel_of):
    """Each tile more takes its multiplications and nothing else."""
    kernel = kernel_of("fcn", "short", "u250")
    two, three = (launch(kernel, [(64, 512, n)])[0].launch for n in (512, 768))
    assert three - two == 64 * 512 * 256 // 1024
