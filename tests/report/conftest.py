"""Models and rows that tests of the report share."""

import numpy as np
import pytest

from xfblas.graph import Layer, Network


@pytest.fixture(scope="session")
def network():
    """Layers of every activation, the last with a softmax: 12-20-16-4."""
    generator = np.random.default_rng(4)
    sizes = ((12, 20, "relu", 0.0), (20, 16, "leaky_relu", 0.2), (16, 4, "linear", 1.0))
    layers = tuple(
        Layer(
            f"dense_{index}",
            generator.standard_normal((k, n)) * np.sqrt(2 / k),
            generator.standard_normal(n) * 0.1,
            activation,
            slope,
        )
        for index, (k, n, activation, slope) in enumerate(sizes)
    )
    return Network("small", layers, "softmax", (12,))


@pytest.fixture(scope="session")
def rows():
    """(400, 12) float32."""
    return np.random.default_rng(5).standard_normal((400, 12)).astype(np.float32)


@pytest.fixture(scope="session")
def labels(network, rows):
    """(400,) the network's own classes, every tenth one wrong."""
    found = network.forward(rows).argmax(axis=1)
    found[::10] = (found[::10] + 1) % 4
    return found
