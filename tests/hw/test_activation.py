"""Functions by table: the kernel's to the bit, and their distance from the real functions."""

import re

import numpy as np
import oracle
import pytest
from kernels import HW, OK, SIGMOID, TABLE, TANH, Program

FUNCTIONS = {
    "tanh": (TANH, oracle.tanh, np.tanh),
    "sigmoid": (SIGMOID, oracle.sigmoid, lambda x: (1 + np.tanh(x / 2)) / 2),
}


def stated_error(name):
    text = (HW / "include/xfblas/activation.hpp").read_text()
    return float(re.search(rf"worst_{name}_error = ([\d.e-]+)", text).group(1))


def apply(kernel, flag, source, target, entries=None):
    """The kernel's function of every element, through a product with 1."""
    info = np.iinfo(kernel.dtype)
    values = np.arange(info.min, info.max + 1, dtype=np.int64).astype(kernel.dtype)
    program = Program()
    c = program.place(np.zeros_like(values))
    slot = program.instruction(
        8,
        program.place(values),
        program.place(np.ones(1, kernel.dtype)),
        c,
        m=values.size,
        k=1,
        n=1,
        lda=1,
        ldb=1,
        ldc=1,
        flags=flag,
        formats=source | target << 8,
        table=None if entries is None else program.place(entries),
    )
    kernel.run(program.finish())
    assert program.status(slot) == OK
    return values, program.read(c, kernel.dtype, 1, values.size)[0]


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", ["short", "int8"])
def test_every_argument_of_some_formats(kernel_of, name, dtype):
    flag, model, _ = FUNCTIONS[name]
    kernel = kernel_of("fcn", dtype)
    bits = kernel.dtype.itemsize * 8
    for source, target in [(0, 0), (bits - 1, bits - 1), (bits - 5, bits - 1), (3, bits - 2)]:
        values, got = apply(kernel, flag, source, target)
        assert np.array_equal(got, model(bits, source, target)(values)), (source, target)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_worst_error_is_what_the_header_states(name):
    """All arguments of all input formats, to 15 fraction bits; rounding of the result included."""
    _, model, exact = FUNCTIONS[name]
    worst = 0
    values = np.arange(-32768, 32768)
    for source in range(16):
        result = model(16, source, 15)(values[:: 1 if source in (11, 12, 13) else 7]) / 32768
        true = exact(values[:: 1 if source in (11, 12, 13) else 7] / 2.0**source)
        # 1 itself is no element: the largest one stands for it.
        worst = max(worst, np.abs(result - np.minimum(true, 32767 / 32768)).max())
    assert worst <= stated_error(name)
    assert worst > 0.8 * stated_error(name), f"the header could state {worst}"


def knots(bits, groups):
    """The elements of the entries, from the lowest to the highest."""
    in_group = 256 >> groups
    finest = 2.0 ** (groups + bits - 8 - 2**groups)
    ends = [0.0]
    for group in range(2**groups):
        ends += [ends[-1] + finest * 2 ** max(group - 1, 0) * (i + 1) for i in range(in_group)]
    return np.array([-end for end in ends[:0:-1]] + ends)


@pytest.mark.parametrize("groups", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["short", "int8"])
def test_every_argument_of_tables(kernel_of, dtype, groups, generator):
    kernel = kernel_of("fcn", dtype)
    bits = kernel.dtype.itemsize * 8
    half = 2 ** (bits - 1)
    bent = np.rint(4 * half / 3 * np.sin(knots(bits, groups) * 5 / half)).astype(np.int32)
    for entries in (bent, generator.integers(-(2**17), 2**17, 513).astype(np.int32)):
        values, got = apply(kernel, TABLE, groups, 0, entries)
        assert np.array_equal(got, oracle.table(bits, groups, entries)(values))


@pytest.mark.parametrize("groups", [1, 2, 3])
@pytest.mark.parametrize("bits", [16, 8])
def test_straight_functions_are_as_exact_as_the_header_states(bits, groups):
    """Slopes, and bends at entries: over every argument, the ends included."""
    stated = re.search(
        r"worst_entry_error = ([\d.]+)", (HW / "include/xfblas/entry_table.hpp").read_text()
    )
    places, values = knots(bits, groups), np.arange(-(2 ** (bits - 1)), 2 ** (bits - 1))
    assert places[0] == values[0] and places[-1] == -values[0] and places[256] == 0
    worst = 0
    for low, high in [(0, 1), (0.013, 0.987), (0.9999, -0.77), (-0.31, 0.4), (0, 0)]:
        exact = [np.where(at < 0, low * at, high * at) + 0.3 for at in (places, values)]
        entries = np.clip(np.rint(4 * exact[0]), -(2**17), 2**17 - 1)
        found = oracle.table(bits, groups, entries)(values)
        exact = np.clip(exact[1], values[0], values[-1])
        worst = max(worst, np.abs(found - exact).max())
    assert 0.55 < worst <= float(stated.group(1))
