"""Keras files of any version, written with h5py alone, and the float64 oracle of their layers."""

import json

import h5py
import numpy as np


def write_named(path, layers, config=None, keras_version="2.2.4"):
    """A file as Keras 1 and 2 write it.

    Args:
        layers: (name, [(weight name, array)]) pairs in the order of the model.
        config: the model's; with it the weights go below model_weights.
    """
    with h5py.File(path, "w") as file:
        root = file
        if config is not None:
            file.attrs["model_config"] = json.dumps(config).encode()
            root = file.create_group("model_weights")
        root.attrs["layer_names"] = [name.encode() for name, _ in layers]
        root.attrs["backend"] = b"tensorflow"
        root.attrs["keras_version"] = keras_version.encode()
        for name, weights in layers:
            group = root.create_group(name)
            group.attrs["weight_names"] = [weight.encode() for weight, _ in weights]
            for weight, values in weights:
                group[weight] = values
    return path


def write_slots(path, layers, separator="/", container="layers"):
    """A ``.weights.h5`` file: (slot, layer's name or None, arrays) triples."""
    with h5py.File(path, "w") as file:
        for slot, name, arrays in layers:
            group = file.create_group(f"{container}{separator}{slot}/vars")
            if name is not None:
                group.attrs["name"] = name
            for index, values in enumerate(arrays):
                group[str(index)] = values
    return path


def layer(class_name, name, **config):
    """A layer's entry in a configuration."""
    return {"class_name": class_name, "config": {"name": name, **config}}


def sequential(*layers, name="sequential_1"):
    """The configuration of Keras 2.2.3 and later."""
    return {"class_name": "Sequential", "config": {"name": name, "layers": list(layers)}}


def kernel_of(generator, k, n):
    return (generator.standard_normal((k, n)) / np.sqrt(k)).astype(np.float32)


def vector_of(generator, n):
    return generator.standard_normal(n).astype(np.float32)


def dense(x, kernel, bias=0.0):
    return np.asarray(x, float) @ np.asarray(kernel, float) + bias


def normalize(x, gamma, beta, mean, variance, epsilon=1e-3):
    """Batch normalization as it predicts."""
    scale = np.asarray(gamma, float) / np.sqrt(np.asarray(variance, float) + epsilon)
    return (x - mean) * scale + beta


def leaky(x, slope=0.0):
    return np.where(x < 0, x * slope, x)


def softmax(x):
    exponentials = np.exp(x - x.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def assert_close(found, expected):
    """Equal up to float32 arithmetic.

    A row passes a few products of at most a hundred terms, each of which rounds to 2**-24; sums
    of that many roundings stay below 1e-5 of the largest value of these small networks.
    """
    assert found.dtype == np.float32
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * scale)
