"""Each kind of layer over maps: the float model is Keras', the engine is the simulation's bytes.

Floors of decibels: 16 bits have 96 dB between their largest value and a step's rounding. The margin
of 2 takes 6, the crest of a map's values 10 to 12, and two to five layers with weights and results
rounded each 3 to 7: 65 are left by any of these. Bytes have 48 and no margin, of which as much is
taken: 24 are left, where frames as few as here have values beyond those seen, too.
"""

import map_models
import numpy as np
import pytest

import xfblas
from xfblas.graph import read_graph
from xfblas.layers.placement import PREACTIVATION
from xfblas.quantization import QuantizedMaps, decibels

pytestmark = pytest.mark.filterwarnings("ignore")


class _Names:
    """Keras' layers, of which the names of models are wanted alone."""

    def __getattr__(self, name):
        return lambda *args, **kwargs: None


STACKS = list(map_models.stacks(_Names()))
GRAPHS = (
    *("unet", "unet that adds", "residual", "densely", "inception", "joined twice"),
    *("upsampled and joined", "arithmetic", "nested", "cropped skip", "channels first", "mobile"),
)
#: Those that one run of the tests has; the others are exhaustive.
FLOORS = {16: 65.0, 8: 22.0}
#: Curves and slopes have tables of one scale for all channels, which take as much again.
FINE = {"elu": 60.0}


def snr(values, found):
    return decibels(values.astype(np.float64), found.astype(np.float64))


@pytest.mark.parametrize("name", [*STACKS, *GRAPHS])
def test_every_kind(made, name):
    """About 2**-21 of the largest value for each of some layers of float32 sums."""
    model, calibration, frames = made(name)
    expected = np.asarray(model.predict(frames, verbose=0))
    graph = read_graph(model)
    found = graph.forward(frames)[0]
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() <= 3e-6 * np.abs(expected).max()
    for bits in (16, 8):
        with xfblas.compile(model, calibration=calibration, bits=bits) as compiled:
            steps = compiled.graph.map_steps
            assert len(steps) == 1
            places = [place for _, place, _ in compiled.graph.describe()]
            assert places.count("host") <= 1  # A softmax.
            maps = compiled.networks[steps[0].name]
            assert isinstance(maps, QuantizedMaps)
            predicted = compiled.predict(frames, verbose=0)
            simulated = compiled.graph.run(frames, lambda step, x, maps=maps: maps.predict(x))
            output = compiled.graph.outputs[0].name
            np.testing.assert_array_equal(predicted, simulated[output])
            traced, tensors = compiled.trace(frames)
            np.testing.assert_array_equal(traced, predicted)
            for tensor, values in maps.trace(frames).items():
                np.testing.assert_array_equal(tensors[tensor], values)
            floor = FINE.get(name, FLOORS[bits]) if bits == 16 else FLOORS[bits]
            assert snr(expected, predicted) >= floor
            # What is called like Keras' layer is what Keras' layer gives.
            floats = {}
            steps[0].run(frames, floats.__setitem__, set(tensors))
            for tensor in set(floats) - {output}:
                if not tensor.endswith(PREACTIVATION) and np.ptp(floats[tensor]) > 0:
                    assert snr(floats[tensor], tensors[tensor]) >= floor - 6, tensor


def test_names_are_those_of_all_models(stacks):
    assert list(stacks) == STACKS
    assert len(STACKS) + len(GRAPHS) >= 60


@pytest.mark.parametrize("slope", [0.3, 0.02, -0.5])
@pytest.mark.parametrize("bits", [16, 8])
def test_negative_sums_are_held_before_their_slope(keras, bits, slope):
    """The engine clamps sums, and a slope makes them small after that."""
    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((7, 6, 2)),
            layers.Conv2D(4, 3, bias_initializer=keras.initializers.Constant(-2), name="first"),
            layers.PReLU(keras.initializers.Constant(slope), shared_axes=[1, 2, 3], name="bent"),
            layers.Conv2D(3, 2, name="last"),
        ]
    )
    frames = np.random.default_rng(4).normal(0, 0.5, (40, 7, 6, 2)).astype(np.float32)
    with xfblas.compile(model, frames, bits=bits) as compiled:
        _, found = compiled.trace(frames)
        (step,) = compiled.networks.values()
        (scale,) = (tensor.scale for tensor in step.tensors if tensor.name == "bent")
    exact = keras.Model(model.inputs, model.get_layer("bent").output).predict_on_batch(frames)
    # In steps of the elements: roundings of inputs, weights, sums and the slope of ten bits.
    steps = np.abs(exact - found["bent"]) * scale
    assert steps.max() < (40 if bits == 16 else 3), steps.max()
