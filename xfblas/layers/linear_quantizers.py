"""QKeras' quantizers with evenly spaced values, as they predict: float32 in, float32 out.

Each gives what QKeras takes for the unquantized value, the quantized one, and the scale of its
integers. QKeras returns ``x + (quantized - x)``, in float32, so that is computed here too: see
:mod:`~xfblas.layers.quantizers`. Rounding is half to even but where a scale is found ('auto').
"""

import numpy as np

#: Keras' own, which keeps divisions and logarithms finite.
EPSILON = np.float32(1e-7)
_LOG2 = np.float32(np.log(2.0))
#: How often QKeras searches a scale that is a power of two.
_UNROLLS = 5


def scaling_axes(x: np.ndarray) -> tuple[int, ...]:
    """The axes that share a scale: all but the last."""
    return tuple(range(x.ndim - 1))


def power_of_two(scale: np.ndarray) -> np.ndarray:
    """The nearest power of two, by the logarithm."""
    return np.exp2(np.rint(np.log(scale + EPSILON) / _LOG2)).astype(np.float32)


def least_squares(alpha: str, x: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The scale of ``q`` that comes nearest to ``x``, of each channel; of a vector, of each."""
    xq, qq = x * q, q * q
    if x.ndim > 1:
        xq, qq = (part.mean(axis=scaling_axes(x), keepdims=True) for part in (xq, qq))
    scale = xq / (qq + EPSILON)
    return power_of_two(scale) if alpha == "auto_po2" else scale


def hard_sigmoid(x):
    """QKeras' own, of slope 1/2."""
    return np.clip(np.float32(0.5) * x + np.float32(0.5), 0, 1)


def quantized_bits(
    x,
    bits=8,
    integer=0,
    symmetric=False,
    keep_negative=True,
    alpha=None,
    post_training_scale=None,
    rescales=False,
):
    """Signed or unsigned fixed point; ``rescales`` as QKeras for Keras 3 does after its search."""
    unsigned = bits - bool(keep_negative)
    m, m_i = np.float32(2.0**unsigned), np.float32(2.0**integer)
    if isinstance(alpha, str):
        return _searched_bits(x, bits, m, m_i, alpha, post_training_scale, rescales)
    scale = np.float32(1) if alpha is None else np.asarray(alpha, np.float32)
    if unsigned > 0:
        low = -m + bool(symmetric) if keep_negative else np.float32(0)
        found = m_i * np.clip(np.rint(x * m / m_i), low, m - 1) / m
    else:
        found = np.where(x >= 0, np.float32(1), np.float32(-1 if keep_negative else 0))
    return x, scale * found, scale


def _searched_bits(x, bits, m, m_i, alpha, stated, rescales):
    """Of weights, whose values decide the scale."""
    x, levels = x / m_i, np.float32(2 ** (bits - 1) - 1)

    def integers(scale):
        sizes = np.minimum(np.floor(np.abs(x) / scale + np.float32(0.5)), levels)
        return np.sign(x) * sizes

    if stated is not None:
        scale = np.asarray(stated, np.float32) / m
        found = integers(scale)
    else:
        axes = scaling_axes(x) or (0,)
        scale = np.abs(x).max(axis=axes, keepdims=True) * 2 / (2 * levels)
        if alpha == "auto_po2":
            scale = power_of_two(scale)
            for _ in range(_UNROLLS):
                found = integers(scale)
                scale = least_squares(alpha, x, found)
        if alpha == "auto" or rescales:
            found = integers(scale)
    scale = scale * m
    return m_i * x, scale * (m_i * found / m), scale


def quantized_linear(x, bits=8, integer=0, symmetric=True, keep_negative=True, alpha=None):
    """Fixed point as QKeras for Keras 3 has it beside quantized_bits."""
    is_sign = bits == 1 and bool(keep_negative)
    shift, half = np.float32(0.5 * is_sign), np.float32(2.0 ** (bits - bool(keep_negative)))
    low = (-half + bool(symmetric)) * bool(keep_negative)
    low, high = (np.float32(-0.5), np.float32(0.5)) if is_sign else (low, half - 1)

    def integers(scale):
        return np.rint(np.clip(x / scale, low, high) - shift) + shift

    scale = np.float32(2.0 ** (integer - bits + bool(keep_negative)))
    if isinstance(alpha, str):
        axes = scaling_axes(x)
        sizes = 2 * np.abs(x) if keep_negative else x
        scale = np.maximum(sizes.max(axis=axes, keepdims=True) / (high - low), EPSILON)
        if alpha == "auto_po2":
            scale = power_of_two(scale)
            for _ in range(1 if is_sign else _UNROLLS):
                scale = least_squares(alpha, x, integers(scale))
    elif alpha is not None:
        scale = np.asarray(alpha, np.float32) * scale
    return x, integers(scale) * scale, scale


def quantized_relu(
    x,
    bits=8,
    integer=0,
    use_sigmoid=0,
    negative_slope=0.0,
    relu_upper_bound=None,
    is_quantized_clip=True,
):
    """Unsigned fixed point; signed with a slope for negative values."""
    slope = np.float32(negative_slope)
    m, m_i = np.float32(2.0 ** (bits - (slope != 0))), np.float32(2.0**integer)
    largest = None
    if is_quantized_clip:
        largest = m_i - m_i / m
    elif relu_upper_bound is not None:
        largest = np.float32(relu_upper_bound)
    rectified = np.where(x < 0, x * slope, x)
    if largest is not None:
        rectified = np.where(x <= largest, rectified, largest)
    p = hard_sigmoid(x / m_i) * m if use_sigmoid else x * m / m_i
    factor, offset = (np.float32(2), np.float32(1)) if use_sigmoid else (np.float32(1), 0)
    found = m_i * np.clip(factor * (np.rint(p) / m) - offset, 0, 1 - 1 / m)
    if slope > 0:
        below = factor * (np.rint(p * slope) * (1 / (slope * m))) - offset
        found = found + m_i * slope * np.clip(below, -1, 0)
    if relu_upper_bound and not is_quantized_clip:
        found = np.minimum(found, np.float32(relu_upper_bound))
    return rectified, found, np.float32(1)


def quantized_tanh(x, bits=8, symmetric=False, use_real_tanh=False):
    """tanh, or its straight line, in steps of fixed point."""
    m = np.float32(2.0 ** (bits - 1))
    p = np.tanh(x) if use_real_tanh else 2 * hard_sigmoid(x) - 1
    return None, np.clip(np.rint(p * m) / m, -1 + bool(symmetric) / m, 1 - 1 / m), np.float32(1)


def quantized_sigmoid(x, bits=8, symmetric=False, use_real_sigmoid=False):
    """Sigmoid, or its straight line, in steps of fixed point."""
    m = np.float32(2.0**bits)
    p = 1 / (1 + np.exp(-x)) if use_real_sigmoid else hard_sigmoid(x)
    return None, np.clip(np.rint(p * m) / m, bool(symmetric) / m, 1 - 1 / m), np.float32(1)


def quantized_ulaw(x, bits=8, integer=0, symmetric=False, u=255.0):
    """The logarithm of a line in steps of fixed point."""
    m, m_i, u = np.float32(2.0 ** (bits - 1)), np.float32(2.0**integer), np.float32(u)
    p = 2 * (np.rint(hard_sigmoid(x / m_i) * m) / m) - 1
    found = np.sign(p) * np.log(1 + u * np.abs(p)) / np.log(1 + u)
    return None, m_i * np.clip(found, -1 + bool(symmetric) / m, 1 - 1 / m), np.float32(1)


def quantized_hswish(x, relu_shift=3, relu_upper_bound=6, **bits):
    """``x * min(relu(x + shift), bound) / bound`` in fixed point."""
    shifted = np.clip(x + np.float32(relu_shift), 0, np.float32(relu_upper_bound))
    return quantized_bits(x * shifted / np.float32(relu_upper_bound), **bits)
