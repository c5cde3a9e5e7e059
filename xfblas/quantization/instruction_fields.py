"""The numbers of an instruction: what stands for a scale, and integers that wrap."""

import math

import numpy as np

BIAS_MAX = 2**31 - 1
#: postScale uses 15 of its 16 bits: more would not make any scale more exact than its data.
POST_SCALE_MAX = 2**15 - 1
ACCUMULATOR_MAX = 2**47 - 1
PRELU_SCALE_MAX = 511
PRELU_ALPHA_MAX = 31


def prelu_fields(activation: str, negative_slope: float) -> tuple[int, int]:
    """preluScale and preluAlpha of an activation: (1, 0) linear, (0, 0) ReLU, else the slope.

    The slope is preluScale / 2**preluAlpha with ten signed bits of preluScale.
    """
    if activation == "linear" or negative_slope == 1:
        return 1, 0
    if negative_slope == 0:
        return 0, 0
    largest = math.floor(math.log2(PRELU_SCALE_MAX / abs(negative_slope)))
    alpha = min(PRELU_ALPHA_MAX, max(0, largest))
    scale = round(math.ldexp(negative_slope, alpha))
    if scale <= -(1 << alpha):
        # -1 would take the most negative element to one that does not exist.
        return 1 - (1 << 9), 9
    return max(-PRELU_SCALE_MAX - 1, min(PRELU_SCALE_MAX, scale)), alpha


def choose_post_above(ratio: float, limit: int) -> tuple[int, int]:
    """postScale and postShift with postScale / 2**postShift as near above ``ratio`` as possible.

    Args:
        ratio: above 0, at most ``limit``.
        limit: the largest postScale whose product with any sum fits 48 bits, from 1 on.
    """
    limit = max(1, min(POST_SCALE_MAX, limit))
    shift = max(0, min(47, math.floor(math.log2(limit / ratio))))
    # The logarithm's rounding may put the scale one step over the limit.
    while shift > 0 and math.ceil(math.ldexp(ratio, shift)) > limit:
        shift -= 1
    return max(1, math.ceil(math.ldexp(ratio, shift))), shift


def wrap(values: np.ndarray, dtype) -> np.ndarray:
    """Rounds to the nearest integer, half to even, and converts as numpy does on x86-64.

    That is through int32: within its range the low bits are kept, beyond it the value becomes the
    most negative int32, of which an int16 keeps 0.

    Args:
        values: finite floats of any shape.
        dtype: int8, int16 or int32.
    """
    rounded = np.around(values).astype(np.float64)
    outside = (rounded < -(2.0**31)) | (rounded >= 2.0**31)
    return np.where(outside, -(2.0**31), rounded).astype(np.int64).astype(dtype)
