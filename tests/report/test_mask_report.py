"""Reports of models that give a class for each pixel: scores of classes, and their masks."""

import base64
import io
import re

import numpy as np
import pytest

import xfblas
from xfblas.reporting.masks import mask_picture

NAMES = ["person", "car", "road"]


@pytest.fixture(scope="module")
def model(keras):
    """Dense layers on the channels of each pixel."""
    keras.utils.set_random_seed(3)
    layers = keras.layers
    given = keras.Input((6, 5, 4), name="frame")
    return keras.Model(given, layers.Dense(3, name="mask")(layers.Dense(8, "relu")(given)))


@pytest.fixture(scope="module")
def frames(model):
    """Frames, their labels, three of four pixels as the model has them, and its masks."""
    rng = np.random.default_rng(5)
    x = rng.normal(0, 1, (30, 6, 5, 4)).astype(np.float32)
    masks = model.predict(x, verbose=0).argmax(-1)
    labels = np.where(rng.random(masks.shape) < 0.75, masks, rng.integers(0, 3, masks.shape))
    return x, labels, masks


def ratio(part, whole):
    return pytest.approx(part / whole)


def test_scores_against_labels(model, frames):
    x, labels, masks = frames
    with xfblas.compile(model, x, bits=8) as compiled:
        found = compiled.predict(x, verbose=0).argmax(-1)
        report = xfblas.report(compiled, x, labels, classes=NAMES)
    scores = {score.name: score for score in report.outputs[0].masks}
    assert list(scores) == [*NAMES, "mean"]
    for index, name in enumerate(NAMES):
        score, true = scores[name], labels == index
        for mask, iou, dice in (
            (found == index, score.iou, score.dice),
            (masks == index, score.iou_float, score.dice_float),
        ):
            assert iou == ratio((mask & true).sum(), (mask | true).sum())
            assert dice == ratio(2 * (mask & true).sum(), mask.sum() + true.sum())
        assert score.true_positives == ((found == index) & true).sum()
        assert score.false_positives == ((found == index) & ~true).sum()
        assert score.false_negatives == ((found != index) & true).sum()
    assert scores["mean"].iou == ratio(sum(scores[name].iou for name in NAMES), 3)
    text = report.to_text()
    assert "masks: pixels of each class" in text and f"{scores['car'].iou:.4f}" in text
    assert report.to_dict()["outputs"][0]["masks"][1]["dice"] == scores["car"].dice
    assert report.outputs[0].agreement == (found == masks).mean()


def test_scores_against_the_float_model(model, frames):
    x, _, masks = frames
    report = xfblas.report(model, x, calibration=x, bits=8)
    score = report.outputs[0].masks[0]
    assert (score.iou_float, score.dice_float) == (None, None)
    assert score.true_positives + score.false_negatives == (masks == 0).sum()


def test_page_shows_masks(model, frames, tmp_path):
    image = pytest.importorskip("PIL.Image")
    pytest.importorskip("matplotlib")
    x, labels, masks = frames
    with xfblas.compile(model, x) as compiled:
        found = compiled.predict(x, verbose=0).argmax(-1)
        xfblas.report(compiled, x, labels, classes=NAMES).to_html(tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text()
    data = re.search(r'alt="Masks" src="data:image/png;base64,([^"]+)"', text)[1]
    picture = np.asarray(image.open(io.BytesIO(base64.b64decode(data))))
    shown = {"labels": labels[:4], "float": masks[:4], "quantized": found[:4]}
    np.testing.assert_array_equal(picture, mask_picture(None, shown, NAMES))


def test_labels_out_of_range(model, frames):
    x, labels, _ = frames
    with pytest.raises(xfblas.InvalidValueError, match="y holds 3, expected classes"):
        xfblas.report(model, x, np.where(labels == 2, 3, labels), calibration=x)


def test_other_outputs_have_none(keras_model):
    x = np.random.default_rng(1).normal(0, 1, (60, 12)).astype(np.float32)
    assert xfblas.report(keras_model("plain"), x, calibration=x).outputs[0].masks == []
