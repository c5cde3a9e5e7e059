"""How fine the weights behind an upsampling are, where phases may add them up."""

import numpy as np
import pytest

import xfblas
from xfblas.quantization.maps.upsampled_phases import in_phases


def model_of(keras, factors, *layers):
    keras.utils.set_random_seed(5)
    first = keras.layers.Conv2D(16, 1, activation="relu")
    ups = keras.layers.UpSampling2D(factors)
    return keras.Sequential([keras.Input((5, 6, 4)), first, ups, *layers])


def steps_of(model, **options):
    """Those behind the upsampling: of the network, and where kernels take it in phases."""
    frames = np.random.default_rng(4).normal(0, 1, (4, 5, 6, 4)).astype(np.float32)
    found = []
    for target in ("native", "csim"):
        with xfblas.compile(model, frames, bits=8, target=target, **options) as compiled:
            (maps,) = compiled.networks.values()
            found.append(compiled.predict(frames, verbose=0))
    np.testing.assert_array_equal(*found)
    return maps.network.steps[1:], in_phases(maps.network).steps[1:]


@pytest.mark.native
@pytest.mark.parametrize("bits", [2, 4, 5])
def test_weights_of_few_bits_have_all_of_them(keras, bits):
    """Sums of theirs are bytes still: these need no room in them."""
    layer = keras.layers.Conv2D(24, 3, padding="same", name="narrow")
    whole, phases = steps_of(model_of(keras, 2, layer), weight_bits={"narrow": bits})
    (step,) = whole
    assert step.walk.upsampling == (2, 2) and len(phases) == 4
    assert np.abs(step.weights).max() == 2 ** (bits - 1) - 1
    assert max(np.abs(phase.weights).max() for phase in phases) >= 2 ** (bits - 1)


@pytest.mark.native
def test_means_of_upsampled_maps_have_whole_bytes(keras):
    """No target takes them in phases."""
    mean = keras.layers.AveragePooling2D(3, strides=1)
    (step,), phases = steps_of(model_of(keras, 2, mean))
    assert phases == (step,)
    assert step.walk.upsampling == (2, 2)
    assert np.abs(step.weights.astype(int)).max() > 120


@pytest.mark.native
@pytest.mark.parametrize("factors, kernel, is_whole", [(4, 5, True), (5, 5, False), (8, 3, True)])
def test_convolutions_are_phases_where_many_taps_are_one(keras, factors, kernel, is_whole):
    """Weights of which 25 add up to a byte have hardly more than its sign."""
    steps, _ = steps_of(model_of(keras, factors, keras.layers.Conv2D(24, kernel)))
    assert {step.walk.upsampling for step in steps} == {(factors, factors) if is_whole else (1, 1)}
