"""Outputs finer than an element: several columns, each of which sees one window of the range.

Saturation cuts a window out of a value: with offset e, clamp(y - e) follows y over 2**bits elements
and stands still beyond. So with the last layer's columns repeated w times, window i beginning where
window i - 1 ends,

    e[i] = -w * (2**bits - 1) / 2 + i * (2**bits - 1)                                       (1)
    y    = e[0] + sum over i of (clamp(y - e[i] - 2**(bits-1)) + 2**(bits-1))                (2)

for every y within w times the range of an element. The offsets go into X, the host adds (2). A last
layer is narrow, and an engine pads it to its block, so finer outputs cost next to nothing.
"""

import numpy as np


def window_offsets(windows: int, bits: int) -> np.ndarray:
    """What is added to y before each window's clamp, (windows,) float64, from equation (1)."""
    span = 2.0**bits - 1
    first = np.floor(-windows * span / 2)
    return -(first + np.arange(windows) * span) - 2 ** (bits - 1)


def window_levels(windows: int, bits: int) -> int:
    """The largest size of y that all windows together hold."""
    return int(windows * (2**bits - 1) // 2)


def join_windows(raw: np.ndarray, windows: int, bits: int) -> np.ndarray:
    """Equation (2): y, (m, n) float64, from an engine's (m, windows * n)."""
    total = raw.astype(np.float64).reshape(len(raw), windows, raw.shape[1] // windows).sum(axis=1)
    return total if windows == 1 else total + joining_offset(windows, bits)


def joining_offset(windows: int, bits: int) -> int:
    """What equation (2) adds to the sum of the windows' elements."""
    first = int(np.floor(-windows * (2.0**bits - 1) / 2))
    return first + windows * 2 ** (bits - 1)
