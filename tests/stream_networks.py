"""Random weights for streaming networks, and what the oracle makes of them."""

import secrets

import numpy as np
import pytest
import stream_oracle

from xfblas.streaming.formats import LayerFormat

#: Sizes, activations, multipliers: one of each kind of corner.
NETWORKS = {
    "one": ([1, 1], ["linear"], 1),
    "awkward": ([5, 7, 3], ["tanh", "sigmoid"], 13),
    "wide": ([3, 70, 9, 17], ["relu", "tanh", "linear"], 900),
    "deep": ([9, 8, 8, 8, 8, 2], ["relu", "sigmoid", "tanh", "relu", "sigmoid"], 40),
    "digits": ([784, 64, 10], ["tanh", "tanh"], None),
}


def new_generator():
    """A generator whose seed pytest shows where a test fails."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    return np.random.default_rng(seed)


def random_layers(generator, network):
    """Layers as the oracle takes them, of the network's type; extreme values among them."""
    return [random_layer(generator, layer, network.data_type) for layer in network.layers]


def random_layer(generator, layer, data_type):
    shape = layer.inputs, layer.outputs
    known = {"activation": layer.activation, "fold": layer.fold}
    if data_type == "float":
        scale = np.float32(1 / np.sqrt(layer.inputs))
        weights = generator.normal(size=shape).astype(np.float32) * scale
        return known | {"weights": weights, "biases": generator.normal(size=shape[1]).astype("f")}
    weights = generator.integers(-32768, 32768, shape).astype(np.int16)
    weights.flat[generator.integers(0, weights.size)] = -32768
    biases = generator.integers(-(2**31), 2**31, shape[1]).astype(np.int32)
    shift = int(generator.integers(0, 26))
    known |= {"shift": shift, "input": int(generator.integers(0, 16))}
    return known | {
        "output": int(generator.integers(0, 16)),
        "weights": weights,
        "biases": biases,
    }


def random_rows(generator, network, count):
    if network.data_type == "float":
        return generator.normal(size=(count, network.sizes[0])).astype(np.float32)
    rows = generator.integers(-32768, 32768, (count, network.sizes[0])).astype(np.int16)
    rows[:1] = -32768
    return rows


def load(mlp, layers):
    pairs = [(layer["weights"], layer["biases"]) for layer in layers]
    if mlp.dtype == np.float32:
        return mlp.load_weights(pairs)
    formats = [LayerFormat(0, layer["shift"], layer["input"], layer["output"]) for layer in layers]
    return mlp.load_integers(pairs, formats)


def run(mlp, rows, outputs=None):
    return mlp.run(rows, outputs, integers=mlp.dtype == np.int16)


def require_same(found, rows, layers):
    """Every output that was asked for has the oracle's bytes."""
    expected = stream_oracle.run(rows, layers)
    for name, values in found.items():
        wanted = expected[name]
        assert values.dtype == wanted.dtype, name
        assert values.shape == wanted.shape, name
        # A NaN is one, whatever its other bits; a zero has its sign.
        bits = np.uint16 if wanted.itemsize == 2 else np.uint32
        same = (values.view(bits) == wanted.view(bits)) | ((values != values) & (wanted != wanted))
        for at in np.argwhere(~same)[:1]:
            place = tuple(map(int, at))
            pytest.fail(f"{name}{place} is {values[place]!r}, expected {wanted[place]!r}")
