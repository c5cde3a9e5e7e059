"""What moves, repeats, cuts or gathers the values of a row; the first axis is the batch."""

import math

import numpy as np


def reshape(x, shape):
    """(m, ...) to (m, *shape), of which one size may be -1."""
    known = math.prod(size for size in shape if size != -1)
    size = math.prod(x.shape[1:])
    return x.reshape(len(x), *(size // known if given == -1 else given for given in shape))


def permute(x, axes):
    """Axes counted from 1, as the batch is 0."""
    return np.ascontiguousarray(x.transpose(0, *axes))


def repeat(x, count):
    """(m, n) to (m, count, n)."""
    return np.repeat(x[:, np.newaxis], count, axis=1)


def pad(x, widths):
    """Zeros around the axes after the batch: [[before, after], ...]; the rest has none."""
    return np.pad(x, ((0, 0), *map(tuple, widths), *((0, 0),) * (x.ndim - 1 - len(widths))))


def crop(x, widths):
    """The opposite of :func:`pad`."""
    inside = []
    for (before, after), size in zip(widths, x.shape[1:], strict=False):
        if before + after >= size:
            raise ValueError(f"{before} + {after} values are cut off an axis of {size}")
        inside.append(slice(before, size - after))
    return np.ascontiguousarray(x[(slice(None), *inside)])


def mean(x, axes, keepdims=False):
    """Of each row over some axes, which must not be empty."""
    return _nonempty(x, axes).mean(axis=tuple(axes), keepdims=keepdims, dtype=np.float64)


def scaled_mean(x, axes, factors, keepdims=False):
    """The mean, rounded to float32, times some numbers one after the other."""
    found = mean(x, axes, keepdims).astype(np.float32)
    for factor in factors:
        found = found * np.float32(factor)
    return found


def largest(x, axes, keepdims=False):
    """The largest value over axes, which may not be empty."""
    return _nonempty(x, axes).max(axis=tuple(axes), keepdims=keepdims)


def smallest(x, axes, keepdims=False):
    """The smallest value over axes, which may not be empty."""
    return _nonempty(x, axes).min(axis=tuple(axes), keepdims=keepdims)


def total(x, axes, keepdims=False):
    """The sum over axes, in float64."""
    return x.sum(axis=tuple(axes), keepdims=keepdims, dtype=np.float64)


def take(x, index):
    """``x[:, ...]``: whole numbers, and slices as [start, stop, step]."""
    parts = [slice(*part) if isinstance(part, list) else part for part in index]
    return np.ascontiguousarray(x[(slice(None), *parts)])


def gather_windows(x, windows, channels_first=False):
    """Maps of one or two axes and channels to (m, *outputs, taps * channels).

    Args:
        windows: for each axis, for each output the places that its taps see; -1 sees 0.
    """
    x = np.moveaxis(x, 1, -1) if channels_first else x
    rank = x.ndim - 2
    if rank != len(windows):
        raise ValueError(f"a map has {rank} axes, the windows {len(windows)}")
    # The last place along each axis is -1.
    x = np.pad(x, ((0, 0), *((0, 1),) * rank, (0, 0)))
    places = []
    for axis, seen in enumerate(windows):
        shape = [1] * (2 * rank)
        shape[axis], shape[rank + axis] = np.shape(seen)
        places.append(np.reshape(seen, shape))
    found = x[(slice(None), *places)]
    return found.reshape(*found.shape[: rank + 1], -1)


def _nonempty(x, axes):
    if not all(x.shape[axis] for axis in axes):
        raise ValueError("an axis to pool over has no values")
    return x
