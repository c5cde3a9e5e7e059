"""Functions of several tensors; the first axis is the batch."""

import functools

import numpy as np


def pairwise(function):
    """Of any number of tensors, from the left, by a numpy function of two.

    A tensor of fewer axes takes new ones after the batch, as in Keras. That is not numpy's rule,
    which would put them before the batch.
    """

    def merge(*values):
        most = max(value.ndim for value in values)
        aligned = (
            _as_float(value).reshape(len(value), *(1,) * (most - value.ndim), *value.shape[1:])
            for value in values
        )
        return functools.reduce(function, aligned)

    return merge


def average(*values):
    """The mean of all values."""
    return MERGES["add"](*values) / len(values)


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


def _as_float(value):
    return value if value.dtype.kind == "f" else value.astype(np.float32)


#: All of them, by name.
MERGES = {
    "add": pairwise(np.add),
    "subtract": lambda one, other: pairwise(np.subtract)(one, other),
    "multiply": pairwise(np.multiply),
    "divide": lambda one, other: pairwise(np.divide)(one, other),
    "average": average,
    "maximum": pairwise(np.maximum),
    "minimum": pairwise(np.minimum),
    "concatenate": concatenate,
    "dot": dot,
}
#: Those whose results have a large mean where their inputs do.
LINEAR = tuple(name for name in MERGES if name != "dot")
