"""Instructions that ask for what is not there end with the right code and touch nothing."""

import ctypes

import hostile_programs
import numpy as np
import pytest
from kernels import (
    BAD_FIELD,
    OK,
    OPCODES,
    OUT_OF_MEMORY,
    PAGE,
    SOFTMAX,
    UNKNOWN_OPCODE,
    WINDOW,
    Program,
)
from map_programs import map_words

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
    slots = [program.instruction(opcode, 2, 3, 4, m=1, k=1, n=1) for opcode in (3, 7, 9, 13)]
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


def map_and_follower(opcode=8, **fields):
    """A Map over one pixel of one channel, and what follows it, for a program to take."""
    walk = dict.fromkeys(("kernel", "stride", "dilation", "upsampling", "output"), (1, 1))
    before = map_words({**walk, "padding": (0, 0), "fill": 0}, (1, 1), 1)
    sizes = {"m": 1, "k": 1, "n": 1, "lda": 1, "ldb": 1, "ldc": 1}
    return before, {"opcode": opcode, **sizes, **fields}


@pytest.mark.parametrize("dtype", ["short", "int8"])
def test_a_map_holds_for_the_next_instruction_alone(kernel_of, dtype):
    """Fcn on four rows fits behind no Map of one pixel; alone it does. A control ends a Map too."""
    kernel = kernel_of("fcn", dtype)
    program = Program(16)
    one = program.place(np.ones(4, kernel.dtype))
    before, follower = map_and_follower(a=one, b=one, c=4)
    plain = {**follower, "m": 4, "k": 2, "lda": 2}
    steps = [before, follower, plain, before, None, plain, before, plain, before, before, follower]
    expected, slots = [OK, OK, OK, OK, OK, OK, BAD_FIELD, OK, OK, OK], []
    for step in steps:
        if step is None:
            program.control()
            continue
        slots.append(len(program.words))
        program.words.append(step) if step is before else program.instruction(**step)
    kernel.run(program.finish())
    assert [program.status(slot) for slot in slots] == expected


def test_what_may_not_follow_a_map(kernel_of):
    """Softmax, an opcode that nobody has, and all that follows a Map that was refused."""
    kernel = kernel_of("fcn", "short")
    before, good = map_and_follower(a=2, b=3, c=4)
    refused = [*before[:12], 1 << 16, 0, 0, 0]
    window = {**good, "opcode": WINDOW, "b": 0, "k": 0, "ldb": 0, "post": (0, 0), "prelu": (0, 0)}
    cases = [
        (before, {**good, "opcode": SOFTMAX}, [OK, BAD_FIELD]),
        (before, {**good, "opcode": 13}, [OK, UNKNOWN_OPCODE]),
        (before, window, [OK, OK]),
        (refused, good, [BAD_FIELD, BAD_FIELD]),
        (refused, window, [BAD_FIELD, BAD_FIELD]),
        (refused, {**good, "opcode": 13}, [BAD_FIELD, BAD_FIELD]),
    ]
    for first, second, expected in cases:
        program = Program(16)
        program.words.append(first)
        program.instruction(**second)
        kernel.run(program.finish())
        assert [program.status(slot) for slot in (1, 2)] == expected, second


@pytest.mark.parametrize("engine, dtype", [("gemm", "short"), ("gemv", "short"), ("fcn", "float")])
def test_engines_without_maps_run_nothing_behind_one(kernel_of, engine, dtype):
    """Even where the Map is a good one, its follower is not checked as what it would run as."""
    kernel = kernel_of(engine, dtype)
    before, follower = map_and_follower(OPCODES[engine], a=2, b=3, c=4)
    program = Program(16)
    program.words.append(before)
    program.instruction(**follower)
    program.instruction(**follower)
    kernel.run(program.finish())
    assert [program.status(slot) for slot in (1, 2, 3)] == [UNKNOWN_OPCODE, BAD_FIELD, OK]


def test_a_map_at_the_end_of_the_page(kernel_of):
    """It has a status, and the next launch knows nothing of it."""
    kernel = kernel_of("fcn", "short")
    before, follower = map_and_follower(a=2, b=3, c=4)
    program = Program(16)
    program.words += [before] * 63
    kernel.run(program.finish())
    assert [program.status(slot) for slot in range(1, 64)] == [OK] * 63
    program.words = program.words[:1]
    slot = program.instruction(**{**follower, "m": 4, "k": 2, "lda": 2})
    kernel.run(program.finish())
    assert program.status(slot) == OK
