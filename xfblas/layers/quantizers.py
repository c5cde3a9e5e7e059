"""Quantizers of QKeras and its like by name: their values, and the grid that these are on."""

import math
from dataclasses import dataclass

import numpy as np

from xfblas.layers import level_quantizers, linear_quantizers
from xfblas.layers.fixed_point import fixed_point

#: What a quantizer computes, by QKeras' name. Stochastic ones predict as the others do.
QUANTIZERS = {
    "quantized_bits": linear_quantizers.quantized_bits,
    "quantized_linear": linear_quantizers.quantized_linear,
    "quantized_relu": linear_quantizers.quantized_relu,
    "quantized_tanh": linear_quantizers.quantized_tanh,
    "quantized_sigmoid": linear_quantizers.quantized_sigmoid,
    "quantized_ulaw": linear_quantizers.quantized_ulaw,
    "quantized_hswish": linear_quantizers.quantized_hswish,
    "binary": level_quantizers.binary,
    "stochastic_binary": level_quantizers.binary,
    "ternary": level_quantizers.ternary,
    "stochastic_ternary": level_quantizers.ternary,
    "quantized_po2": level_quantizers.quantized_po2,
    "quantized_relu_po2": level_quantizers.quantized_relu_po2,
    "binary_tanh": level_quantizers.binary_tanh,
    "ternary_tanh": level_quantizers.ternary_tanh,
    "fixed_point": fixed_point,
    **{name: level_quantizers.line(name) for name in level_quantizers.LINES},
}


@dataclass(frozen=True, eq=False)
class Grid:
    """What values a tensor may have: whole multiples of a step between two ends.

    Attributes:
        step: above 0, one number or one for each entry of the last axis.
        low, high: the ends, of the same form.
        ends: arguments below the first and above the second give what these give.
    """

    step: np.ndarray
    low: np.ndarray
    high: np.ndarray
    ends: tuple[float, float] = (-math.inf, math.inf)


def quantized(x: np.ndarray, quantizer: str, settings: dict, **arrays) -> tuple:
    """Values as QKeras computes them, float32 of the same shape, and the scale of their integers.

    Args:
        x: any shape.
        quantizer: a key of :data:`QUANTIZERS`.
        settings: its arguments, ``noise`` and ``passes`` aside: how much of the difference QKeras
            adds, and whether it does so to the unquantized value itself.
        arrays: arguments that are weights.
    """
    x = np.asarray(x, np.float32)
    settings = dict(settings)
    noise, passes = np.float32(settings.pop("noise", 1.0)), settings.pop("passes", True)
    with np.errstate(all="ignore"):
        given, found, scale = QUANTIZERS[quantizer](x, **settings, **arrays)
        if given is None:
            return found.astype(np.float32), scale
        if not passes:
            return (1 - noise) * given + noise * found, scale
        return (given + noise * (-given + found)).astype(np.float32), scale


def quantizer(x, quantizer, settings, **arrays):
    """The host's function: :func:`quantized` without the scale."""
    return quantized(x, quantizer, settings, **arrays)[0]


def grid_of(quantizer: str, settings: dict, arrays: dict) -> Grid | None:
    """The grid of what a quantizer gives; None where it is none, or far too fine."""
    alpha = settings.get("alpha")
    if settings.get("noise", 1.0) != 1 or isinstance(alpha, str) or np.ndim(alpha):
        return None
    if quantizer == "fixed_point":
        k, i, f = (
            np.asarray(arrays[name], np.float64) for name in ("signed", "integer", "fraction")
        )
        step, size = np.exp2(-f), np.exp2(np.maximum(i, -f))
        high = np.where(i + f > 0, size - step, 0)
        saturates = settings.get("overflow") in ("SAT", "SAT_SYM")
        low = np.where(i + f + k > 0, -k * size, 0)
        low = np.where(settings.get("overflow") == "SAT_SYM", -k * high, low)
        ends = (float(low.min()), float(high.max())) if saturates else (-math.inf, math.inf)
        return Grid(step, low, high, ends)
    # Where a product of both is finite.
    extremes = np.float32([-1e18, 0, 1e18])
    with np.errstate(all="ignore"):
        found = QUANTIZERS[quantizer](extremes, **_plain(settings))[1]
    low, high = float(found.min()), float(found.max())
    step = _step(quantizer, settings)
    if step is None:
        return None
    ends = _ends(quantizer, settings, low, high, step)
    return Grid(np.float64(step), np.float64(low), np.float64(high), ends)


def _plain(settings):
    return {key: value for key, value in settings.items() if key not in ("noise", "passes")}


def _step(quantizer, settings):
    """The step of a grid, or None."""
    bits, integer = settings.get("bits", 8), settings.get("integer", 0)
    alpha = settings.get("alpha")
    alpha = 1.0 if alpha is None else abs(float(alpha))
    slope = settings.get("negative_slope", 0)
    if quantizer in ("quantized_bits", "quantized_linear", "quantized_hswish"):
        unsigned = bits - bool(settings.get("keep_negative", True))
        if not unsigned:  # Signs.
            return alpha * (2.0 ** (integer - 1) if quantizer == "quantized_linear" else 1.0)
        return alpha * 2.0 ** (integer - unsigned)
    if quantizer == "quantized_relu":
        bound = settings.get("relu_upper_bound")
        if settings.get("is_quantized_clip", True) is False and bound is not None:
            return None
        steps = 2.0 ** (bits - (slope != 0))
        step = 2.0**integer / steps * (2 if settings.get("use_sigmoid") else 1)
        return min(step, slope * 2.0**integer) if slope else step
    if quantizer == "quantized_tanh":
        return 2.0 ** (1 - bits)
    if quantizer == "quantized_sigmoid":
        return 2.0**-bits
    if quantizer in ("binary", "stochastic_binary", "ternary", "stochastic_ternary"):
        return alpha
    if quantizer in ("binary_tanh", "ternary_tanh"):
        return float(settings.get("scale", 1.0))
    if quantizer in ("quantized_po2", "quantized_relu_po2"):
        bits -= quantizer == "quantized_po2"
        is_quadratic = bool(settings.get("quadratic_approximation"))
        return 2.0 ** level_quantizers.exponents(bits, settings.get("max_value"), is_quadratic)[0]
    return None


def _ends(quantizer, settings, low, high, step):
    """Arguments beyond which nothing changes; a quarter of a step before a tie could be."""
    if quantizer in ("binary", "stochastic_binary", "binary_tanh"):
        return (-step, step)
    if quantizer in ("quantized_po2", "quantized_relu_po2", "quantized_hswish"):
        return (-math.inf, math.inf)
    if quantizer in ("ternary", "stochastic_ternary", "ternary_tanh"):
        return (-1.0, 1.0) if settings.get("threshold") is None else (-math.inf, math.inf)
    low, high = low + step / 4, high - step / 4
    alpha, slope = settings.get("alpha"), settings.get("negative_slope", 0)
    if quantizer == "quantized_bits" and alpha is not None:
        # The scale is applied at last.
        return (low / alpha, high / alpha) if alpha > 0 else (-math.inf, math.inf)
    if quantizer == "quantized_relu":
        if settings.get("use_sigmoid") or not settings.get("is_quantized_clip", True):
            return (-math.inf, math.inf)
        return (low / slope if slope else low, high)
    if settings.get("use_real_tanh") or settings.get("use_real_sigmoid"):
        return (-20.0, 20.0)
    return (2 * low - 1, 2 * high - 1) if quantizer == "quantized_sigmoid" else (low, high)
