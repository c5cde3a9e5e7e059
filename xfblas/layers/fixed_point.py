"""HGQ's fixed point: bits for each value, and the ways of rounding and of overflowing."""

import numpy as np

HALF = np.float32(0.5)

#: What becomes of the fraction, by the names that HLS compilers have for it.
ROUNDINGS = {
    "TRN": np.floor,
    "RND": lambda x: np.floor(x + HALF),
    "RND_CONV": np.rint,
    "TRN_ZERO": np.trunc,
    "RND_ZERO": lambda x: -np.floor(-np.abs(x) + HALF) * np.sign(x),
    "RND_MIN_INF": lambda x: -np.floor(-x + HALF),
    "RND_INF": lambda x: np.floor(np.abs(x) + HALF) * np.sign(x),
}


def _wrap_reflected(x, low, high):
    interval = (high - low + 1) * 2
    mapped = np.mod(x - high - 1, interval)
    return np.abs(mapped - interval / 2 + HALF) - HALF + low


#: What becomes of integers beyond the ends.
OVERFLOWS = {
    "NONE": lambda x, low, high, signed: x,
    "SAT": lambda x, low, high, signed: np.clip(x, low, high),
    "SAT_SYM": lambda x, low, high, signed: np.clip(x, -high * signed, high),
    "SAT_ZERO": lambda x, low, high, signed: np.where((x >= low) & (x <= high), x, 0),
    "WRAP": lambda x, low, high, signed: np.mod(x - low, high - low + 1) + low,
    "WRAP_SM": lambda x, low, high, signed: _wrap_reflected(x, low, high),
}


def fixed_point(x, signed, integer, fraction, rounding="RND", overflow="WRAP"):
    """Integers of ``integer + fraction`` bits and a sign, in steps of ``2**-fraction``.

    Args:
        x: (..., n) float32.
        signed: 1 or 0, integer and fraction: bits, each one number or arrays that broadcast to a
            row. A value of no bits is 0.
        rounding: key of :data:`ROUNDINGS`.
        overflow: key of :data:`OVERFLOWS`.
    """
    signed, integer, fraction = (np.asarray(v, np.float32) for v in (signed, integer, fraction))
    integer = np.maximum(integer, -fraction)
    scale, half = np.exp2(fraction), np.exp2(integer + fraction)
    low, high = -half * signed, half - 1
    found = OVERFLOWS[overflow](ROUNDINGS[rounding](x * scale), low, high, signed)
    found = found / scale
    if overflow != "NONE":
        found = np.where(signed + integer + fraction > 0, found, np.float32(0))
    return None, found, 1 / scale
