"""Functions that shift and scale a row's values; the first axis is the batch."""

import numpy as np


def scale(x, scale, shift, center=0.0):
    """``(x - center) * scale + shift``; all broadcast over the last axes of a row."""
    return (x - center) * scale + shift


def layer_normalization(x, axes, epsilon, gamma=None, beta=None):
    """To mean 0 and variance 1 over the axes of each row, then scaled and shifted there."""
    axes = tuple(sorted(axis % x.ndim for axis in axes))
    mean = x.mean(axis=axes, keepdims=True, dtype=np.float64)
    variance = np.square(x - mean).mean(axis=axes, keepdims=True)
    sizes = [size if axis in axes else 1 for axis, size in enumerate(x.shape)]
    return _scaled((x - mean) / np.sqrt(variance + epsilon), gamma, beta, sizes)


def group_normalization(x, groups, epsilon, gamma=None, beta=None):
    """To mean 0 and variance 1 over each group of channels, the last axis, and all other axes."""
    channels = x.shape[-1]
    if channels % groups:
        raise ValueError(f"{channels} channels cannot be parted into {groups} groups")
    parts = x.reshape(len(x), -1, groups, channels // groups).astype(np.float64)
    mean = parts.mean(axis=(1, 3), keepdims=True)
    variance = np.square(parts - mean).mean(axis=(1, 3), keepdims=True)
    found = ((parts - mean) / np.sqrt(variance + epsilon)).reshape(x.shape)
    return _scaled(found, gamma, beta, [-1])


def unit_normalization(x, axes):
    """To length 1 over the axes of each row."""
    squares = np.square(x).sum(axis=tuple(axes), keepdims=True)
    return x / np.sqrt(np.maximum(squares, 1e-24))


def rms_normalization(x, axes, epsilon, gamma=None):
    """Divided by the root of the mean square over the axes of each row."""
    axes = tuple(sorted(axis % x.ndim for axis in axes))
    squares = np.square(x, dtype=np.float64).mean(axis=axes, keepdims=True)
    sizes = [size if axis in axes else 1 for axis, size in enumerate(x.shape)]
    return _scaled(x / np.sqrt(squares + epsilon), gamma, None, sizes)


def _scaled(x, gamma, beta, sizes):
    x = x if gamma is None else x * gamma.reshape(sizes)
    return x if beta is None else x + beta.reshape(sizes)
