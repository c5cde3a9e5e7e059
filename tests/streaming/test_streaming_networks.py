"""Streaming networks on the target under test: every s and x has the oracle's bytes."""

import numpy as np
import pytest
import stream_networks as networks
import stream_oracle

import xfblas
from xfblas.errors import NotInitializedError

DTYPES = ("float32", "int16")


def open_network(name, dtype, **options):
    sizes, activations, multipliers = networks.NETWORKS[name]
    options = {"multipliers": multipliers, **options}
    return xfblas.StreamingMLP(sizes, activations, dtype, **options)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", networks.NETWORKS)
def test_bytes_of_the_oracle(name, dtype):
    generator = networks.new_generator()
    with open_network(name, dtype) as mlp:
        for count in (1, 70, 1, 3):  # weights are loaded anew in between
            layers = networks.random_layers(generator, mlp.network)
            networks.load(mlp, layers)
            for _ in range(2):  # and rows come twice with the same ones
                rows = networks.random_rows(generator, mlp.network, count)
                found = networks.run(mlp, rows)
                assert list(found) == list(mlp.network.outputs)
                networks.require_same(found, rows, layers)


@pytest.mark.parametrize("dtype", DTYPES)
def test_any_choice_of_outputs(dtype):
    generator = networks.new_generator()
    with open_network("awkward", dtype) as mlp:
        layers = networks.random_layers(generator, mlp.network)
        networks.load(mlp, layers)
        rows = networks.random_rows(generator, mlp.network, 5)
        for number in range(1, 16):
            names = [name for i, name in enumerate(mlp.network.outputs) if number >> i & 1]
            found = networks.run(mlp, rows, names)
            assert list(found) == names
            networks.require_same(found, rows, layers)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_thousand_rows_and_none(dtype):
    generator = networks.new_generator()
    with open_network("awkward", dtype) as mlp:
        layers = networks.random_layers(generator, mlp.network)
        networks.load(mlp, layers)
        rows = networks.random_rows(generator, mlp.network, 1000)
        networks.require_same(networks.run(mlp, rows), rows, layers)
        assert networks.run(mlp, rows[:0])["x2"].shape == (0, 3)


def test_extreme_floats():
    """Infinite sums, NaNs, denormals and both zeros come out as IEEE has them."""
    generator = networks.new_generator()
    values = [0.0, -0.0, 1e-40, -1e-40, 3e38, -3e38, 1e-20, 90.0, -90.0, 1.0]
    with xfblas.StreamingMLP([2, 4], "tanh", multipliers=2) as tanh:
        layers = networks.random_layers(generator, tanh.network)
        layers[0]["weights"][:] = np.float32([[1, 1, 10, -1], [1, -1, 10, 1e-3]])
        networks.load(tanh, layers)
        rows = np.float32([(a, b) for a in values for b in values])
        networks.require_same(tanh.run(rows), rows, layers)
        found = stream_oracle.run(rows, layers)
        assert np.isnan(found["s1"]).any() and np.isinf(found["s1"]).any()


def test_two_networks_of_one_image_keep_their_own_weights():
    generator = networks.new_generator()
    with open_network("awkward", "int16") as first, open_network("awkward", "int16", device=1) as b:
        layers = [networks.random_layers(generator, mlp.network) for mlp in (first, b)]
        for mlp, own in zip((first, b), layers, strict=True):
            networks.load(mlp, own)
        rows = networks.random_rows(generator, first.network, 4)
        for mlp, own in zip((first, b), layers, strict=True):
            networks.require_same(networks.run(mlp, rows), rows, own)


def test_weights_never_loaded():
    with open_network("one", "float32") as mlp:
        with pytest.raises(NotInitializedError, match="never loaded"):
            mlp.run([[1.0]])
        mlp.load_weights([np.float32([[2]]), np.float32([1])])
        assert mlp.run([[3.0]])["s1"].tolist() == [[7.0]]
        mlp.unload()
        with pytest.raises(NotInitializedError, match="never loaded"):
            mlp.run([[1.0]])
    with pytest.raises(NotInitializedError, match="closed"):
        mlp.run([[1.0]])
