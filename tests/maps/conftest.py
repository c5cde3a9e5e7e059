"""Models and their quantized networks, made once for the tests of this folder."""

import zlib

import map_models
import numpy as np
import pytest


@pytest.fixture(scope="session")
def stacks(keras):
    return map_models.stacks(keras.layers)


@pytest.fixture(scope="session")
def made(keras, stacks):
    """``made(name)``: a shaken model, calibration frames, and frames to predict."""
    graphs = {}

    def get(name):
        if name in stacks:
            shape, layers = stacks[name]
            model = keras.Sequential([keras.Input(shape), *layers])
        else:
            if not graphs:
                graphs.update(map_models.graphs(keras))
            model = graphs[name]
        seed = zlib.crc32(name.encode())
        print(f"numpy seed {seed}")
        generator = np.random.default_rng(seed)
        map_models.shake(model, generator)
        return model, *(map_models.images(model, generator, count) for count in (24, 4))

    return get
