"""Scores of a class of an output that gives masks, for the quantized model and the float one."""

from dataclasses import dataclass

import numpy as np

from xfblas.scoring.segmentation import SegmentationScore


@dataclass(frozen=True)
class ClassScore:
    """One class; None where it neither occurs nor was predicted.

    Attributes:
        name: of the class.
        true_positives, false_positives, false_negatives: pixels of the quantized model's masks.
        iou, dice: of the quantized model against the labels, without labels against the float one.
        iou_float, dice_float: of the float model against the labels; None without.
    """

    name: str
    true_positives: int
    false_positives: int
    false_negatives: int
    iou: float | None
    dice: float | None
    iou_float: float | None = None
    dice_float: float | None = None


def class_scores(classes, confusion, confusion_float=()) -> list[ClassScore]:
    """A score for each class, and last one of all, with means over the classes that there are.

    Args:
        classes: their names.
        confusion: rows of true classes, columns of the quantized model's.
        confusion_float: the same of the float model; empty without labels.
    """
    score = SegmentationScore(np.array(confusion))
    plain = SegmentationScore(np.array(confusion_float)) if len(confusion_float) else None
    counts = [score.true_positives, score.false_positives, score.false_negatives]
    shares = [score.iou, score.dice, *([plain.iou, plain.dice] if plain else [])]
    means = [score.mean_iou, score.mean_dice, *([plain.mean_iou, plain.mean_dice] if plain else [])]
    found = [
        ClassScore(name, *(int(c[i]) for c in counts), *(_known(share[i]) for share in shares))
        for i, name in enumerate(classes)
    ]
    total = (int(count.sum()) for count in counts)
    return [*found, ClassScore("mean", *total, *map(_known, means))]


def _known(value) -> float | None:
    return None if np.isnan(value) else float(value)
