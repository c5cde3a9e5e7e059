"""What makes bytes finer: weights that make up for each other, and an output in windows."""

import numpy as np
import pytest

import xfblas
from xfblas.quantization.maps.rounding import rounded


def smooth_inputs(samples=600, taps=12):
    """Neighbours that are alike, as those of a picture are."""
    generator = np.random.default_rng(3)
    common = generator.normal(0, 40, (samples, 1))
    return np.rint(common + generator.normal(0, 4, (samples, taps)) + 90)


def noise(inputs, error):
    """Of the outputs, without their mean, which a bias takes."""
    return (inputs @ error).std(axis=0).mean()


def test_alike_inputs_cost_less():
    inputs, kernel = smooth_inputs(), np.random.default_rng(4).normal(0, 30, (12, 16))
    found = rounded(kernel, inputs, 127)
    assert (found == np.rint(found)).all() and np.abs(found).max() <= 127
    plain = noise(inputs, np.rint(kernel) - kernel)
    assert noise(inputs, found - kernel) < 0.4 * plain


def test_limits_and_few_samples():
    inputs, kernel = smooth_inputs(), np.random.default_rng(4).normal(0, 30, (12, 16))
    assert np.abs(rounded(kernel, inputs, 20)).max() == 20
    nearest = np.rint(kernel)
    assert (rounded(kernel, inputs[:23], 127) == nearest.clip(-127, 127)).all()
    assert (rounded(kernel, np.full((600, 12), 7.0), 127) == nearest.clip(-127, 127)).all()


@pytest.fixture(scope="module")
def headed(keras):
    """A body of 16 channels, and a head of 3 whose products are few beside it."""
    layers = keras.layers
    keras.utils.set_random_seed(5)
    return keras.Sequential(
        [
            keras.Input((12, 10, 4)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Conv2D(3, 1),
        ]
    )


@pytest.mark.native
def test_outputs_of_bytes_are_finer(headed, tmp_path):
    frames = np.random.default_rng(6).normal(0, 1, (12, 12, 10, 4)).astype(np.float32)
    exact = np.asarray(headed.predict_on_batch(frames))
    with xfblas.compile(headed, calibration=frames, bits=8) as compiled:
        (maps,) = compiled.networks.values()
        assert maps.network.output_windows == 4 and maps.network.output.channels == 12
        found = compiled.predict(frames, verbose=0)
        assert found.shape == exact.shape
        assert (found == maps.predict(frames)).all()
        # Beyond what one byte could tell apart.
        assert min(len(np.unique(found[..., channel])) for channel in range(3)) > 256
        compiled.save(tmp_path / "model.xfblas")
    with xfblas.load(tmp_path / "model.xfblas") as again:
        assert (again.predict(frames, verbose=0) == found).all()


def test_words_and_costly_heads_have_one_window(keras, headed):
    frames = np.random.default_rng(6).normal(0, 1, (12, 12, 10, 4)).astype(np.float32)
    wide = keras.Sequential([keras.Input((12, 10, 4)), keras.layers.Conv2D(16, 3)])
    for model, bits in ((headed, 16), (wide, 8)):
        with xfblas.compile(model, calibration=frames, bits=bits) as compiled:
            (maps,) = compiled.networks.values()
            assert maps.network.output_windows == 1


def test_channels_of_other_signs_share_a_zero(keras):
    """Channels that are never negative, beside one that is: none is left without a scale."""
    generator = np.random.default_rng(7)
    frames = generator.uniform(0, 1, (16, 9, 8, 3)) * [127, 63, 510] + [-3, 1, 0.5]
    frames = frames.astype(np.float32)
    model = keras.Sequential([keras.Input((9, 8, 3)), keras.layers.Conv2D(5, 3)])
    with xfblas.compile(model, calibration=frames, bits=8) as compiled:
        (maps,) = compiled.networks.values()
        spread = maps.network.input_scale * np.ptp(frames, axis=(0, 1, 2))
        assert spread.min() > 200
        exact = np.asarray(model.predict_on_batch(frames))
        error = compiled.predict(frames, verbose=0) - exact
        assert error.std() < exact.std() / 40
