"""Weights of Normalization and BatchNormalization have the shape of their axes, or are refused."""

import itertools

import numpy as np
import pytest
from handmade import layer, sequential, write_named

from xfblas.errors import InvalidValueError
from xfblas.graph import read_graph

SHAPES = ((), (0,), (1,), (2,), (3,), (4,), (1, 1), (1, 4), (4, 1))


def written(path, kind, weights, **config):
    first = layer(kind, "n", batch_input_shape=[None, 4], **config)
    dense = layer("Dense", "d", units=2, activation="linear", use_bias=False)
    stored = [("n", [(f"n/{name}:0", values) for name, values in weights])]
    stored.append(("d", [("d/kernel:0", np.ones((4, 2), "f4"))]))
    return write_named(path, stored, sequential(first, dense))


@pytest.mark.parametrize("axis", (-1, 1, [-1], None))
def test_shapes_of_mean_and_variance(tmp_path, axis):
    right = () if axis is None else (4,)
    for shapes in itertools.product(SHAPES, repeat=2):
        arrays = (np.ones(shape, "f4") for shape in shapes)
        weights = [*zip(("mean", "variance"), arrays, strict=True), ("count", np.int64(0))]
        path = written(tmp_path / "m.h5", "Normalization", weights, axis=axis)
        if shapes == (right, right):
            assert read_graph(path, trusted=True).forward([np.ones((2, 4))])[0].shape == (2, 2)
        else:
            with pytest.raises(InvalidValueError, match=r"(mean|variance) has shape \("):
                read_graph(path, trusted=True)


def test_shapes_of_batch_normalizations(tmp_path):
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    for shape in SHAPES:
        for wrong in (names, *((name,) for name in names)):
            sizes = [shape if name in wrong else (4,) for name in names]
            weights = [(name, np.ones(size, "f4")) for name, size in zip(names, sizes, strict=True)]
            path = written(tmp_path / "m.h5", "BatchNormalization", weights)
            if shape == (4,):
                assert read_graph(path, trusted=True).outputs[0].shape == (2,)
                continue
            with pytest.raises(InvalidValueError, match=r"has shape \("):
                read_graph(path, trusted=True)
