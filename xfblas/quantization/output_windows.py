"""Values finer than an element: several columns, each of which sees one window of the range.

Saturation cuts a window out of a value: with offset e, clamp(y - e) follows y over 2**bits elements
and stands still beyond. So with a layer's columns repeated w times, window i beginning where window
i - 1 ends,

    e[i] = e[0] + i * (2**bits - 1)                                                        (1)
    y    = e[0] + sum over i of (clamp(y - e[i] - 2**(bits-1)) + 2**(bits-1))              (2)

for every y from e[0] up to w times the range of an element. A last layer's values have either sign,
e[0] = -w * (2**bits - 1) / 2, and the host adds (2); it is narrow, and an engine pads it to its
block, so finer outputs cost next to nothing. Behind a ReLU between layers e[0] is 0: what is below
the first window is what the ReLU takes away, and the next layer adds (2) by itself, with the same
weights for all columns of a value. The offsets go into X.
"""

import numpy as np


def window_offsets(windows: int, bits: int, zero_point: int = 0) -> np.ndarray:
    """What is added to y before each window's clamp, (windows,) float64, from equation (1).

    Args:
        windows: w.
        bits: of an element.
        zero_point: the element that stands for 0 where values are not negative, else 0.
    """
    span = 2.0**bits - 1
    if windows == 1:
        return np.array([float(zero_point)])
    first = 0.0 if zero_point else np.floor(-windows * span / 2)
    return -(first + np.arange(windows) * span) - 2 ** (bits - 1)


def window_levels(windows: int, bits: int, zero_point: int = 0) -> int:
    """The largest size of y that all windows together hold."""
    whole = windows * (2**bits - 1)
    if zero_point:
        return whole
    return int(whole // 2)


def join_windows(raw: np.ndarray, windows: int, bits: int, zero_point: int = 0) -> np.ndarray:
    """Equation (2): y, (m, n) float64, from an engine's (m, windows * n)."""
    total = raw.astype(np.float64).reshape(len(raw), windows, raw.shape[1] // windows).sum(axis=1)
    return total + joining_offset(windows, bits, zero_point)


def joining_offset(windows: int, bits: int, zero_point: int = 0) -> int:
    """What equation (2) adds to the sum of the windows' elements."""
    if windows == 1:
        return -zero_point
    first = 0 if zero_point else int(np.floor(-windows * (2.0**bits - 1) / 2))
    return first + windows * 2 ** (bits - 1)
