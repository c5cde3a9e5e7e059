"""Convolutions of upsampled maps are phases of their own wherever they are compiled for."""

import numpy as np
import pytest

import xfblas

pytestmark = pytest.mark.native


def model_of(keras, channels):
    layers = keras.layers
    keras.utils.set_random_seed(7)
    return keras.Sequential(
        [
            keras.Input((6, 7, 4)),
            layers.Conv2D(channels, 1, activation="relu"),
            layers.UpSampling2D(),
            layers.Conv2D(8, 3, padding="same"),
        ]
    )


def upsamplings(compiled):
    (maps,) = compiled.networks.values()
    return [step.walk.upsampling for step in maps.network.steps[1:]]


@pytest.mark.parametrize("bits", [8, 16])
def test_integers_are_the_same_everywhere(keras, bits):
    frames = np.random.default_rng(2).normal(0, 1, (4, 6, 7, 4)).astype(np.float32)
    found = []
    for target in ("native", "csim"):
        with xfblas.compile(model_of(keras, 16), frames, bits=bits, target=target) as compiled:
            assert upsamplings(compiled) == [(1, 1)] * 4
            found.append(compiled.predict(frames, verbose=0))
    np.testing.assert_array_equal(*found)


def test_pixels_that_are_encoded_together_are_told_apart(keras):
    """Rows of few features go by 64, of which two have something that is clipped."""
    model = model_of(keras, 16)
    frames = np.random.default_rng(2).normal(0, 1, (12, 6, 7, 4)).astype(np.float32)
    with xfblas.compile(model, frames, bits=8) as compiled:
        far = frames.copy()
        far[1, 5, 6, 3], far[11, 5, 6, 2] = 1e3, -1e4
        compiled.predict(far, verbose=0)
        (found,) = compiled.statistics().values()
    assert (found["rows"], found["clipped_rows"]) == (12 * 6 * 7, 2)
    assert {feature: one["count"] for feature, one in found["features"].items()} == {2: 1, 3: 1}
