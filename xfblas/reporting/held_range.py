"""Which values of the model a layer's integers can stand for."""

import numpy as np

from xfblas.quantization.output_windows import window_levels


def largest_steps(summary) -> int:
    """The largest size of a value in integers, counted from the integer that stands for 0."""
    return window_levels(summary.windows, summary.bits, summary.zero_point)


def largest_values(summary) -> np.ndarray:
    """The largest value that each column of a layer holds, (n,) float64."""
    return largest_steps(summary) / summary.scale


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
    return max((~end if end < 0 else end).bit_length() for end in (low, high)) + 1
