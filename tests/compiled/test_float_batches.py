"""float32 in every batching and on every path: within its bound, and no more is promised."""

import dataclasses

import numpy as np
import pytest
from rounding import network_bound, product_bound, require_near

import xfblas
from xfblas.graph import Layer, Network

BATCHES = (1, 7, 64, 150)


@pytest.fixture(scope="module")
def network():
    """Kernels of awkward widths, a ReLU between, a softmax at the end: 33-50-17-4."""
    generator = np.random.default_rng(6)
    sizes = ((33, 50, "relu", 0.0), (50, 17, "relu", 0.0), (17, 4, "linear", 1.0))
    layers = tuple(
        Layer(
            f"dense_{index}",
            (generator.standard_normal((k, n)) * np.sqrt(2 / k)).astype(np.float32),
            generator.standard_normal(n).astype(np.float32),
            activation,
            slope,
        )
        for index, (k, n, activation, slope) in enumerate(sizes)
    )
    return Network("floats", layers, "softmax", (33,))


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(7).standard_normal((150, 33)).astype(np.float32)


def in_parts(call, rows, size):
    return np.concatenate([call(rows[i : i + size]) for i in range(0, len(rows), size)])


@pytest.mark.parametrize("size", BATCHES)
def test_products(generator, x, size):
    b = generator.standard_normal((33, 21)).astype(np.float32)
    exact, bound = x.astype(float) @ b, product_bound(x, b)
    with xfblas.open(engine="Gemm", dtype=np.float32) as device:
        kept = device.compute_units[0].send(b)
        for right in (b, kept, np.asfortranarray(b)):
            if right is not kept:
                found = in_parts(
                    lambda part, b=right: xfblas.matmul(part, b, device=device), x, size
                )
            else:
                found = in_parts(lambda part: xfblas.matmul(part, kept), x, size)
            assert (np.abs(found - exact) <= bound).all()


@pytest.mark.parametrize("size", BATCHES)
def test_runtimes(network, x, size):
    bound = network_bound(network, x)
    with xfblas.open(dtype=np.float32) as device:
        for where in (device.compute_units[-1], device):
            runtime = xfblas.KerasRT(network, compute_unit=where)
            require_near(in_parts(runtime.predict, x, size), network.forward(x), bound)


@pytest.mark.parametrize("size", BATCHES)
def test_compiled_models(network, x, size):
    bound = network_bound(network, x)
    with xfblas.compile(network, bits=32) as compiled:
        whole = compiled.predict(x, verbose=0)
        require_near(whole, network.forward(x), bound)
        for found in (
            compiled.predict(x, batch_size=size, verbose=0),
            compiled.predict(((x[i : i + size],) for i in range(0, len(x), size)), verbose=0),
            in_parts(compiled, x, size),
            in_parts(compiled.predict_on_batch, x, size),
        ):
            require_near(found, whole, bound)


def test_what_is_beyond_the_bound(network, x):
    """The bound tells rounding from products of fewer digits, such as those of bfloat16."""
    exact, bound = network.forward(x), network_bound(network, x)
    assert (bound < 0.01).all()
    layers = tuple(
        dataclasses.replace(
            layer, kernel=(layer.kernel.view(np.uint32) & 0xFFFF0000).view(np.float32)
        )
        for layer in network.layers
    )
    with pytest.raises(AssertionError):
        require_near(dataclasses.replace(network, layers=layers).forward(x), exact, bound)
