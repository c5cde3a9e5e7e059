"""The model that is kept: what it makes of held-out scenes, in float and on the engine."""

import functools

import numpy as np
import pytest
from scenes import scenes
from train_unet import HELD_OUT, MODEL, SEED
from unet import CLASSES, build_unet, preprocess

import xfblas

COUNT, CALIBRATED = 200, 20
#: Share of pixels as float, and what the mean Dice may differ.
AGREEMENT, DICE = {16: 0.9999, 8: 0.995}, 0.002


def masks_of(call, images):
    """Masks by a function of a batch of what the network takes."""
    parts = [images[first : first + 4] for first in range(0, len(images), 4)]
    return np.concatenate([np.asarray(call(preprocess(part))).argmax(-1) for part in parts])


@pytest.fixture(scope="module")
def float_masks(keras):
    """``float_masks(count)``: the first held-out scenes, their labels, and the masks of Keras."""

    @functools.cache
    def get(count):
        images, labels = scenes(count, HELD_OUT)
        model = keras.models.load_model(MODEL, compile=False)
        return images, labels, masks_of(model.predict_on_batch, images)

    return get


def test_the_file_is_the_script_s_network(keras):
    assert MODEL.stat().st_size < 3e6
    model, expected = keras.models.load_model(MODEL), build_unet(width=1 / 8)
    assert [layer.name for layer in model.layers] == [layer.name for layer in expected.layers]
    assert [w.shape for w in model.weights] == [w.shape for w in expected.weights]
    assert getattr(model, "optimizer", None) is None


def test_dice_in_float(float_masks):
    """Of 200 scenes: those of a few dozen lie 0.005 around it."""
    _, labels, masks = float_masks(COUNT)
    score = xfblas.score_masks(labels, masks, len(CLASSES))
    print(score.dice, score.iou)
    assert score.mean_dice > 0.93


@pytest.mark.parametrize("bits", [16, 8])
@pytest.mark.parametrize("count", [24, pytest.param(COUNT, marks=pytest.mark.exhaustive)])
def test_pixels_as_float(float_masks, count, bits):
    images, labels, masks = float_masks(count)
    calibration = preprocess(scenes(CALIBRATED, SEED)[0])
    with xfblas.compile(MODEL, calibration, bits=bits) as compiled:
        found = masks_of(lambda x: compiled.predict(x, verbose=0), images)
    assert (found == masks).mean() >= AGREEMENT[bits]
    own, other = (xfblas.score_masks(labels, mask, len(CLASSES)) for mask in (found, masks))
    assert abs(own.mean_dice - other.mean_dice) <= DICE
