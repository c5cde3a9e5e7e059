"""Instructions that ask for what is not there end with the right code and touch nothing."""

import ctypes

import hostile_programs
import numpy as np
import pytest
from kernels import OK, OPCODES, OUT_OF_MEMORY, PAGE, UNKNOWN_OPCODE, Program

ENGINES = [(e, d) for e in ("fcn", "gemm", "gemv") for d in ("short", "int8", "float")]


@pytest.mark.sampled("fcn-short")
@pytest.mark.parametrize("engine, dtype", ENGINES)
def test_hostile_instructions(kernel_of, engine, dtype, seed):
    seen = hostile_programs.run(kernel_of(engine, dtype), seed, 400)
    assert {OK, UNKNOWN_OPCODE, OUT_OF_MEMORY} <= seen


def test_no_memory_size_is_believed_beyond_the_memory(kernel_of):
    """A control instruction may promise more pages than there are."""
    kernel = kernel_of("fcn", "short")
    program = Program(4)
    program.words[0][2] = 2**32 - 1
    slot = program.instruction(8, 2, 3, 4, m=1, k=1, n=1, lda=1, ldb=1, ldc=1)
    kernel.run(program.finish())
    assert program.status(slot) == OUT_OF_MEMORY


def test_memory_of_one_page_is_refused(kernel_of):
    with pytest.raises(RuntimeError, match="need two pages"):
        kernel_of("fcn", "short").run(np.zeros(PAGE, np.uint8))


def test_full_page_and_early_end(kernel_of):
    """63 instructions without a closing control run; behind a closing control none does."""
    kernel = kernel_of("fcn", "short")
    for closes_at in (None, 5):
        program = Program()
        one = program.place(np.ones(1, np.int16))
        pages = [program.place(np.zeros(1, np.int16)) for _ in range(63)]
        for index, page in enumerate(pages):
            if index == closes_at:
                program.control(last=1)
            else:
                program.instruction(
                    OPCODES["fcn"], one, one, page, m=1, k=1, n=1, lda=1, ldb=1, ldc=1
                )
        kernel.run(program.finish())
        ran = [int(program.read(page, np.int16, 1, 1)[0, 0]) for page in pages]
        assert sum(ran) == (63 if closes_at is None else closes_at)


def test_a_failing_instruction_does_not_stop_the_next(kernel_of):
    kernel = kernel_of("fcn", "short")
    program = Program()
    one, c = program.place(np.ones(1, np.int16)), program.place(np.zeros(1, np.int16))
    bad = program.instruction(7)
    good = program.instruction(8, one, one, c, m=1, k=1, n=1, lda=1, ldb=1, ldc=1)
    kernel.run(program.finish())
    assert (program.status(bad), program.status(good)) == (UNKNOWN_OPCODE, OK)
    assert program.read(c, np.int16, 1, 1)[0, 0] == 1


def test_opcodes_that_no_engine_has(kernel_of):
    kernel = kernel_of("fcn", "short")
    program = Program()
    slots = [program.instruction(opcode, 2, 3, 4, m=1, k=1, n=1) for opcode in (3, 7, 9, 11)]
    kernel.run(program.finish())
    assert [program.status(slot) for slot in slots] == [UNKNOWN_OPCODE] * 4


def test_kernel_by_its_own_name(kernel_of):
    """As a device process calls it: both ports at page 0, the memory's size in the program."""
    kernel = kernel_of("fcn", "short")
    program = Program()
    one, c = program.place(np.ones(1, np.int16)), program.place(np.zeros(1, np.int16))
    slot = program.instruction(8, one, one, c, m=1, k=1, n=1, lda=1, ldb=1, ldc=1)
    memory = program.finish().ctypes.data_as(ctypes.c_void_p)
    kernel.library.fcnKernel(memory, memory)
    assert program.status(slot) == OK
    assert program.read(c, np.int16, 1, 1)[0, 0] == 1
