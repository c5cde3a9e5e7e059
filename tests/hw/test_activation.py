"""tanh and sigmoid: the kernel's table to the bit, and its distance from the real functions."""

import re

import numpy as np
import oracle
import pytest
from kernels import HW, OK, SIGMOID, TANH, Program

FUNCTIONS = {
    "tanh": (TANH, oracle.tanh, np.tanh),
    "sigmoid": (SIGMOID, oracle.sigmoid, lambda x: (1 + np.tanh(x / 2)) / 2),
}


def stated_error(name):
    text = (HW / "include/xfblas/activation.hpp").read_text()
    return float(re.search(rf"worst_{name}_error = ([\d.e-]+)", text).group(1))


def apply(kernel, flag, source, target):
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
