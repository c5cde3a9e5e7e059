"""copy.copy, copy.deepcopy and pickle of every public object: they work, or refuse with words."""

import copy
import pickle

import numpy as np
import pytest
from quantization.conftest import make_network

import xfblas
from xfblas import errors
from xfblas.l3 import session

WAYS = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda thing, protocol=protocol: pickle.loads(
            pickle.dumps(thing, protocol)
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.fixture(scope="module")
def network():
    return make_network(np.random.default_rng(1), [20, 30, 5], ["relu", "linear"])


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(2).standard_normal((50, 20)).astype(np.float32)


@pytest.mark.parametrize("way", WAYS)
def test_what_belongs_to_a_device_refuses(network, rows, way):
    with xfblas.open() as device, xfblas.compile(network, rows, goal=0) as model:
        unit = device.compute_units[0]
        runtime = xfblas.KerasRT(network, compute_unit=unit, calibration=rows)
        matrix = unit.send(np.eye(4, dtype=np.int16))
        expected = model.predict(rows, verbose=0)
        things = (device, unit, matrix, model, runtime, session.Session(device))
        for thing in things:
            for held in (thing, [thing], {"a": thing}):
                if way == "copy" and held is not thing:
                    continue
                name = type(thing).__name__
                with pytest.raises(errors.NotSupportedError, match=f"{name} cannot be copied"):
                    WAYS[way](held)
        np.testing.assert_array_equal(model.predict(rows, verbose=0), expected)
        np.testing.assert_array_equal(matrix.read(), np.eye(4))


@pytest.mark.parametrize("way", WAYS)
def test_data_are_copied(network, rows, way):
    copied = WAYS[way](network)
    np.testing.assert_array_equal(copied.forward(rows), network.forward(rows))
    graph = WAYS[way](xfblas.read_graph(network))
    assert [step.name for step in graph.steps]
    with xfblas.compile(graph, rows, goal=0) as model, xfblas.compile(network, rows, goal=0) as one:
        expected = one.predict(rows, verbose=0)
        np.testing.assert_array_equal(model.predict(rows, verbose=0), expected)
        for quantized in model.networks.values():
            WAYS[way](quantized)
        report = WAYS[way](xfblas.report(network, rows))
        assert str(report)


@pytest.mark.parametrize("name", sorted(errors.__dict__))
@pytest.mark.parametrize("way", WAYS)
def test_errors_are_copied(name, way):
    kind = getattr(errors, name)
    if isinstance(kind, type) and issubclass(kind, Exception):
        found = WAYS[way](kind("words"))
        assert type(found) is kind and str(found) == "words"
