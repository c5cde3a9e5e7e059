"""Proof that no sum overflows, whatever integers the input holds.

Every input a[k] of a layer lies in [low[k], high[k]]: the host clips the first layer's, and what
an engine puts out lies in its element's range and often in less. With integer weights w, the sum
of column j lies between

    least[j] = X[j] + sum over k of min(w[k,j] * low[k], w[k,j] * high[k])
    most[j]  = X[j] + sum over k of max(w[k,j] * low[k], w[k,j] * high[k])                 (1)

For low = 0, as after a ReLU, only the positive weights count in ``most`` and only the negative ones
in ``least``: about half of what the weights' sizes alone would give. Both ends are reached, by the
input that has low or high where the sign of the weight says so: no tighter bound holds for all
inputs of these ranges.

Accumulators wrap, so a partial sum may leave their range and come back: only the whole sum with its
X must fit. The epilogue is monotonous on either side of 0, hence its ends give those of the output,

    c = pRelu(clamp((sum * postScale + half) >> postShift))                                (2)

which are the next layer's low and high; a table in the place of pRelu is monotonous too. Without
saturation a t outside of the element's range may become any element.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Interval:
    """Ends of n integers' ranges, (n,) int64 each, both included."""

    low: np.ndarray
    high: np.ndarray

    @property
    def largest(self) -> int:
        """The largest size of any of the integers."""
        return max(-int(self.low.min()), int(self.high.max()), 0)

    def bits(self) -> int:
        """Bits of the shortest two's complement that holds all."""
        ends = (int(self.low.min()), int(self.high.max()))
        return 1 + max((end if end >= 0 else ~end).bit_length() for end in ends)


def whole(bits: int, features: int) -> Interval:
    """The range of elements of so many bits."""
    half = 1 << (bits - 1)
    return Interval(np.full(features, -half), np.full(features, half - 1))


def products(weights: np.ndarray, inputs: Interval) -> tuple[np.ndarray, np.ndarray]:
    """The ends of sum over k of w[k,j] * a[k], without X; (n,) float64 each.

    With c the middle of each input's range and r half of its width they are c w -+ r |w|. Integers
    of 16 bits give these exactly as long as they stay below 2**52.

    Args:
        weights: (k, n) float64.
        inputs: ranges of the k inputs.
    """
    twice_middle = (inputs.high + inputs.low).astype(np.float64) @ weights
    width = (inputs.high - inputs.low).astype(np.float64) @ np.abs(weights)
    return (twice_middle - width) / 2, (twice_middle + width) / 2


def sums(weights: np.ndarray, bias: np.ndarray, inputs: Interval) -> Interval:
    """Equation (1), exactly.

    Args:
        weights: (k, n) integers of up to 16 bits.
        bias: (n,) or (m, n) integers.
        inputs: ranges of the k inputs.
    """
    ends = products(weights.astype(np.float64), inputs)
    least, most = (end.astype(np.int64) for end in ends)
    rows = np.atleast_2d(bias.astype(np.int64))
    return Interval(least + rows.min(axis=0), most + rows.max(axis=0))


def outputs(total: Interval, layer, bits: int, saturate: bool, rounds: bool) -> Interval:
    """Equation (2): the range of a layer's output from that of its sums, which must not wrap."""
    half = 1 << (bits - 1)
    low = shifted(total.low, layer.post_scale, layer.post_shift, rounds)
    high = shifted(total.high, layer.post_scale, layer.post_shift, rounds)
    if saturate:
        low, high = np.clip(low, -half, half - 1), np.clip(high, -half, half - 1)
    else:
        wraps = (low < -half) | (high >= half)
        low, high = np.where(wraps, -half, low), np.where(wraps, half - 1, high)
    if layer.table is not None:
        return _of_table(layer.table, low, high, bits)
    slope, alpha = layer.prelu_scale, layer.prelu_alpha
    ends = [np.where(end < 0, (end * slope) >> alpha, end) for end in (low, high)]
    # Where the range crosses 0, both pieces' inner ends count as well.
    crosses = (low < 0) & (high >= 0)
    ends += [np.where(crosses, inner, ends[0]) for inner in (0, -slope >> alpha)]
    low, high = np.minimum.reduce(ends), np.maximum.reduce(ends)
    wraps = (low < -half) | (high >= half)
    return Interval(np.where(wraps, -half, low), np.where(wraps, half - 1, high))


def _of_table(table, low: np.ndarray, high: np.ndarray, bits: int) -> Interval:
    """The least and the largest result of arguments between two ends, which need not be its own."""
    first = int(low.min())
    results = table.apply(np.arange(first, int(high.max()) + 1), bits)
    parts = [results[a - first : b - first + 1] for a, b in zip(low, high, strict=True)]
    return Interval(*(np.array([end(part) for part in parts]) for end in (np.min, np.max)))


def shifted(total: np.ndarray, post_scale: int, post_shift: int, rounds: bool) -> np.ndarray:
    """(total * postScale) kept to 48 bits, plus half if it rounds, >> postShift; int64."""
    t = low_bits(total * np.int64(post_scale), 48)
    if post_shift > 48 or (post_shift == 48 and rounds):
        # Half of the step is more than t can be: it takes every t to 0, or floor to 0 and -1.
        return np.zeros_like(t) if rounds else t >> 47
    if rounds and post_shift > 0:
        t = t + np.int64(1 << (post_shift - 1))
    return t >> np.int64(min(post_shift, 47))


def low_bits(values: np.ndarray, bits: int) -> np.ndarray:
    """The low bits of int64s, read as two's complement; what int64 itself wraps does not matter."""
    unused = np.int64(64 - bits)
    return (values << unused) >> unused
