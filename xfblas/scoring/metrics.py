"""Keras' metrics: what is added up over batches, and the number that results."""

import numpy as np

from xfblas.scoring.confusion import (
    AUC,
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)
from xfblas.scoring.losses import EPSILON
from xfblas.scoring.ranks import require_same_shape, same_rank, weighted_rows


class RowMean:
    """The weighted mean of a function of rows.

    Args:
        function: takes targets and predictions, returns values of shape (m, ...).
    """

    def __init__(self, function):
        self._function = function
        self._total = self._count = 0.0

    def update(self, true, predicted, weights=None) -> None:
        """Adds a batch: targets and predictions of m rows, and the rows' weights."""
        values, weights = weighted_rows(self._function(true, predicted), weights)
        self._total += float(values.sum())
        self._count += len(values) if weights is None else float(weights.sum())

    def result(self) -> float:
        """The mean so far; 0 where nothing was added."""
        return self._total / self._count if self._count else 0.0


class RootMeanSquaredError(RowMean):
    def __init__(self):
        super().__init__(
            lambda true, predicted: np.square(np.subtract(*same_rank(true, predicted)))
        )

    def result(self):
        return float(np.sqrt(super().result()))


class R2Score:
    def __init__(self, class_aggregation="uniform_average", num_regressors=0):
        self._aggregation, self._regressors = class_aggregation, num_regressors
        self._sums = np.zeros(1)
        self._elements = 0

    def update(self, true, predicted, weights=None):
        true, predicted = (x.astype(np.float64) for x in same_rank(true, predicted))
        require_same_shape(true, predicted)
        weights = np.broadcast_to(
            np.float64(1 if weights is None else np.asarray(weights).reshape(len(true), -1)),
            true.shape,
        )
        terms = (true, true**2, (true - predicted) ** 2, np.ones_like(true))
        self._sums = self._sums + np.stack([(term * weights).sum(axis=0) for term in terms])
        self._elements += true.size

    def result(self):
        total, squares, residual, count = self._sums
        spread = squares - total * (total / count)
        with np.errstate(divide="ignore"):
            scores = 1 - residual / spread
        scores = np.where(np.isinf(scores), 0, scores)
        if self._aggregation == "variance_weighted_average":
            score = (spread * scores).sum() / spread.sum()
        else:
            score = scores.mean() if self._aggregation else scores
        samples, regressors = self._elements, self._regressors
        if regressors and regressors < samples - 1:
            score = 1 - (1 - score) * (samples - 1) / (samples - regressors - 1)
        return score if np.ndim(score) else float(score)


class FBetaScore:
    def __init__(self, average=None, beta=1.0, threshold=None):
        self._average, self._beta, self._threshold = average, beta, threshold
        self._sums = np.zeros(1)

    def update(self, true, predicted, weights=None):
        require_same_shape(true, predicted)
        if self._threshold is None:
            # All zeros name no class, not every one.
            best = predicted >= predicted.max(axis=-1, keepdims=True)
            chosen = (best & (np.abs(predicted) > 1e-9)).astype(np.float64)
        else:
            chosen = (predicted > self._threshold).astype(np.float64)
        weights = 1 if weights is None else np.asarray(weights, np.float64).reshape(len(true), -1)
        terms = (chosen * true, chosen * (1 - true), (1 - chosen) * true, true)
        axis = None if self._average == "micro" else 0
        self._sums = self._sums + np.stack([(term * weights).sum(axis=axis) for term in terms])

    def result(self):
        hits, false, missed, occurrences = self._sums
        precision = hits / (hits + false + EPSILON)
        recall = hits / (hits + missed + EPSILON)
        square = self._beta**2
        scores = (1 + square) * precision * recall / (precision * square + recall + EPSILON)
        if self._average == "weighted":
            return float((scores * occurrences / (occurrences.sum() + EPSILON)).sum())
        return scores.astype(np.float32) if self._average is None else float(np.mean(scores))


class F1Score(FBetaScore):
    def __init__(self, average=None, threshold=None):
        super().__init__(average, 1.0, threshold)


#: Metrics that are more than the mean of a function of rows, by Keras' snake-case names.
METRICS = {
    "root_mean_squared_error": RootMeanSquaredError,
    "r2_score": R2Score,
    "f1_score": F1Score,
    "f_beta_score": FBetaScore,
    "fbeta_score": FBetaScore,
    "auc": AUC,
    "precision": Precision,
    "recall": Recall,
    "true_positives": TruePositives,
    "true_negatives": TrueNegatives,
    "false_positives": FalsePositives,
    "false_negatives": FalseNegatives,
}
