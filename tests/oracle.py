"""What the engines compute, in obvious lines of numpy, to the last bit: the one oracle.

docs/instructions.md says the same in words. Every target and every kernel is compared with this,
element by element, without a tolerance. Sums of products fit 64 bits for every k that a test can
hold, so int64 is exact; what wraps is wrapped here, where the engines wrap it.
"""

import math
from fractions import Fraction

import numpy as np


def low_bits(value, bits):
    """The low bits of int64 values, read as two's complement."""
    unused = 64 - bits
    return (value << unused) >> unused


def shifted(t, places):
    return t >> min(places, 63)


def epilogue(total, bits, *, post=(1, 0), prelu=(1, 0), round=False, saturate=False, function=None):
    """From exact sums, X included, to elements of C."""
    acc = low_bits(total, 32 if bits == 8 else 48)
    scale, shift = post
    t = low_bits(acc * np.int64(scale), 48)
    c = shifted(t, shift)
    if round and shift > 0:
        c = c + (shifted(t, shift - 1) & 1)
    if saturate:
        c = np.clip(c, -(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    c = low_bits(c, bits)
    if function:
        return function(c)
    prelu_scale, alpha = prelu
    return np.where(c >= 0, c, low_bits((c * prelu_scale) >> alpha, bits))


def fcn(a, b, x=None, post=(1, 0), prelu=(1, 0), round=False, saturate=False, function=None):
    """C = epilogue(A*B + X) for integers; x may be one row."""
    fields = {"post": post, "prelu": prelu, "round": round, "saturate": saturate}
    with np.errstate(over="ignore"):
        total = a.astype(np.int64) @ b.astype(np.int64)
        if x is not None:
            total = total + x.astype(np.int64)
        bits = a.dtype.itemsize * 8
        return epilogue(total, bits, **fields, function=function).astype(a.dtype)


def gathered(maps, walk):
    """A convolution's A from (frames, height, width, channels): a row for each output pixel.

    walk: kernel, stride, dilation, padding (top, left), upsampling and output, (rows, columns)
    each, and fill: what padding holds. Returns (frames, out_y, out_x, taps, channels), and which
    taps lie within the map.
    """
    places = []
    for axis in (0, 1):
        outputs, taps = np.arange(walk["output"][axis]), np.arange(walk["kernel"][axis])
        at = outputs[:, None] * walk["stride"][axis] + taps * walk["dilation"][axis]
        at = at - walk["padding"][axis]
        inside = (at >= 0) & (at < maps.shape[1 + axis] * walk["upsampling"][axis])
        places.append((np.where(inside, at // walk["upsampling"][axis], 0), inside))
    (rows, has_row), (columns, has_column) = places
    found = maps[:, rows[:, None, :, None], columns[None, :, None, :]]
    inside = has_row[:, None, :, None] & has_column[None, :, None, :]
    found = np.where(inside[None, ..., None], found, walk.get("fill", 0)).astype(maps.dtype)
    taps = inside.shape[2] * inside.shape[3]
    shape = (*inside.shape[:2], taps)
    return found.reshape(len(maps), *shape, -1), inside.reshape(shape)


def convolution(maps, b, walk, x=None, **fields):
    """Fcn on a map (frames, height, width, channels); b: (taps * channels, n), x: a row or one
    for each pixel of a frame."""
    rows, _ = gathered(maps, walk)
    if x is not None and len(x) > 1:
        x = np.tile(x, (len(maps), 1))
    c = fcn(rows.reshape(-1, len(b)), b, x, **fields)
    return c.reshape(*rows.shape[:3], -1)


def pooled(maps, walk, kind):
    """The largest or the average of the pixels within the map, 0 where there are none."""
    rows, inside = gathered(maps, walk)
    inside = inside[None, ..., None]
    if kind == "max":
        least = np.iinfo(maps.dtype).min
        found = np.where(inside, rows, least).max(3)
        return np.where(inside.any(3), found, 0).astype(maps.dtype)
    count = np.maximum(inside.sum(3), 1)
    total = np.where(inside, rows, 0).astype(np.int64).sum(3)
    return ((2 * total + count) // (2 * count)).astype(maps.dtype)


def depthwise(maps, b, walk, x=None, **fields):
    """Each channel with its own column of b (taps, channels)."""
    rows, _ = gathered(maps, walk)
    total = (rows.astype(np.int64) * b.astype(np.int64)).sum(3)
    if x is not None:
        total = total + x.astype(np.int64)
    return epilogue(total, maps.itemsize * 8, **fields).astype(maps.dtype)


def gemm(a, b, c):
    """A*B + C in the elements' own type, which wraps."""
    return fcn(a, b, c)


def gemv(a, x, y):
    total = a.astype(np.int64) @ x.astype(np.int64) + y.astype(np.int64)
    return low_bits(total, a.dtype.itemsize * 8).astype(a.dtype)


TANH = [round(65536 * math.tanh(i / 64)) for i in range(513)]


def table_tanh(v):
    """tanh(v / 2^16) with 16 fraction bits, from the table."""
    segment, fraction = divmod(min(v, (1 << 19) - 1), 1024)
    low, high = TANH[segment], TANH[segment + 1]
    return low + (((high - low) * fraction + 512) >> 10)


def tanh(bits, source, target):
    def one(c):
        y = (table_tanh(abs(c) << (16 - source)) + (1 << (15 - target))) >> (16 - target)
        y = min(y, (1 << (bits - 1)) - 1)
        return -y if c < 0 else y

    return np.vectorize(lambda c: one(int(c)), otypes=[np.int64])


def sigmoid(bits, source, target):
    def one(c):
        half = table_tanh(abs(c) << (15 - source))
        y = 65536 + (-half if c < 0 else half)
        return min((y + (1 << (16 - target))) >> (17 - target), (1 << (bits - 1)) - 1)

    return np.vectorize(lambda c: one(int(c)), otypes=[np.int64])


def table(bits, groups, entries):
    """The function whose 513 entries are given, in 2**groups groups of segments on either side."""
    entries = low_bits(np.asarray(entries, np.int64), 18)
    in_group = 256 >> groups
    finest = 32768 // in_group >> (2**groups - 1)
    widths = [finest << max(group - 1, 0) for group in range(2**groups)]
    ends = np.cumsum([0, *np.repeat(widths, in_group)])

    def one(c):
        c <<= 16 - bits
        u = c if c >= 0 else -1 - c
        segment = int(np.searchsorted(ends, u, "right")) - 1
        width = int(ends[segment + 1] - ends[segment])
        passed = u - int(ends[segment]) + (c < 0)
        sign = -1 if c < 0 else 1
        near, far = (int(entries[256 + sign * at]) for at in (segment, segment + 1))
        y = (near * width + (far - near) * passed + 2 * width) // (4 * width)
        return max(-(1 << (bits - 1)), min(y, (1 << (bits - 1)) - 1))

    def of(elements):
        values, places = np.unique(elements, return_inverse=True)
        found = np.array([one(int(c)) for c in values], np.int64)
        return found[places].reshape(np.shape(elements))

    return of


SOFTMAX = ("stable", "latency", "legacy", "argmax")
ENTRY, MULTIPLIER = 18, 17


def half_up(value, places):
    return math.floor(Fraction(value) / Fraction(2) ** places + Fraction(1, 2))


def softmax_row(row, kind, exp, inv, multipliers, fields, bits):
    """One row of C from one of A, of plain integers; fields: the instruction's, by name."""
    n, most = len(multipliers), (1 << (bits - 1)) - 1
    totals = [fields["offset"] + sum(row[j::n]) for j in range(n)]
    x = [
        half_up(t * (w % 2**MULTIPLIER), fields["scale_shift"])
        for t, w in zip(totals, multipliers, strict=True)
    ]
    if kind == "argmax":
        return [
            min(1 << fields["result_shift"], most) if j == x.index(max(x)) else 0 for j in range(n)
        ]
    middle = 2 ** fields["norm_bits"] // 2

    def at(table, value, width):
        inside = min(max(value, 0), 2**width - 1)
        return table[inside * len(table) // 2**width] % 2**ENTRY

    def looked_up(u):
        return at(exp, u, fields["norm_bits"])

    def inverse(found):
        total = sum(half_up(e, fields["accum_shift"]) for e in found)
        total = min(total, 2 ** fields["accum_bits"] - 1)
        return at(inv, half_up(total, fields["inv_shift"]), fields["inv_bits"])

    if kind == "legacy":
        y = [inverse([looked_up(other - one + middle) for other in x]) for one in x]
    else:
        found = [looked_up(max(x) - one if kind == "stable" else one + middle) for one in x]
        y = [e * inverse(found) for e in found]
    return [min(half_up(one, fields["result_shift"]), most) for one in y]
