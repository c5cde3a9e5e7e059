"""Shapes of targets, predictions and weights that differ by an axis of one."""

import numpy as np

from xfblas.errors import InvalidValueError


def same_rank(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Drops, or adds, a last axis of one where the arrays differ by it, as Keras does."""
    if first.ndim == second.ndim + 1 and first.shape[-1] == 1:
        return (first, second[:, np.newaxis]) if second.ndim == 1 else (first[..., 0], second)
    if second.ndim == first.ndim + 1 and second.shape[-1] == 1:
        return (first[:, np.newaxis], second) if first.ndim == 1 else (first, second[..., 0])
    return first, second


def require_same_shape(true: np.ndarray, predicted: np.ndarray) -> None:
    """Raises an InvalidValueError where targets cannot be compared with predictions one by one."""
    if true.shape != predicted.shape:
        raise InvalidValueError(
            f"y has shape {true.shape}, expected {predicted.shape} as the model's output has"
        )


def weighted_rows(values: np.ndarray, weights) -> tuple[np.ndarray, np.ndarray | None]:
    """Means of rows, (m,), and their weights, (m,): how Keras' metrics take in values (m, ...)."""
    if weights is not None:
        values, weights = same_rank(values, np.asarray(weights, np.float32))
        while values.ndim > weights.ndim:
            values = values.mean(axis=-1)
        weights = np.broadcast_to(weights, values.shape)
        values = values * weights
        weights = weights.reshape(len(weights), -1).mean(axis=1)
    return values.reshape(len(values), -1).mean(axis=1, dtype=np.float64), weights
