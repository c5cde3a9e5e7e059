"""Random networks that tests of quantization share."""

from itertools import pairwise

import numpy as np
import pytest

from xfblas.graph import Layer, Network

ACTIVATIONS = {
    "relu": ("relu", 0.0),
    "linear": ("linear", 1.0),
    "leaky": ("leaky_relu", 0.2),
    "exact leaky": ("leaky_relu", 0.25),
    "folded": ("leaky_relu", -0.5),
    "tanh": ("tanh", 1.0),
    "sigmoid": ("sigmoid", 1.0),
}


def make_network(generator, widths, activations, output="linear"):
    """Layers with weights as a trained network has them: small, zero mean, some biases."""
    layers = []
    for index, (k, n) in enumerate(pairwise(widths)):
        kernel = generator.standard_normal((k, n)) * np.sqrt(2 / k)
        bias = generator.standard_normal(n) * 0.1
        layers.append(Layer(f"dense_{index}", kernel, bias, *ACTIVATIONS[activations[index]]))
    return Network("random", tuple(layers), output, (widths[0],))


@pytest.fixture
def network(generator):
    """Three layers, 20-30-24-5."""
    return make_network(generator, [20, 30, 24, 5], ["relu", "leaky", "linear"])


@pytest.fixture
def rows(generator):
    """(300, 20) float32."""
    return generator.standard_normal((300, 20)).astype(np.float32)
