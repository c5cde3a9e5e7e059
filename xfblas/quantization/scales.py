"""The integers that stand for a scale in an instruction."""

import math

#: Integers are symmetric, because the most negative one has no positive counterpart.
ELEMENT_MAX = 32767
BIAS_MAX = 2**31 - 1
#: postScale uses 15 of its 16 bits: more would not make any scale more exact than its data.
POST_SCALE_MAX = 2**15 - 1
ACCUMULATOR_MAX = 2**47 - 1
PRELU_SCALE_MAX = 511
PRELU_ALPHA_MAX = 31


def scale_for(largest: float, limit: float = ELEMENT_MAX, margin: float = 1.0) -> float:
    """The scale that takes values up to ``largest`` times ``margin`` to ``limit``; 1 for zero."""
    return limit / (largest * margin) if largest > 0 else 1.0


def choose_post(ratio: float, largest_sum: float) -> tuple[int, int]:
    """postScale and postShift with postScale / 2**postShift as near below ``ratio`` as possible.

    Args:
        ratio: output scale divided by the scale of the sums; above 0.
        largest_sum: bound on the size of a sum, so that sum * postScale fits 48 bits.

    Returns:
        (postScale, postShift). The scale obtained is never above the one asked for, so what was
        chosen to fit the output's range still fits.
    """
    limit = max(1, min(POST_SCALE_MAX, int(ACCUMULATOR_MAX // max(largest_sum, 1.0))))
    shift = min(47, math.floor(math.log2((limit + 1) / ratio)))
    # The logarithm's rounding may put the scale one step over the limit.
    while shift > 0 and math.floor(math.ldexp(ratio, shift)) > limit:
        shift -= 1
    shift = max(shift, 0)
    return min(limit, max(1, math.floor(math.ldexp(ratio, shift)))), shift


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
    return max(-PRELU_SCALE_MAX - 1, min(PRELU_SCALE_MAX, scale)), alpha
