"""Programs of bad instructions: the status that each must get, and what it may write."""

import numpy as np
from hostile_fields import damaged, fields_status, rows_status
from hostile_maps import hostile_pair, map_status, mark_walked, walked_status
from kernels import (
    A_PACKED,
    B_PACKED,
    BAD_FIELD,
    BIAS_ROW,
    MAP,
    OK,
    OPCODES,
    PAGE,
    ROUND,
    SATURATE,
    SOFTMAX,
    UNKNOWN_OPCODE,
    WINDOW,
    ZERO_SIZE,
    Program,
)

#: How many instructions have a Map before them, on engines that know it and on others.
MAP_SHARE = 0.3


def hostile(rng, opcode, pages):
    """An instruction whose fields are good, but for what lies outside of the memory."""
    m, k, n = (int(size) for size in rng.integers(1, 70, 3))
    page = [int(rng.choice([2, 3, pages - 2, pages - 1, rng.integers(2, pages)])) for _ in range(4)]
    page[3] *= int(rng.random() < 0.7)
    strides = [k, n, n, n]
    flags = int(
        rng.choice([0, ROUND, SATURATE, BIAS_ROW, A_PACKED, B_PACKED, 1 << 8, 2 << 8, 3 << 8])
    )
    is_table = flags == 3 << 8
    prelu, formats = (page[3], int(rng.integers(1, 4))) if is_table else (1 << 6, 0x0707)
    words = [opcode, *page, m, k, n, *strides, 1 << 8, prelu, flags, formats]
    if opcode == SOFTMAX:
        windows = int(rng.integers(1, 4))
        fields = [int(rng.integers(4)), 3, 2, 9]
        post = sum(byte << 8 * place for place, byte in enumerate(fields))
        words[4:] = [
            0,
            m,
            n * windows,
            n + 1,
            n * windows,
            n,
            n + 1,
            7,
            post,
            0x04101014,
            0,
            0x0B10,
        ]
    return words


def softmax_status(words, kernel, pages):
    """As the table of docs/instructions.md has the fields."""
    _, a, b, c, x, m, k, n, lda, classes, ldc, _, post, prelu, flags, formats = words
    if min(m, k, n, classes) == 0:
        return ZERO_SIZE
    kind, exp, inv, scale = (post >> place & 255 for place in (0, 8, 16, 24))
    norm, accum_shift, accum, inv_shift = (prelu >> place & 255 for place in (0, 8, 16, 24))
    index, result_shift = formats & 255, formats >> 8 & 255
    places = [byte - 256 * (byte > 127) for byte in (scale, accum_shift, inv_shift, result_shift)]
    least = [0, -20, -20, 0 if kind == 3 else -20]
    good = x == 0 and flags == 0 and formats < 2**16 and kind <= 3 and max(exp, inv) <= 12
    good = good and exp <= norm <= 24 and inv <= index <= 24 and accum <= 32
    good = good and all(low <= one <= 47 for low, one in zip(least, places, strict=True))
    good = good and classes <= 1024 and k % classes == 0 and k // classes <= 4096 and n >= classes
    if not good:
        return BAD_FIELD
    size, entries = kernel.dtype.itemsize, 2**exp + 2**inv + classes
    checks = [
        rows_status(a, m, k, lda, size, pages),
        rows_status(b, 1, entries, entries, 4, pages),
        rows_status(c, m, n, ldc, size, pages),
    ]
    return next((status for status in checks if status), OK)


def has_softmax(kernel):
    return kernel.engine == "fcn" and kernel.dtype.kind == "i"


