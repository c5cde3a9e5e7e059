"""Functional files of Keras 1, Keras 2 and tf.keras, written by hand, against numpy."""

import json
import zipfile

import numpy as np
import pytest
from handmade import (
    assert_close,
    dense,
    kernel_of,
    layer,
    leaky,
    sequential,
    softmax,
    vector_of,
    write_named,
    write_slots,
)

from xfblas.errors import UnsupportedModelError
from xfblas.graph import read_graph


def node(*sources, **keywords):
    """One call in the form of Keras 1 and 2: ('name', call, tensor) or a name alone."""
    full = [(s, 0, 0) if isinstance(s, str) else s for s in sources]
    return [[*source, keywords] for source in full]


def called(entry, *nodes):
    return {**entry, "name": entry["config"]["name"], "inbound_nodes": list(nodes)}


def functional(*entries, inputs, outputs, name="model_1", class_name="Model"):
    full = lambda ends: [[e, 0, 0] if isinstance(e, str) else e for e in ends]  # noqa: E731
    ends = {"input_layers": full(inputs), "output_layers": full(outputs)}
    return {"class_name": class_name, "config": {"name": name, "layers": list(entries), **ends}}


class Weights:
    """A shared layer, 4-4, and two heads, 8-3 and 4-2."""

    def __init__(self, generator):
        self.x, self.y = (generator.standard_normal((9, 4)).astype(np.float32) for _ in range(2))
        self.k1, self.b1 = kernel_of(generator, 4, 4), vector_of(generator, 4)
        self.k2, self.k3 = kernel_of(generator, 8, 3), kernel_of(generator, 4, 2)

    def stored(self):
        return [
            ("in_x", []),
            ("shared", [("shared/kernel:0", self.k1), ("shared/bias:0", self.b1)]),
            ("join", []),
            ("head", [("head/kernel:0", self.k2)]),
            ("side", [("side/kernel:0", self.k3)]),
        ]

    def shared(self, x):
        return leaky(dense(x, self.k1, self.b1))

    def expected(self):
        """Shared on x and y, joined; the side takes the shared layer of itself."""
        first, second = self.shared(self.x), self.shared(self.y)
        head = softmax(dense(np.concatenate([first, second], axis=1), self.k2))
        return head, dense(self.shared(first), self.k3)

    def config(self, join, shared_node=0):
        shared = layer("Dense", "shared", units=4, activation="relu")
        return functional(
            called(layer("InputLayer", "in_x", batch_input_shape=[None, 4])),
            called(layer("InputLayer", "in_y", batch_input_shape=[None, 4])),
            called(
                shared, node("in_x"), node("in_y"), node(("shared", shared_node, 0))
            ),
            called(join, node(("shared", shared_node, 0), ("shared", shared_node + 1, 0))),
            called(layer("Dense", "head", units=3, use_bias=False, activation="softmax"),
                   node("join")),
            called(layer("Dense", "side", units=2, use_bias=False, activation="linear"),
                   node(("shared", shared_node + 2, 0))),
            inputs=["in_x", "in_y"],
            outputs=["head", "side"],
        )  # fmt: skip


@pytest.fixture
def weights(generator):
    return Weights(generator)


def check(graph, weights):
    for found, expected in zip(
        graph.forward([weights.x, weights.y]), weights.expected(), strict=True
    ):
        assert_close(found, expected)


JOINS = (
    layer("Concatenate", "join", axis=-1),
    layer("Merge", "join", mode="concat", concat_axis=1, mode_type="raw"),
)


@pytest.mark.parametrize("join", JOINS, ids=["Concatenate", "Merge"])
def test_shared_layers_of_keras_1_and_2(weights, tmp_path, join):
    path = write_named(tmp_path / "m.h5", weights.stored(), weights.config(join))
    check(read_graph(path), weights)


def test_weights_alone(weights, tmp_path):
    path = write_named(tmp_path / "w.h5", weights.stored())
    for architecture in (weights.config(JOINS[0]), json.dumps(weights.config(JOINS[0]))):
        check(read_graph(path, architecture), weights)


def test_zip_of_keras_2(weights, tmp_path):
    """tf.keras 2.13: functional, references in lists, no names beside the weights."""
    slots = [("dense", None, [weights.k1, weights.b1]), ("dense_1", None, [weights.k2])]
    slots.append(("dense_2", None, [weights.k3]))
    inner = write_slots(tmp_path / "w.h5", slots)
    config = weights.config(JOINS[0])
    config["class_name"] = "Functional"
    for entry in config["config"]["layers"]:
        entry["module"], entry["registered_name"] = "keras.layers", None
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("metadata.json", json.dumps({"keras_version": "2.13.1"}))
        archive.writestr("model.weights.h5", inner.read_bytes())
    check(read_graph(tmp_path / "m.keras"), weights)


