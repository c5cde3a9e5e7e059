"""xfblasSetMatrices: the weights of a model changed in C while eight threads predict."""

import threading

import numpy as np
import pytest

import xfblas
from xfblas.device.binding import ffi, lib
from xfblas.errors import InvalidValueError, NotFoundError
from xfblas.graph import Layer, Network


def network(sign):
    generator = np.random.default_rng(0)
    sizes = [(12, 20), (20, 5)]
    layers = [
        Layer(f"d{i}", sign * generator.normal(0, 0.3, size), generator.normal(0, 0.1, size[1]),
              *(("relu", 0.0), ("linear", 1.0))[i])
        for i, size in enumerate(sizes)
    ]  # fmt: skip
    return Network("mlp", tuple(layers), "linear", (12,))


def updates_of(pairs):
    """C's array of (matrix on the device, host array), and what must live as long."""
    updates = ffi.new("xfblasUpdate_t[]", len(pairs))
    for update, (matrix, array) in zip(updates, pairs, strict=True):
        update.d_A = matrix if isinstance(matrix, ffi.CData) else matrix.pointer
        update.A = ffi.from_buffer(array)
        update.rows, update.cols = array.shape
        update.lda, update.elemSize = array.shape[1], array.itemsize
    return updates


@pytest.mark.native  # which has one unit: its chain holds all matrices
def test_predictions_see_all_or_nothing():
    rows = np.random.default_rng(1).normal(0, 1, (300, 12)).astype(np.float32)
    with xfblas.compile(network(1), rows) as model:
        model.load_weights(network(-1), scales="keep")
        other = model.networks["d0"]
        model.load_weights(network(1), scales="keep")
        nets = (model.networks["d0"], other)
        (chain,) = model._engine.plain._chains
        unit = chain.compute_unit
        sets = [
            [
                *zip(chain._weights, [layer.weights for layer in net.layers], strict=True),
                *zip(
                    chain._biases, [layer.bias.reshape(1, -1) for layer in net.layers], strict=True
                ),
            ]
            for net in nets
        ]
        wanted = []
        for pairs in sets:
            unit.call(lib.xfblasSetMatrices, updates_of(pairs), len(pairs))
            wanted.append(model.predict(rows, verbose=0))
        assert not np.array_equal(*wanted)
        stops, wrong = threading.Event(), []

        def predict():
            while not stops.is_set():
                found = model.predict(rows, verbose=0)
                if not any(np.array_equal(found, each) for each in wanted):
                    wrong.append(found)

        threads = [threading.Thread(target=predict) for _ in range(8)]
        for thread in threads:
            thread.start()
        for swap in range(300):
            pairs = sets[swap % 2]
            unit.call(lib.xfblasSetMatrices, updates_of(pairs), len(pairs))
        stops.set()
        for thread in threads:
            thread.join()
        assert not wrong
        np.testing.assert_array_equal(model.predict(rows, verbose=0), wanted[1])


def test_where_one_is_wrong_none_is_written(fcn_unit):
    dtype = fcn_unit.device.dtype
    matrix = fcn_unit.send(np.ones((4, 4), dtype))
    array, other = np.full((4, 4), 7, dtype), np.full((5, 4), 7, dtype)
    wrong = [
        ([(matrix, array), (matrix, other)], InvalidValueError),
        ([(matrix, array), (ffi.NULL, array)], NotFoundError),
        ([(matrix, array), (ffi.cast("void *", 12345678), array)], NotFoundError),
    ]
    for pairs, error in wrong:
        with pytest.raises(error):
            fcn_unit.call(lib.xfblasSetMatrices, updates_of(pairs), len(pairs))
    updates = updates_of([(matrix, array)])
    updates[0].A = ffi.NULL
    for given in ((updates, 1), (ffi.NULL, 1), (updates, 0)):
        with pytest.raises(InvalidValueError):
            fcn_unit.call(lib.xfblasSetMatrices, *given)
    np.testing.assert_array_equal(matrix.read(), np.ones((4, 4), dtype))
    fcn_unit.call(lib.xfblasSetMatrices, updates_of([(matrix, array)]), 1)
    np.testing.assert_array_equal(matrix.read(), array)
