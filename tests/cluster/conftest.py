import numpy as np
import pytest

import xfblas
from xfblas.graph.network import Layer

pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(0).normal(size=(3000, 20)).astype(np.float32)


@pytest.fixture(scope="module")
def network():
    generator = np.random.default_rng(1)
    layers = [
        Layer(
            f"dense{index}",
            generator.normal(size=shape).astype(np.float32),
            np.zeros(shape[1], np.float32),
            "linear",
            1.0,
        )
        for index, shape in enumerate([(20, 30), (30, 4)])
    ]
    return xfblas.Network("net", layers, "softmax", (20,))


@pytest.fixture(scope="module")
def model(network, rows):
    with xfblas.compile(network, rows[:500]) as compiled:
        yield compiled


@pytest.fixture(scope="module")
def expected(model, rows):
    return model.predict(rows, verbose=0)


@pytest.fixture(scope="module", autouse=True)
def nothing_held():
    """What tasks in this process leave open would hold the device of other tests."""
    yield
    from xfblas.dask import worker_models

    for held in list(worker_models._held):
        worker_models._held.pop(held).close()
