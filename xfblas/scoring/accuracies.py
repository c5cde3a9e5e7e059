"""Keras' accuracies as functions of the targets and predictions of rows, one value per row."""

import numpy as np

from xfblas.scoring.ranks import same_rank


def equality(true, predicted):
    true, predicted = same_rank(true, predicted)
    return (true == predicted).astype(np.float32)


def binary_accuracy(true, predicted, threshold=0.5):
    true, predicted = same_rank(true, predicted)
    return (true == (predicted > threshold)).astype(np.float32)


def categorical_accuracy(true, predicted):
    return (true.argmax(axis=-1) == predicted.argmax(axis=-1)).astype(np.float32)


def sparse_categorical_accuracy(true, predicted):
    if true.ndim == predicted.ndim and true.shape[-1] == 1:
        true = true[..., 0]
    return (true == predicted.argmax(axis=-1)).astype(np.float32)


def top_k_categorical_accuracy(true, predicted, k=5):
    return _among_best(true.argmax(axis=-1), predicted, k)


def sparse_top_k_categorical_accuracy(true, predicted, k=5):
    if true.ndim == predicted.ndim and true.shape[-1] == 1:
        true = true[..., 0]
    return _among_best(true.astype(np.int64), predicted, k)


def cosine_similarity(true, predicted, axis=-1):
    """As a metric Keras gives it the other sign than as a loss."""
    from xfblas.scoring.losses import cosine_similarity as loss

    return -loss(*same_rank(true, predicted), axis=axis)


def _among_best(labels, predicted, k):
    chosen = np.take_along_axis(predicted, labels[..., np.newaxis], axis=-1)
    return ((predicted > chosen).sum(axis=-1) < k).astype(np.float32)


ACCURACIES = {
    function.__name__: function
    for function in (
        equality,
        binary_accuracy,
        categorical_accuracy,
        sparse_categorical_accuracy,
        top_k_categorical_accuracy,
        sparse_top_k_categorical_accuracy,
        cosine_similarity,
    )
}


def accuracy_for(true_shape, predicted_shape) -> str:
    """Which accuracy Keras means by ``"accuracy"``, from the shapes of a batch."""
    if predicted_shape[-1] == 1:
        return "binary_accuracy"
    return (
        "sparse_categorical_accuracy"
        if _is_sparse(true_shape, predicted_shape)
        else ("categorical_accuracy")
    )


def crossentropy_for(true_shape, predicted_shape) -> str:
    """Which loss Keras means by ``"crossentropy"``, from the shapes of a batch."""
    if predicted_shape[-1] == 1:
        return "binary_crossentropy"
    return (
        "sparse_categorical_crossentropy"
        if _is_sparse(true_shape, predicted_shape)
        else ("categorical_crossentropy")
    )


def _is_sparse(true_shape, predicted_shape) -> bool:
    return len(true_shape) < len(predicted_shape) or (
        true_shape[-1] == 1 and predicted_shape[-1] > 1
    )
