"""Convolutions of upsampled maps: whole or in phases, their integers are the same."""

from dataclasses import replace

import numpy as np
import pytest

import xfblas
from xfblas.quantization.map_steps import (
    ConvolutionStep,
    MapEpilogue,
    MapNetwork,
    MapPlacement,
    MapSlice,
    StoredMap,
    Walk,
)
from xfblas.quantization.maps.simulation import simulate_maps
from xfblas.quantization.maps.upsampled_phases import in_phases


def network_of(generator, dtype, stride=1, dilation=1, largest=9):
    """One convolution of a map that is upsampled, of random sizes and places."""
    pick, limits = generator.integers, np.iinfo(dtype)
    pair = lambda low, high: tuple(map(int, pick(low, high, 2)))  # noqa: E731
    given = StoredMap("given", *pair(1, 6), int(pick(1, 5)))
    kernel, n = pair(1, 5), int(pick(1, 4))
    # Pixels of padding lie beyond the map on all sides, and outputs far beyond its end.
    walk = Walk(
        kernel, pair(1, 9), (stride, 1), (1, dilation), pair(-2, 4), pair(2, 4), int(pick(-9, 9))
    )
    step, first = pair(1, 3), pair(0, 2)
    sizes = [f + (size - 1) * by + 1 for f, size, by in zip(first, walk.output, step, strict=True)]
    result = StoredMap("result", *sizes, n + 1)
    weights = pick(-largest, largest + 1, (kernel[0] * kernel[1] * given.channels, n))
    pixels = walk.output[0] * walk.output[1] if pick(0, 2) else 1
    convolution = ConvolutionStep(
        "up",
        MapSlice("given", given.channels),
        MapPlacement("result", 1, first, step),
        walk,
        weights.astype(dtype),
        pick(-999, 999, (pixels, n)).astype(np.int32),
        MapEpilogue((3, 4), (1, 0)),
    )
    numbers = (np.ones(given.channels), None, int(limits.max), np.ones(n + 1, np.float32))
    output = MapSlice("result", n + 1)
    return MapNetwork(
        "n", np.dtype(dtype), (given, result), (convolution,), "given", output, *numbers
    )


@pytest.mark.parametrize("dtype", [np.int8, np.int16])
def test_phases_have_the_bytes_of_the_whole(generator, dtype):
    limits = np.iinfo(dtype)
    for _ in range(60):
        whole = network_of(generator, dtype)
        parts = in_phases(whole)
        ups = whole.steps[0].walk.upsampling
        at_most = [min(up, size) for up, size in zip(ups, whole.steps[0].walk.output, strict=True)]
        assert len(parts.steps) == at_most[0] * at_most[1]
        assert all(step.walk.upsampling == (1, 1) for step in parts.steps)
        given = whole.maps[0]
        shape = (2, given.height, given.width, given.channels)
        x = generator.integers(limits.min, limits.max + 1, shape).astype(dtype)
        np.testing.assert_array_equal(simulate_maps(parts, x), simulate_maps(whole, x))


def test_what_has_no_phases_stays_whole(generator):
    """Steps of several pixels, and weights whose sums are no elements."""
    for given in ({"stride": 2}, {"dilation": 2}):
        network = network_of(generator, np.int8, **given)
        assert in_phases(network).steps == network.steps
    network = network_of(generator, np.int8)
    step = network.steps[0]
    walk = replace(step.walk, kernel=(2, 2), padding=(0, 0), output=(4, 4), upsampling=(2, 2))
    for largest, count in ((31, 4), (32, 1)):
        weights = np.full((4 * step.source.channels, step.weights.shape[1]), largest, np.int8)
        step = replace(step, walk=walk, weights=weights, bias=step.bias[:1])
        assert len(in_phases(replace(network, steps=(step,))).steps) == count


def model_of(keras, channels, kernel=3, ups=2):
    layers = keras.layers
    keras.utils.set_random_seed(7)
    return keras.Sequential(
        [
            keras.Input((6, 7, 4)),
            layers.Conv2D(channels, 1, activation="relu"),
            # Behind it borders have sums of their own.
            layers.UpSampling2D(ups),
            layers.BatchNormalization(beta_initializer="ones"),
            layers.Conv2D(8, kernel, padding="same"),
        ]
    )


def upsamplings(steps):
    return [step.walk.upsampling for step in steps[1:]]


@pytest.mark.native
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("kernel, ups", [(2, 2), (3, 2), (3, (1, 3)), ((5, 1), 2)])
def test_integers_are_the_same_everywhere(keras, bits, kernel, ups):
    """Bytes are whole on native, and in phases where kernels multiply each pixel of a window."""
    frames = np.random.default_rng(2).normal(0, 1, (4, 6, 7, 4)).astype(np.float32)
    found, model = [], model_of(keras, 16, kernel, ups)
    whole = (ups, ups) if isinstance(ups, int) else ups
    for target in ("native", "csim"):
        with xfblas.compile(model, frames, bits=bits, target=target) as compiled:
            (maps,) = compiled.networks.values()
            in_bytes = [whole] if bits == 8 else [(1, 1)] * (whole[0] * whole[1])
            assert upsamplings(maps.network.steps) == in_bytes
            steps = in_phases(maps.network).steps
            assert upsamplings(steps) == [(1, 1)] * (whole[0] * whole[1])
            found.append((compiled.predict(frames, verbose=0), compiled.trace(frames)[1]))
            names = [span.name for span in compiled.timeline(frames[:1])[1].spans]
            in_parts = any(":3" in name or ":2" in name for name in names)
            assert in_parts == (target == "csim" or bits == 16)
    np.testing.assert_array_equal(found[0][0], found[1][0])
    assert found[0][1].keys() == found[1][1].keys()
    for name, values in found[0][1].items():
        np.testing.assert_array_equal(values, found[1][1][name])


@pytest.mark.native
@pytest.mark.parametrize("sign", [-1, 1])
def test_sums_of_weights_are_bytes_whatever_the_weights(keras, sign):
    """All of one sign and size, so that phases add up the most, and rounding adds to it."""
    generator = np.random.default_rng(3)
    frames = np.abs(generator.normal(0, 1, (2, 6, 7, 4))).astype(np.float32)
    for seed in range(4):
        model = model_of(keras, 16)
        kernel = np.random.default_rng(seed).uniform(0.9, 1, (3, 3, 16, 8)) * sign
        model.layers[-1].set_weights([kernel, np.zeros(8)])
        with xfblas.compile(model, frames, bits=8) as compiled:
            (maps,) = compiled.networks.values()
            assert upsamplings(maps.network.steps) == [(2, 2)]
            assert upsamplings(in_phases(maps.network).steps) == [(1, 1)] * 4
            floats = np.asarray(model(frames))
            error = compiled.predict(frames, verbose=0) - floats
        assert np.abs(error).max() < 0.03 * np.abs(floats).max()


@pytest.mark.native
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
