"""Functions of several tensors; the first axis is the batch."""

import functools

import numpy as np


def add(*values):
    """The sum of all values."""
    return _fold(np.add, values)


def subtract(one, other):
    """The first value less the second."""
    return _fold(np.subtract, (one, other))


def multiply(*values):
    """The product of all values."""
    return _fold(np.multiply, values)


def divide(one, other):
    """The first value by the second."""
    return _fold(np.divide, (one, other))


def average(*values):
    """The mean of all values."""
    return add(*values) / len(values)


def maximum(*values):
    """The largest of all values, element by element."""
    return _fold(np.maximum, values)


def minimum(*values):
    """The smallest of all values, element by element."""
    return _fold(np.minimum, values)


def concatenate(*values, axis=-1):
    """All values behind one another along an axis."""
    return np.concatenate([_as_float(value) for value in values], axis=axis)


def dot(one, other, axes, normalize=False):
    """Sums of products over one axis of each, batch by batch."""
    one, other = _as_float(one), _as_float(other)
    first, second = (axis % tensor.ndim for axis, tensor in zip(axes, (one, other), strict=True))
    if normalize:
        one, other = _unit(one, first), _unit(other, second)
    # The letters of einsum: 0 is the batch, 1 the axis that is summed.
    left = [0, *range(2, one.ndim + 1)]
    right = [0, *range(one.ndim + 1, one.ndim + other.ndim)]
    left[first:first], right[second:second] = [1], [1]
    left, right = left[: one.ndim], right[: other.ndim]
    kept = [letter for letter in (*left, *right) if letter > 1]
    found = np.einsum(one, left, other, right, [0, *kept])
    return found if kept else found[:, np.newaxis]


def _unit(x, axis):
    return x / np.sqrt(np.maximum((x * x).sum(axis=axis, keepdims=True), 1e-12))


def _fold(function, values):
    """Pairwise, from the left; a tensor of fewer axes takes new ones after the batch, as in Keras.

    That is not numpy's rule, which would put them before the batch.
    """
    most = max(value.ndim for value in values)
    aligned = (
        _as_float(value).reshape(len(value), *(1,) * (most - value.ndim), *value.shape[1:])
        for value in values
    )
    return functools.reduce(function, aligned)


def _as_float(value):
    return value if value.dtype.kind == "f" else value.astype(np.float32)