def expected_status(words, before, kernel, pages):
    """The first failure, in the order of the contract; Python's integers cannot overflow.

    before: the words of the instruction before.
    """
    opcode, a, b, c, x, m, k, n, lda, ldb, ldc, ldx = words[:12]
    flags, size = words[14], kernel.dtype.itemsize
    walks, has_units = before[0] == MAP, has_softmax(kernel)
    if opcode == MAP and has_units:
        return map_status(words, kernel)
    if walks and (not has_units or map_status(before, kernel) != OK):
        return BAD_FIELD
    if opcode == SOFTMAX and has_units:
        return BAD_FIELD if walks else softmax_status(words, kernel, pages)
    if opcode == WINDOW and has_units and not walks:
        return BAD_FIELD
    if opcode != OPCODES[kernel.engine] and (opcode != WINDOW or not has_units):
        return UNKNOWN_OPCODE
    if walks:
        return walked_status(words, before, kernel, pages)
    if kernel.engine == "gemv":
        if min(m, k) == 0:
            return ZERO_SIZE
        checks = [
            rows_status(a, m, k, lda, size, pages),
            rows_status(b, 1, k, k, size, pages),
            rows_status(c, 1, m, m, size, pages),
        ]
        return next((status for status in checks if status), OK)
    if min(m, k, n) == 0:
        return ZERO_SIZE

    def packed(page, across, strip):
        elements = -(-across // strip) * strip * k
        return rows_status(page, 1, elements, elements, size, pages)

    checks = [
        fields_status(words, kernel),
        packed(a, m, kernel.array_rows)
        if flags & A_PACKED
        else rows_status(a, m, k, lda, size, pages),
        packed(b, n, kernel.array_columns)
        if flags & B_PACKED
        else rows_status(b, k, n, ldb, size, pages),
        rows_status(c, m, n, ldc, size, pages),
        rows_status(x, 1 if flags & BIAS_ROW else m, n, ldx, kernel.addend.itemsize, pages)
        if x
        else OK,
        rows_status(words[13], 1, 513, 513, 4, pages) if flags >> 8 & 15 == 3 else OK,
    ]
    return next((status for status in checks if status), OK)


def run(kernel, seed, count, pages=24):
    """Each status is the one expected, and nothing changes but results and what was asked for."""
    rng = np.random.default_rng(seed)
    seen = set()
    for _ in range(count):
        program = Program(pages)
        program.memory[:] = rng.integers(0, 256, program.memory.size, np.uint8)
        opcodes = [OPCODES[kernel.engine]] * 3 + [SOFTMAX, WINDOW] * has_softmax(kernel)
        given = []
        for _ in range(int(rng.integers(1, 31))):
            opcode = int(rng.choice(opcodes))
            words = hostile(rng, opcode, pages)
            if opcode == WINDOW or rng.random() < MAP_SHARE:
                pair = hostile_pair(rng, opcode, words, kernel.dtype.itemsize, pages)
                which = int(rng.integers(3))  # the Map, what follows it, or both
                given += [
                    one if which == other else damaged(rng, one) for other, one in enumerate(pair)
                ]
            else:
                given.append(damaged(rng, words))
        given = [words for words in given if words[0] != 0]  # that would be a control
        program.words += given
        memory = program.finish()
        before = memory.copy()
        kernel.run(memory)
        statuses = [program.status(slot) for slot in range(1, len(given) + 1)]
        before_each = [[0] * 16, *given]
        expected = [
            expected_status(words, before, kernel, pages)
            for words, before in zip(given, before_each, strict=False)
        ]
        assert statuses == expected, given
        seen.update(statuses)
        assert np.array_equal(memory[:PAGE], before[:PAGE]), "page 0 changed"
        written = np.zeros(memory.size, bool)
        written[PAGE : 2 * PAGE] = True
        for words, status, before_it in zip(given, statuses, before_each, strict=False):
            if status == OK and words[0] != MAP:
                mark_result(written, words, before_it, kernel)
        assert np.array_equal(memory[~written], before[~written]), "something else changed"
    return seen


def mark_result(written, words, before, kernel):
    """Marks the bytes of C (of y for Gemv) that an instruction may write."""
    size, start = kernel.dtype.itemsize, words[3] * PAGE
    if before[0] == MAP:
        mark_walked(written, words, before, size)
        return
    if kernel.engine == "gemv":
        written[start : start + words[5] * size] = True
        return
    for row in range(words[5]):
        first = start + row * words[10] * size
        written[first : first + words[7] * size] = True
