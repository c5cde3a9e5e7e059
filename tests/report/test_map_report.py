"""Reports of convolutional models: layers, where they run, and pixels at the end of a range."""

import warnings

import numpy as np
import pytest

import xfblas


@pytest.fixture(scope="module")
def model(keras):
    keras.utils.set_random_seed(6)
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 7, 3)),
            layers.Conv2D(16, 3, padding="same", activation="relu", name="body"),
            layers.Conv2D(4, 1, name="head"),
        ]
    )


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(7).integers(0, 256, (16, 8, 7, 3)).astype(np.uint8)


@pytest.mark.parametrize("bits", [8, 16])
def test_layers_of_maps(model, images, bits):
    frames = images / np.float32(127.5) - 1
    labels = np.asarray(model.predict_on_batch(frames)).argmax(-1)
    report = xfblas.report(model, frames, labels, bits=bits)
    lines = {line.name: line for line in report.layers}
    assert [(line.place, line.outputs) for line in lines.values()] == [("maps", 16), ("maps", 4)]
    assert min(line.decibels for line in lines.values()) > (60 if bits == 16 else 30)
    assert not any("no layer" in advice.finding for advice in report.advice)
    text = report.to_text()
    assert "dense" not in text and "2 of 2" in text
    assert report.outputs[0].confusion and report.outputs[0].masks


@pytest.mark.native
def test_white_is_no_input_beyond_its_range(model, images):
    """Of 256 levels bytes hold 255 on both sides of zero; the last is rounded."""
    preprocess = {"scale": 1 / 127.5, "offset": -1}
    with xfblas.compile(model, images, bits=8, preprocess=preprocess) as compiled:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            compiled.predict(images, verbose=0)
        (told,) = compiled.statistics().values()
        assert told["rows"] == 16 * 56
        with pytest.warns(RuntimeWarning, match="beyond the range"):
            compiled.predict((images / 127.5 - 1) * 1.02, verbose=0)
