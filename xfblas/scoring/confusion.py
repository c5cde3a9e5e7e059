"""Metrics that count hits and misses above thresholds: precision, recall, AUC and the counts."""

import numpy as np

from xfblas.errors import NotSupportedError
from xfblas.models.activations import sigmoid
from xfblas.scoring.losses import EPSILON
from xfblas.scoring.ranks import require_same_shape, same_rank

LOWEST = -1e10


class _Counts:
    """Weighted numbers of true and false, positive and negative, for each threshold."""

    def __init__(self, thresholds, top_k=None, class_id=None):
        self._thresholds = np.float32(np.atleast_1d(thresholds))
        self._top_k, self._class_id = top_k, class_id
        self.hits, self.false, self.missed, self.rejected = np.zeros((4, self._thresholds.size))

    def update(self, true, predicted, weights=None):
        """Adds a batch; a target counts as positive where it is not 0."""
        predicted, true = same_rank(predicted, true)
        require_same_shape(true, predicted)
        if weights is not None:
            weights = np.asarray(weights, np.float64)
            weights = weights.reshape(weights.shape + (1,) * (predicted.ndim - weights.ndim))
        if self._top_k is not None:
            predicted = _best(predicted, self._top_k)
        if self._class_id is not None:
            true, predicted = (
                array[..., self._class_id, np.newaxis] for array in (true, predicted)
            )
        weights = np.broadcast_to(1.0 if weights is None else weights, predicted.shape).ravel()
        # Sorted once, so that each threshold is found by bisection.
        order = np.argsort(predicted, axis=None)
        predicted, positive = predicted.ravel()[order], true.ravel()[order] != 0
        above = np.searchsorted(predicted, self._thresholds, side="right")
        for is_class, found, left_out in (
            (positive, self.hits, self.missed),
            (~positive, self.false, self.rejected),
        ):
            below = np.concatenate([[0], np.cumsum(weights[order] * is_class)])
            found += below[-1] - below[above]
            left_out += below[above]


class _Ratio:
    """Hits divided by hits and something else."""

    def __init__(self, thresholds=None, top_k=None, class_id=None):
        default = 0.5 if top_k is None else LOWEST
        chosen = default if thresholds is None else thresholds
        self._counts = _Counts(chosen, top_k, class_id)
        self.update = self._counts.update

    def result(self):
        hits = self._counts.hits
        return _only(_quotient(hits, hits + self._others(self._counts)))


class Precision(_Ratio):
    @staticmethod
    def _others(counts):
        return counts.false


class Recall(_Ratio):
    @staticmethod
    def _others(counts):
        return counts.missed


class _Number:
    """One of the four counts."""

    kind = "hits"

    def __init__(self, thresholds=None):
        self._counts = _Counts(0.5 if thresholds is None else thresholds)
        self.update = self._counts.update

    def result(self):
        return _only(getattr(self._counts, self.kind))


class TruePositives(_Number):
    kind = "hits"


class FalsePositives(_Number):
    kind = "false"


class TrueNegatives(_Number):
    kind = "rejected"


class FalseNegatives(_Number):
    kind = "missed"


class AUC:
    """Area under the ROC or precision-recall curve, from counts at even thresholds."""

    def __init__(
        self,
        num_thresholds=200,
        curve="ROC",
        summation_method="interpolation",
        thresholds=None,
        multi_label=False,
        num_labels=None,
        label_weights=None,
        from_logits=False,
    ):
        if multi_label or label_weights is not None:
            raise NotSupportedError("AUC has multi_label or label_weights, expected neither")
        if curve.upper() not in ("ROC", "PR"):
            raise NotSupportedError(f"AUC has curve {curve!r}, expected 'ROC' or 'PR'")
        inner = np.arange(1, num_thresholds - 1) / (num_thresholds - 1)
        inner = inner if thresholds is None else np.sort(thresholds)
        self._counts = _Counts([-EPSILON, *inner, 1 + EPSILON])
        self._curve, self._method = curve.upper(), summation_method.lower()
        self._from_logits = from_logits

    def update(self, true, predicted, weights=None):
        predicted = sigmoid(predicted) if self._from_logits else predicted
        self._counts.update(true, np.clip(predicted, 0, 1), weights)

    def result(self):
        counts = self._counts
        recall = _quotient(counts.hits, counts.hits + counts.missed)
        if self._curve == "ROC":
            x, y = _quotient(counts.false, counts.false + counts.rejected), recall
        elif self._method == "interpolation":
            return self._interpolated()
        else:
            x, y = recall, _quotient(counts.hits, counts.hits + counts.false)
        pick = {"interpolation": np.add, "minoring": np.minimum, "majoring": np.maximum}
        heights = pick[self._method](y[:-1], y[1:])
        if self._method == "interpolation":
            heights = heights / 2
        return float(((x[:-1] - x[1:]) * heights).sum())

    def _interpolated(self):
        """Between two thresholds hits grow linearly with what is found, precision does not."""
        counts = self._counts
        found = counts.hits + counts.false
        gained = counts.hits[:-1] - counts.hits[1:]
        slope = _quotient(gained, np.maximum(found[:-1] - found[1:], 0))
        intercept = counts.hits[1:] - slope * found[1:]
        both = (found[:-1] > 0) & (found[1:] > 0)
        ratio = np.where(both, _quotient(found[:-1], found[1:]), 1)
        areas = slope * (gained + intercept * np.log(ratio))
        return float(_quotient(areas, counts.hits[1:] + counts.missed[1:]).sum())


def _best(predicted, k):
    """Everything but the k largest of each row is put below every threshold."""
    ranks = np.argsort(np.argsort(-predicted, axis=-1, kind="stable"), axis=-1)
    return np.where(ranks < k, predicted, np.float32(LOWEST))


def _quotient(dividend, divisor):
    """0 where the divisor is."""
    return np.divide(dividend, divisor, out=np.zeros_like(dividend), where=divisor != 0)


def _only(values):
    return float(values[0]) if len(values) == 1 else values.astype(np.float32)
