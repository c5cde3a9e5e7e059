"""Functions of keras.ops between layers, which Keras 3 saves like layers."""

import numpy as np
import pytest
from formats import assert_agrees, inputs_of, kinds, predicted, shake

from xfblas.errors import UnsupportedModelError
from xfblas.graph import read_graph

pytestmark = pytest.mark.filterwarnings("ignore")


def check(model, folder, generator):
    """Not in .h5, in which Keras 3 writes these functions so that they cannot be told."""
    shake(model, generator)
    arrays = inputs_of(model, generator)
    expected = predicted(model, arrays)
    model.save(folder / "m.keras")
    for source in (model, folder / "m.keras"):
        graph = read_graph(source)
        assert_agrees(graph, arrays, expected)
    model.save(folder / "m.h5")
    with pytest.raises(UnsupportedModelError):
        read_graph(folder / "m.h5")
    return graph


def test_arithmetic(keras, tmp_path, generator):
    start, other = keras.layers.Input((4,)), keras.layers.Input((4,))
    x, y = keras.layers.Dense(4)(start), keras.layers.Dense(4, "sigmoid")(other)
    found = [x + y, x * y, x - y, x / (y + 1.0), x + x, x * 2.0, 1 - x, x - 1, x / 2, -1 * x]
    found += [x * np.arange(4, dtype=np.float32), keras.ops.maximum(x, y), keras.ops.minimum(x, y)]
    check(keras.Model([start, other], found), tmp_path, generator)


def test_functions(keras, tmp_path, generator):
    ops, start = keras.ops, keras.layers.Input((3, 4))
    x = keras.layers.Dense(4)(start)
    plain = (ops.relu, ops.sigmoid, ops.tanh, ops.silu, ops.selu, ops.relu6, ops.softplus)
    plain += (ops.softsign, ops.hard_sigmoid, ops.hard_silu, ops.log_sigmoid, ops.exp, ops.abs)
    plain += (ops.square, ops.elu, ops.celu, ops.gelu, ops.softmax, ops.log_softmax, ops.leaky_relu)
    found = [function(x) for function in plain]
    found += [ops.gelu(x, approximate=False), ops.softmax(x, axis=1), ops.clip(x, -1, 0.5)]
    found += [ops.mean(x, axis=1), ops.max(x, axis=-1, keepdims=True), ops.sum(x, axis=(1, 2))]
    found += [ops.min(x, axis=2), ops.concatenate([x, start], axis=1), ops.reshape(x, (-1, 12))]
    found += [ops.transpose(x, (0, 2, 1)), x[:, 0], x[:, -1, 1:3], x[:, ::2], ops.sqrt(ops.abs(x))]
    found += [keras.activations.relu(x), keras.activations.relu(x, max_value=2), ops.elu(x, 0.5)]
    check(keras.Model(start, found), tmp_path, generator)


def test_constants_fold_into_layers(keras, tmp_path, generator):
    start = keras.layers.Input((4,))
    tensor = keras.layers.Dense(3)(start * 0.5 - 1) / 4
    model = keras.Model(start, keras.layers.Dense(2)(keras.ops.relu(tensor)))
    graph = check(model, tmp_path, generator)
    assert kinds(graph) == ["engine"]


def test_what_is_not_known(keras):
    ops, start = keras.ops, keras.layers.Input((3, 4))
    row = keras.layers.Input((4,))
    for tensor, text in (
        (ops.cumsum(start, axis=1), "cumsum .*not known here"),
        (1 / start, "of a constant is not supported"),
        (ops.mean(start, axis=0), "axis is 0"),
        (start[0], r"expected x\[:, ...\]"),
        (start + row, "different rank"),
        (ops.maximum(start, 0.5), "Maximum of a constant is not supported"),
    ):
        with pytest.raises(UnsupportedModelError, match=text):
            read_graph(keras.Model([start, row], tensor))
