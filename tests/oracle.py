"""What the engines compute, in obvious lines: SPEC 2.1, 2.2 and 2.4 with Python's own integers.

Every target is compared with this, element by element, without a tolerance.
"""

import numpy as np


def low_bits(value, bits):
    """The low bits of an integer, read as two's complement."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def element(total, bits, post_scale, post_shift, prelu, round, saturate):
    t = low_bits(low_bits(total, 32 if bits == 8 else 48) * post_scale, 48)
    if round and post_shift > 0:
        t += 1 << (post_shift - 1)
    t >>= post_shift
    if saturate:
        t = max(-(1 << (bits - 1)), min((1 << (bits - 1)) - 1, t))
    c = low_bits(t, bits)
    scale, alpha = prelu
    return c if c >= 0 else low_bits((c * scale) >> alpha, bits)


def fcn(a, b, x=None, post=(1, 0), prelu=(1, 0), round=False, saturate=False):
    """C for integer arrays a (m, k), b (k, n) and x (m, n), (n,) or None."""
    bits = a.dtype.itemsize * 8
    total = a.astype(object) @ b.astype(object)
    if x is not None:
        total = total + x.astype(object)
    finish = np.frompyfunc(lambda t: element(t, bits, *post, prelu, round, saturate), 1, 1)
    return finish(total).astype(a.dtype)


def gemm(a, b, c):
    """A*B + C in the elements' own type; numpy wraps as the engine does."""
    return fcn(a, b, c)
