"""Checks that all instructions share, and what is done to good ones."""

from kernels import (
    A_PACKED,
    B_PACKED,
    BAD_FIELD,
    BIAS_ROW,
    LEADING_DIMENSION,
    OK,
    OUT_OF_MEMORY,
    PAGE,
    ROUND,
    SATURATE,
)

EDGES = [0, 1, 2, 3, 31, 2**15, 2**16, 2**31 - 1, 2**31, 2**32 - 1]


def damaged(rng, words):
    """The words with one or more of them changed, or as they are."""
    words = [*words]
    for _ in range(int(rng.choice([0, 1, 1, 2, 16]))):
        at = int(rng.integers(16))
        kind = rng.integers(4)
        if kind == 0:
            words[at] = int(rng.choice(EDGES))
        elif kind == 1:
            words[at] = max(0, words[at] + int(rng.choice([-1, 1])))
        elif kind == 2:
            words[at] = int(rng.integers(2**32))
        else:
            words[at] ^= 1 << int(rng.integers(32))
    return [word % 2**32 for word in words]


def rows_status(page, rows, columns, stride, element, pages):
    if stride < columns:
        return LEADING_DIMENSION
    end = page * PAGE + ((rows - 1) * stride + columns) * element
    return OK if page >= 2 and end <= pages * PAGE else OUT_OF_MEMORY


def fields_status(words, kernel):
    post, prelu, flags, formats = words[12:16]
    function, alpha = flags >> 8 & 15, prelu & 63
    scale = (prelu >> 6 & 1023) - (prelu >> 15 & 1) * 1024
    bits, is_fcn = kernel.dtype.itemsize * 8, kernel.engine == "fcn"
    known = ROUND | SATURATE | BIAS_ROW | A_PACKED | B_PACKED | 15 << 8
    good = flags & ~known == 0 and function <= 3 and (alpha <= 31 or function == 3)
    if kernel.dtype.kind == "f":
        good = good and function == 0 and post == 1 << 8 and (not is_fcn or scale in (0, 1))
    if function == 3:
        good = good and is_fcn and 1 <= formats <= 3
    elif function:
        good = good and is_fcn and max(formats & 255, formats >> 8) < bits
    return OK if good else BAD_FIELD
