"""Keras' losses as functions of the targets and predictions of rows, one value per row.

Each takes ``true`` and ``predicted``, float32 of shape (m, ..., c), and returns (m, ...): the last
axis is averaged or summed as Keras does it. ``same_rank`` has made the shapes fit before.
"""

import numpy as np

from xfblas.models.activations import log_softmax, sigmoid, softmax, softplus
from xfblas.scoring.ranks import require_same_shape, same_rank

#: Keeps logarithms and quotients finite, as ``keras.backend.epsilon`` does.
EPSILON = np.float32(1e-7)


def mean_squared_error(true, predicted):
    return np.square(true - predicted).mean(axis=-1)


def mean_absolute_error(true, predicted):
    return np.abs(true - predicted).mean(axis=-1)


def mean_absolute_percentage_error(true, predicted):
    return 100 * np.abs((true - predicted) / np.maximum(np.abs(true), EPSILON)).mean(axis=-1)


def mean_squared_logarithmic_error(true, predicted):
    difference = np.log1p(np.maximum(predicted, EPSILON)) - np.log1p(np.maximum(true, EPSILON))
    return np.square(difference).mean(axis=-1)


def cosine_similarity(true, predicted, axis=-1):
    return -(_normalized(true, axis) * _normalized(predicted, axis)).sum(axis=axis)


def huber(true, predicted, delta=1.0):
    error = np.abs(predicted - true)
    inside = 0.5 * np.square(error)
    return np.where(error <= delta, inside, delta * error - 0.5 * delta**2).mean(axis=-1)


def log_cosh(true, predicted):
    error = predicted - true
    return (error + softplus(-2 * error) - np.float32(np.log(2))).mean(axis=-1)


def hinge(true, predicted):
    return np.maximum(1 - _signs(true) * predicted, 0).mean(axis=-1)


def squared_hinge(true, predicted):
    return np.square(np.maximum(1 - _signs(true) * predicted, 0)).mean(axis=-1)


def categorical_hinge(true, predicted):
    right, wrong = (true * predicted).sum(axis=-1), ((1 - true) * predicted).max(axis=-1)
    return np.maximum(wrong - right + 1, 0)


def kl_divergence(true, predicted):
    true, predicted = np.clip(true, EPSILON, 1), np.clip(predicted, EPSILON, 1)
    return (true * np.log(true / predicted)).sum(axis=-1)


def poisson(true, predicted):
    return (predicted - true * np.log(predicted + EPSILON)).mean(axis=-1)


def categorical_crossentropy(true, predicted, from_logits=False, label_smoothing=0.0, axis=-1):
    true = _smoothed(true, label_smoothing, true.shape[axis])
    return -(true * _logarithms(predicted, from_logits, axis)).sum(axis=axis)


def sparse_categorical_crossentropy(true, predicted, from_logits=False, axis=-1):
    labels = np.expand_dims(true.astype(np.int64), axis)
    logarithms = _logarithms(predicted, from_logits, axis)
    # A label outside of the classes matches none of them in Keras, so its loss is 0.
    known = (labels >= 0) & (labels < logarithms.shape[axis])
    chosen = np.take_along_axis(logarithms, np.where(known, labels, 0), axis)
    return -np.where(known, chosen, 0).squeeze(axis)


def binary_crossentropy(true, predicted, from_logits=False, label_smoothing=0.0, axis=-1):
    true = _smoothed(true, label_smoothing, 2)
    if from_logits:
        losses = true * softplus(-predicted) + (1 - true) * softplus(predicted)
    else:
        losses = _binary(true, predicted)
    return losses.mean(axis=axis)


def binary_focal_crossentropy(
    true,
    predicted,
    apply_class_balancing=False,
    alpha=0.25,
    gamma=2.0,
    from_logits=False,
    label_smoothing=0.0,
    axis=-1,
):
    true = _smoothed(true, label_smoothing, 2)
    if from_logits:
        predicted = sigmoid(predicted)
    chance = true * predicted + (1 - true) * (1 - predicted)
    losses = (1 - chance) ** gamma * _binary(true, predicted)
    if apply_class_balancing:
        losses = (true * alpha + (1 - true) * (1 - alpha)) * losses
    return losses.mean(axis=axis)


def categorical_focal_crossentropy(
    true, predicted, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0, axis=-1
):
    true = _smoothed(true, label_smoothing, true.shape[-1])
    if from_logits:
        predicted = softmax(predicted)
    chances = _clipped(predicted / predicted.sum(axis=axis, keepdims=True))
    return (alpha * (1 - chances) ** gamma * -true * np.log(chances)).sum(axis=axis)


def _normalized(values, axis):
    squares = np.square(values).sum(axis=axis, keepdims=True)
    return values / np.sqrt(np.maximum(squares, np.float32(1e-12)))


def _signs(true):
    """Labels 0 and 1 as -1 and 1; other labels as they are."""
    return 2 * true - 1 if np.isin(true, (0, 1)).all() else true


def _clipped(chances):
    return np.clip(chances, EPSILON, 1 - EPSILON)


def _smoothed(true, amount, classes):
    return true * (1 - amount) + amount / classes if amount else true


def _logarithms(predicted, from_logits, axis):
    if from_logits:
        return np.moveaxis(log_softmax(np.moveaxis(predicted, axis, -1)), -1, axis)
    return np.log(_clipped(predicted / predicted.sum(axis=axis, keepdims=True)))


def _binary(true, predicted):
    chances = _clipped(predicted)
    return -(true * np.log(chances) + (1 - true) * np.log(1 - chances))


LOSSES = {
    function.__name__: function
    for function in (
        mean_squared_error,
        mean_absolute_error,
        mean_absolute_percentage_error,
        mean_squared_logarithmic_error,
        cosine_similarity,
        huber,
        log_cosh,
        hinge,
        squared_hinge,
        categorical_hinge,
        kl_divergence,
        poisson,
        categorical_crossentropy,
        sparse_categorical_crossentropy,
        binary_crossentropy,
        binary_focal_crossentropy,
        categorical_focal_crossentropy,
    )
}


def row_losses(function, true, predicted, options) -> np.ndarray:
    """The values of a loss for rows, after their shapes were made to fit."""
    # A column of labels stands for labels without one where classes are compared with it.
    if function is sparse_categorical_crossentropy:
        if true.ndim == predicted.ndim and true.shape[-1] == 1:
            true = true[..., 0]
    else:
        true, predicted = same_rank(true, predicted)
        if "crossentropy" in function.__name__:
            require_same_shape(true, predicted)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        return function(true, predicted, **options)