@pytest.mark.parametrize("first", [0, 1])
def test_nested_models_are_counted_from_0_or_1(weights, tmp_path, first):
    """Keras 2 counts the calls of a nested model from 1 if it was made with an input."""
    nested = functional(
        called(layer("InputLayer", "inside", batch_input_shape=[None, 4])),
        called(layer("Dense", "shared", units=4, activation="relu"), node("inside")),
        inputs=["inside"], outputs=["shared"], name="tower",
    )  # fmt: skip
    config = weights.config(JOINS[0], first)
    entries = config["config"]["layers"]
    nodes = entries[2]["inbound_nodes"]
    entries[2] = {**nested, "name": "tower", "inbound_nodes": nodes}
    for entry in entries:
        for calls in entry["inbound_nodes"]:
            for source in calls:
                source[0] = source[0].replace("shared", "tower")
    stored = [(name.replace("shared", "tower"), arrays) for name, arrays in weights.stored()]
    path = write_named(tmp_path / "m.h5", stored, config, "2.4.0")
    check(read_graph(path), weights)


def test_hard_sigmoid_is_that_of_the_version(weights, tmp_path):
    config = sequential(
        layer("Dense", "d", units=4, activation="hard_sigmoid", batch_input_shape=[None, 4])
    )
    stored = [("d", [("d/kernel:0", weights.k1), ("d/bias:0", weights.b1)])]
    sums = dense(weights.x, weights.k1, weights.b1)
    for version, expected in (("2.2.4", 0.2 * sums + 0.5), ("3.5.0", sums / 6 + 0.5)):
        path = write_named(tmp_path / "m.h5", stored, config, version)
        assert_close(read_graph(path).forward([weights.x])[0], np.clip(expected, 0, 1))


def test_input_shape_of_keras_2_2_4(weights, tmp_path):
    """Keras 3 takes these rows for steps of 4 values, and then refuses rows."""
    first = layer("Dense", "d", units=4, activation="tanh", batch_input_shape=[None, 4])
    last = layer("Dense", "e", units=2, activation="linear", use_bias=False)
    stored = [("d", [("d/kernel:0", weights.k1), ("d/bias:0", weights.b1)])]
    stored.append(("e", [("e/kernel:0", weights.k3)]))
    for config in (sequential(first, last), {"class_name": "Sequential", "config": [first, last]}):
        graph = read_graph(write_named(tmp_path / "m.h5", stored, config))
        assert graph.inputs[0].shape == (4,)
        hidden = np.tanh(dense(weights.x, weights.k1, weights.b1))
        assert_close(graph.forward(weights.x)[0], dense(hidden, weights.k3))


def test_unstated_shapes_in_a_graph(weights, tmp_path):
    stored = [("d", [("d/kernel:0", weights.k1), ("d/bias:0", weights.b1)])]
    for first in ([], [layer("Flatten", "f")], [layer("Dropout", "o", p=0.5)]):
        config = sequential(
            *first, layer("Dense", "d", units=4, activation="tanh"), layer("Softmax", "s")
        )
        graph = read_graph(write_named(tmp_path / "m.h5", stored, config))
        assert graph.inputs[0].shape == (4,)
        expected = softmax(np.tanh(dense(weights.x, weights.k1, weights.b1)))
        assert_close(graph.forward(weights.x)[0], expected)
    config = sequential(layer("ELU", "e", alpha=0.5), layer("LeakyReLU", "l"))
    with pytest.raises(UnsupportedModelError, match="shape of its input e_input is not stated"):
        read_graph(write_named(tmp_path / "n.h5", [("d", [])], config))


def test_activations_in_a_list(weights, tmp_path):
    stored = [("d", [("d/kernel:0", weights.k1), ("d/bias:0", weights.b1)])]
    stored.append(("e", [("e/kernel:0", weights.k3)]))
    graph = read_graph(write_named(tmp_path / "w.h5", stored), ["tanh", "softmax"])
    expected = softmax(dense(np.tanh(dense(weights.x, weights.k1, weights.b1)), weights.k3))
    assert_close(graph.forward(weights.x)[0], expected)
