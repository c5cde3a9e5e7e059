"""QKeras' quantizers with few values: two, three, or powers of two, as they predict."""

import numpy as np

from xfblas.layers.linear_quantizers import (
    EPSILON,
    hard_sigmoid,
    least_squares,
    power_of_two,
    scaling_axes,
)

_LOG2 = np.float32(np.log(2.0))


def binary(x, alpha=None, use_01=False):
    """Signs, of which 0 has +1."""
    signs = np.where(x >= 0, np.float32(1), np.float32(0 if use_01 else -1))
    scale = _stated(alpha)
    if isinstance(alpha, str):
        scale = least_squares(alpha, x, signs)
    return np.tanh(x) if alpha is None else x, scale * signs, scale


def ternary(x, alpha=None, threshold=None, number_of_unrolls=5):
    """Signs, and 0 for what is below a threshold, which 'auto' finds by the weights."""
    scale = _stated(alpha)
    if isinstance(alpha, str):
        axes = scaling_axes(x) or None
        scale = 2 * np.abs(x).max(axis=axes, keepdims=True) / np.float32(3)
        scale = power_of_two(scale) if alpha == "auto_po2" else scale
        for _ in range(number_of_unrolls):
            sizes = np.abs(scale * np.rint(x / scale))
            signs = (sizes >= scale / 2) * np.sign(x)
            scale = least_squares(alpha, x, signs)
    else:
        signs = (np.abs(x) >= np.float32(0.33 if threshold is None else threshold)) * np.sign(x)
    return np.tanh(x) if alpha is None else x, scale * signs, scale


def _stated(alpha):
    return np.float32(1) if alpha is None or isinstance(alpha, str) else np.float32(alpha)


def exponents(bits: int, max_value: float | None, quadratic: bool) -> tuple[int, int]:
    """The smallest and the largest exponent; ``bits`` are the exponent's with its sign."""
    bits -= max_value is None or max_value > 1
    low, high = -(2**bits), 2**bits - 1
    return int(low), int(2 * (high // 2) if quadratic else high)


def quantized_po2(x, bits=8, max_value=None, quadratic_approximation=False, log2_rounding="rnd"):
    """A sign and a power of two."""
    settings = (max_value, quadratic_approximation, log2_rounding)
    powers = _power(np.abs(x), bits - 1, *settings)
    return x, np.where(x >= 0, powers, -powers), np.float32(1)


def quantized_relu_po2(
    x,
    bits=8,
    max_value=None,
    negative_slope=0,
    quadratic_approximation=False,
    log2_rounding="rnd",
):
    """A power of two, the smallest one for what is not positive, unless that has a slope."""
    slope = np.float32(negative_slope)
    settings = (bits, max_value, quadratic_approximation, log2_rounding)
    rectified = np.where(x < 0, x * slope, x)
    if max_value is not None:
        rectified = np.where(x <= max_value, rectified, np.float32(max_value))
    found = _power(np.maximum(x, 0), *settings)
    if slope:
        found = np.where(x >= 0, found, -_power(np.maximum(-x, 0) * slope, *settings))
    return rectified, found, np.float32(1)


def _power(sizes, bits, max_value, quadratic, rounding):
    """The nearest power of two of each size, by the logarithm."""
    low, high = exponents(bits, max_value, quadratic)
    given = np.maximum(sizes, EPSILON)
    if max_value is not None:
        given = np.minimum(given, np.float32(max_value))
    given = np.sqrt(given) if quadratic else given
    logarithms = np.log(given) / _LOG2
    whole = np.floor(logarithms) if rounding == "floor" else np.rint(logarithms)
    found = (2 if quadratic else 1) * np.clip(whole, low, high)
    return np.exp2(np.where(sizes < EPSILON, low, found)).astype(np.float32)


def binary_tanh(x, scale=1.0):
    """Signs, of which 0 has -1; of a scale in the older layers with binary weights."""
    signs = 2 * np.rint(hard_sigmoid(x / np.float32(scale))) - 1
    return None, np.float32(scale) * signs, np.float32(scale)


def ternary_tanh(x, scale=1.0):
    """1 above a half, -1 from minus a half down, else 0: the older layers' ternary values."""
    x = x / np.float32(scale)
    signs = np.float32(1) * (x > 0.5) - (x <= -0.5)
    return None, (np.float32(scale) * signs).astype(np.float32), np.float32(scale)


#: Functions without arguments that QKeras and the older models have by name.
LINES = {
    "relu1": lambda x: np.clip(x, 0, 1),
    "hard_sigmoid": hard_sigmoid,
    "hard_tanh": lambda x: 2 * hard_sigmoid(x) - 1,
    "smooth_sigmoid": lambda x: np.clip(np.float32(0.1875) * x + np.float32(0.5), 0, 1),
    "smooth_tanh": lambda x: 2 * LINES["smooth_sigmoid"](x) - 1,
    "binary_sigmoid": lambda x: np.rint(hard_sigmoid(x)),
}


def line(name: str):
    """One of :data:`LINES` as a quantizer, which has no grid."""
    return lambda x: (None, LINES[name](x), np.float32(1))
