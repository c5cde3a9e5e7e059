"""How well masks of classes agree: counts of pixels, and what is derived from them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from xfblas.arrays import describe, seen
from xfblas.checks import require_integer
from xfblas.errors import InvalidValueError


@dataclass(frozen=True, eq=False)
class SegmentationScore:
    """Counts of pixels by true and predicted class; scores of batches are added with ``+``.

    Attributes:
        confusion: (c, c) int64; ``confusion[i, j]`` pixels of class i were predicted as class j.
    """

    confusion: np.ndarray

    def __post_init__(self) -> None:
        counts = seen("confusion", self.confusion)
        if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or counts.dtype.kind not in "iu":
            raise InvalidValueError(
                f"confusion is {describe(counts)}, expected integers for each pair of classes"
            )
        if counts.size and counts.min() < 0:
            raise InvalidValueError(f"confusion has {counts.min()}, expected counts of pixels")
        object.__setattr__(self, "confusion", counts.astype(np.int64))

    def __add__(self, other: "SegmentationScore") -> "SegmentationScore":
        if not isinstance(other, SegmentationScore):
            return NotImplemented
        if self.confusion.shape != other.confusion.shape:
            raise InvalidValueError(
                f"scores of {len(self.confusion)} and {len(other.confusion)} classes cannot be "
                "added"
            )
        return SegmentationScore(self.confusion + other.confusion)

    @property
    def true_positives(self) -> np.ndarray:
        """(c,) int64: pixels of each class that were predicted as it."""
        return np.diagonal(self.confusion).copy()

    @property
    def false_positives(self) -> np.ndarray:
        """(c,) int64: pixels of other classes that were predicted as this one."""
        return self.confusion.sum(axis=0) - self.true_positives

    @property
    def false_negatives(self) -> np.ndarray:
        """(c,) int64: pixels of each class that were predicted as another one."""
        return self.confusion.sum(axis=1) - self.true_positives

    @property
    def iou(self) -> np.ndarray:
        """(c,) float64: intersection over union, TP / (TP + FP + FN).

        NaN for a class that neither occurs nor was predicted.
        """
        return _ratio(
            self.true_positives,
            self.true_positives + self.false_positives + self.false_negatives,
        )

    @property
    def dice(self) -> np.ndarray:
        """(c,) float64: 2 TP / (2 TP + FP + FN), also called F1; NaN where ``iou`` is."""
        twice = 2 * self.true_positives
        return _ratio(twice, twice + self.false_positives + self.false_negatives)

    @property
    def mean_iou(self) -> float:
        """Mean over the classes that occur or were predicted; NaN without pixels."""
        return _mean(self.iou)

    @property
    def mean_dice(self) -> float:
        """Mean over the classes that occur or were predicted; NaN without pixels."""
        return _mean(self.dice)

    @property
    def pixel_agreement(self) -> float:
        """Share of pixels whose classes are the same, 0 to 1; NaN without pixels."""
        return float(_ratio(self.true_positives.sum(), self.confusion.sum()))


def score_masks(labels: Any, predicted: Any, class_count: int) -> SegmentationScore:
    """Compares masks pixel by pixel.

    Args:
        labels: true classes, integers from 0 to class_count - 1, of any shape.
        predicted: classes that were predicted, of the same shape.
        class_count: number of classes, 1 or more.

    Raises:
        InvalidValueError: shapes differ, a label is no integer or out of range.
    """
    class_count = require_integer("class_count", class_count, 1, 4096)
    true = _mask("labels", labels, class_count)
    found = _mask("predicted", predicted, class_count)
    if true.shape != found.shape:
        raise InvalidValueError(
            f"labels have shape {true.shape} and predicted {found.shape}, expected the same"
        )
    pairs = true.ravel().astype(np.intp) * class_count + found.ravel().astype(np.intp)
    counts = np.bincount(pairs, minlength=class_count**2)
    return SegmentationScore(counts.reshape(class_count, class_count).astype(np.int64))


def _mask(name: str, values: Any, class_count: int) -> np.ndarray:
    mask = seen(name, values)
    if mask.dtype.kind not in "iu":
        raise InvalidValueError(f"{name} are of type {mask.dtype}, expected integers")
    if mask.size and not (mask.min() >= 0 and mask.max() < class_count):
        raise InvalidValueError(
            f"{name} go from {mask.min()} to {mask.max()}, expected 0 to {class_count - 1}"
        )
    return mask


def _ratio(part: Any, whole: Any) -> Any:
    """Their quotient, NaN where there is nothing."""
    nothing = np.full(np.shape(whole), np.nan)
    return np.divide(part, whole, out=nothing, where=np.asarray(whole) > 0)


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
