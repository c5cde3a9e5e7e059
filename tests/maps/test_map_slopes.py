"""Sums of convolutions before slopes: the engine clamps them there, and has slopes to 1 alone."""

import numpy as np
import pytest

import xfblas

pytestmark = pytest.mark.native
#: A slope has ten bits, which cost 0.2 and -1 a tenth of a per cent; in bytes 0.2 leaves 25 steps.
FLOORS = {16: 52.0, 8: 23.0}


@pytest.mark.parametrize("bits", [16, 8])
@pytest.mark.parametrize("slope", [0.5, 0.2, -0.5, -1.0, 2.0, -2.0, -3.0])
def test_sums_below_zero_keep_their_size(keras, slope, bits):
    """Most sums are negative, so that results are smaller than what is clamped."""
    layers, constant = keras.layers, keras.initializers.Constant
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(6, 3, padding="same", bias_initializer=constant(-1.5)),
            layers.PReLU(alpha_initializer=constant(slope), shared_axes=[1, 2, 3]),
            layers.Conv2D(4, 3),
        ]
    )
    frames = np.random.default_rng(1).normal(0, 1, (32, 8, 8, 3)).astype(np.float32)
    exact = np.asarray(model(frames))
    with xfblas.compile(model, calibration=frames, bits=bits) as compiled:
        assert compiled.networks  # Nothing of it is left to the host.
        error = compiled.predict(frames, verbose=0) - exact
    assert 20 * np.log10(np.linalg.norm(exact) / np.linalg.norm(error)) > FLOORS[bits]
