"""Counts of pixels against loops, what is derived from them, and what is refused."""

import numpy as np
import pytest

from xfblas.errors import InvalidValueError
from xfblas.scoring import SegmentationScore, score_masks


def obvious(labels, predicted, count):
    """The same by loops over pixels."""
    confusion = [[0] * count for _ in range(count)]
    for true, found in zip(labels.ravel().tolist(), predicted.ravel().tolist(), strict=True):
        confusion[true][found] += 1
    return confusion


@pytest.mark.parametrize("shape", [(1,), (7, 5), (2, 3, 4), (0,), (1, 300)])
@pytest.mark.parametrize("count", [1, 2, 4, 19])
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.int8, np.uint64])
def test_equal_to_loops(generator, shape, count, dtype):
    labels, predicted = (generator.integers(0, count, shape).astype(dtype) for _ in range(2))
    score = score_masks(labels, predicted, count)
    confusion = obvious(labels, predicted, count)
    assert score.confusion.tolist() == confusion
    for c in range(count):
        positive = sum(confusion[i][c] for i in range(count)) - confusion[c][c]
        negative = sum(confusion[c]) - confusion[c][c]
        hit = confusion[c][c]
        assert score.true_positives[c] == hit
        assert score.false_positives[c] == positive
        assert score.false_negatives[c] == negative
        union = hit + positive + negative
        if union:
            assert score.iou[c] == hit / union
            assert score.dice[c] == 2 * hit / (2 * hit + positive + negative)
        else:
            assert np.isnan(score.iou[c]) and np.isnan(score.dice[c])
    if labels.size:
        assert score.pixel_agreement == (labels == predicted).mean()
        assert score.mean_iou == pytest.approx(np.nanmean(score.iou), rel=1e-15)
        assert score.mean_dice == pytest.approx(np.nanmean(score.dice), rel=1e-15)


def test_known_masks():
    """A mask by hand: class 0 is missed once, class 2 neither occurs nor is predicted."""
    score = score_masks([[0, 0], [1, 3]], [[0, 1], [1, 3]], 4)
    np.testing.assert_array_equal(score.iou, [1 / 2, 1 / 2, np.nan, 1])
    np.testing.assert_array_equal(score.dice, [2 / 3, 2 / 3, np.nan, 1])
    assert score.mean_iou == pytest.approx(2 / 3)
    assert score.pixel_agreement == 0.75


def test_missed_class_counts():
    """A class that occurs and is never found has 0, not nothing."""
    score = score_masks([0, 0, 1], [0, 0, 0], 3)
    np.testing.assert_array_equal(score.iou, [2 / 3, 0, np.nan])


def test_batches_add_up(generator):
    labels, predicted = generator.integers(0, 4, (2, 6, 5, 5))
    parts = [score_masks(labels[i : i + 2], predicted[i : i + 2], 4) for i in (0, 2, 4)]
    whole = parts[0] + parts[1] + parts[2]
    np.testing.assert_array_equal(whole.confusion, score_masks(labels, predicted, 4).confusion)


def test_no_pixels(recwarn):
    score = score_masks(np.empty((0, 4), int), np.empty((0, 4), int), 2)
    assert all(map(np.isnan, (score.mean_iou, score.mean_dice, score.pixel_agreement)))
    assert not recwarn.list


def test_more_pixels_than_32_bits():
    """Sums are of 64 bits."""
    score = SegmentationScore(np.full((2, 2), 2**40))
    assert score.false_positives.tolist() == [2**40, 2**40]
    assert score.pixel_agreement == 0.5


@pytest.mark.parametrize(
    ("labels", "predicted", "count", "message"),
    [
        ([0, 4], [0, 1], 4, "labels go from 0 to 4, expected 0 to 3"),
        ([0, 1], [-1, 1], 4, "predicted go from -1 to 1, expected 0 to 3"),
        ([0, 255], [0, 1], 4, "labels go from 0 to 255, expected 0 to 3"),
        ([0.0, 1.0], [0, 1], 4, "labels are of type float64, expected integers"),
        ([0, 1], [True, False], 4, "predicted are of type bool, expected integers"),
        ([[0, 1]], [0, 1], 4, r"labels have shape \(1, 2\) and predicted \(2,\)"),
        ([0], [0], 0, "class_count is 0, expected 1 to 4096"),
        ([0], [0], 2.0, "class_count is 2.0, expected a whole number"),
        ([[0], [1, 2]], [0], 2, "labels cannot be read as an array"),
    ],
)
def test_refused(labels, predicted, count, message):
    with pytest.raises(InvalidValueError, match=message):
        score_masks(labels, predicted, count)


def test_scores_of_other_classes():
    with pytest.raises(InvalidValueError, match="scores of 2 and 3 classes cannot be added"):
        score_masks([0], [0], 2) + score_masks([0], [0], 3)
