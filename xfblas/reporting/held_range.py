"""Which values of the model a layer's integers can stand for."""

import numpy as np

from xfblas.quantization.output_windows import window_levels


def largest_values(summary) -> np.ndarray:
    """The largest value that each column of a layer holds, (n,) float64."""
    levels = 2 ** (summary.bits - 1) - 1
    if summary.windows > 1:
        levels = window_levels(summary.windows, summary.bits)
    elif summary.zero_point:
        # From the zero point at the low end to the high end.
        levels -= summary.zero_point
    return levels / summary.scale


def columns_of(summary, values: np.ndarray) -> np.ndarray:
    """What each column of the layer holds of the model's values (m, n): (m, columns)."""
    if summary.split_slope is None:
        return values
    halves = (np.maximum(values, 0), np.maximum(-values, 0) / (summary.split_slope or 1.0))
    return np.concatenate(halves, axis=1)


def fitted_scale(expected: np.ndarray, integers: np.ndarray) -> float:
    """Integers per unit where only the integers are known: the scale that fits them best."""
    f, q = np.asarray(expected, np.float64), np.asarray(integers, np.float64)
    power = float(np.vdot(f, f))
    scale = float(np.vdot(f, q)) / power if power else 0.0
    return scale if scale > 0 else 1.0


def signed_bits(low: int, high: int) -> int:
    """Bits of two's complement that hold both ends."""
    return (
        max((~low if low < 0 else low).bit_length(), (~high if high < 0 else high).bit_length()) + 1
    )
