"""What neither engine nor host can run, and configurations that were tampered with."""

import copy
import json

import numpy as np
import pytest
from handmade import kernel_of, layer, sequential, vector_of, write_named
from hypothesis import given, settings
from hypothesis import strategies as st
from test_graph_old_files import called, functional, node
from test_model_errors import anything, places, stored, two_layers, write

from xfblas.errors import InvalidValueError, UnsupportedModelError, XfblasError
from xfblas.graph import EngineStep, HostStep, ModelGraph, Network, TensorSpec, read_graph

NO_LAYER = "the engine has no such layer"
NOT_WHOLE = "expected a whole number"


@pytest.mark.parametrize(
    ("class_name", "config", "reason"),
    [
        ("Conv3D", {}, NO_LAYER),
        ("LSTM", {}, NO_LAYER),
        (
            "Lambda",
            {"function": {"class_name": "__lambda__", "config": {"code": "4wEA"}}},
            NO_LAYER,
        ),
        ("Mine>Dense", {}, "is of a class of its own"),
        ("ReLU", {"max_value": "six"}, "has 'six' where a number"),
        ("LeakyReLU", {"alpha": float("inf")}, "has inf, expected a finite"),
        ("Activation", {"activation": "sparkle"}, "activation 'sparkle' is not one"),
        ("Activation", {"activation": "hard_sigmoid_2"}, "is not one"),
        ("Softmax", {"axis": 0}, "axis is 0, expected -1"),
        ("Softmax", {"axis": [0, 1]}, r"axis is \[0, 1\], expected axes of the row"),
        ("Softmax", {"axis": 2}, "axis 2 is none of the row's"),
        ("Softmax", {"axis": -2}, "axis -2 is none of the row's"),
        (
            "LayerNormalization",
            {"axis": -2, "scale": False, "center": False},
            "axis -2 is none of the row's",
        ),
        ("LayerNormalization", {"rms_scaling": True}, "rms_scaling"),
        ("GroupNormalization", {"groups": 3, "center": False, "scale": False}, "4 channels cannot"),
        ("GroupNormalization", {"groups": 2, "axis": 1}, "axis is 1, expected -1"),
        ("UnitNormalization", {"axis": "last"}, "axis is 'last'"),
        ("Normalization", {"mean": [1, 2, 3], "variance": 1}, r"mean has shape \(3,\)|\(4,\)"),
        ("Normalization", {"mean": [[1, 2]], "variance": 1}, "its mean has 2 axes, expected at"),
        ("Normalization", {"mean": "much"}, "has much where numbers"),
        ("Rescaling", {"scale": float("nan")}, "has nan where numbers"),
        ("BatchNormalization", {"axis": [1, 2]}, r"axis is \[1, 2\], expected one axis"),
        ("Reshape", {"target_shape": [3, 3]}, r"rows of shape \(4,\) cannot take"),
        ("Reshape", {"target_shape": [-1, -1]}, r"rows of shape \(4,\) cannot take"),
        ("Permute", {"dims": [1, 1]}, "expected each axis once"),
        ("Permute", {"dims": [2, 1]}, "axis 2 is none of the row's"),
        ("RepeatVector", {"n": 10**12}, NOT_WHOLE),
        ("RepeatVector", {"n": True}, NOT_WHOLE),
        ("ZeroPadding1D", {"padding": [-1, 1]}, NOT_WHOLE),
        ("Cropping1D", {"cropping": [2, 2]}, r"2 \+ 2 values are cut off"),
        ("Cropping2D", {"cropping": [1, 2, 3]}, "expected a pair for each axis"),
        ("GlobalAveragePooling2D", {}, "axis 2 is none of the row's"),
        ("Concatenate", {"axis": 0}, "axis is 0"),
        ("Dot", {"axes": [1]}, "axis is .*expected axes"),
        ("Merge", {"mode": "cos"}, "mode is 'cos'"),
        ("Merge", {"mode": "sum", "layers": []}, "takes 1 inputs, expected 2 or more"),
        ("Add", {}, "takes 1 inputs, expected 2 or more"),
        ("Dense", {"dtype": "int8_from_float32", "units": 4}, "quantized by Keras"),
    ],
)
def test_unsupported_layers(tmp_path, class_name, config, reason):
    first, last = two_layers()
    odd = layer(class_name, "odd", **config)
    path = write(tmp_path / "m.h5", first, layer("Activation", "t", activation="tanh"), odd, last)
    with pytest.raises(
        (UnsupportedModelError, InvalidValueError), match=rf"odd \({class_name}\): .*({reason})"
    ):
        read_graph(path)


def test_all_reasons_at_once(tmp_path):
    first, last = two_layers()
    tanh = layer("Activation", "t", activation="tanh")
    odd = [layer("Conv3D", "one"), layer("ReLU", "fine", max_value=1), layer("LSTM", "three")]
    path = write(tmp_path / "m.h5", first, tanh, *odd, last)
    with pytest.raises(UnsupportedModelError) as caught:
        read_graph(path)
    names = [line.split(" (")[0].strip() for line in str(caught.value).splitlines()[1:]]
    assert names == ["one", "three"]


def test_classes_of_ones_own(tmp_path):
    """A class that is called like one of Keras' computes what its own code says."""
    for module, registered in (
        ("mine.layers", None),
        ("builtins", "Mine>Dense"),
        ("keras.layers", "Mine>Dense"),
        ("keras.src.ops.numpy", "Dense"),
    ):
        first, last = two_layers()
        last |= {"module": module, "registered_name": registered}
        path = write(tmp_path / "m.h5", first, last)
        with pytest.raises(UnsupportedModelError, match=r"d2 \(Dense\): is (of a c|a f)"):
            read_graph(path)
    first, last = two_layers()
    last |= {"module": "keras.layers", "registered_name": None}
    assert len(read_graph(write(tmp_path / "m.h5", first, last)).steps) == 2


def test_masks(tmp_path):
    table = np.ones((5, 3), np.float32)
    weights = [("e", [("e/embeddings:0", table)])]
    for class_name, is_refused in (
        ("GlobalAveragePooling1D", True),
        ("Softmax", True),
        ("GlobalMaxPooling1D", False),
        ("Flatten", False),
    ):
        for mask in (False, True):
            first = layer("Embedding", "e", input_dim=5, output_dim=3, mask_zero=mask)
            first["config"]["batch_input_shape"] = [None, 4]
            config = sequential(first, layer(class_name, "odd"))
            path = write_named(tmp_path / "m.h5", weights, config)
            if mask and is_refused:
                with pytest.raises(UnsupportedModelError, match=r"odd .*it may skip what e "):
                    read_graph(path)
            else:
                assert read_graph(path).inputs[0].dtype == "int64"


def test_indices_outside_the_table(tmp_path):
    first = layer("Embedding", "e", input_dim=5, output_dim=3, batch_input_shape=[None, 2])
    weights = [("e", [("e/embeddings:0", np.ones((5, 3), np.float32))])]
    graph = read_graph(write_named(tmp_path / "m.h5", weights, sequential(first)))
    assert graph.forward([[[0, 4]]])[0].shape == (1, 2, 3)
    for index in (5, -1):
        with pytest.raises(InvalidValueError, match=f"index {index} is not in the embedding"):
            graph.forward([[[0, index]]])


def branches():
    return functional(
        called(layer("InputLayer", "i", batch_shape=[None, 3])),
        called(layer("Dense", "d1", units=4, activation="relu"), node("i")),
        called(layer("Softmax", "s", axis=-1), node("d1")),
        called(layer("Reshape", "r", target_shape=[2, 2]), node("s")),
        called(layer("Permute", "p", dims=[2, 1]), node("r")),
        called(layer("ZeroPadding1D", "z", padding=[0, 1]), node("p")),
        called(layer("Cropping1D", "k", cropping=[0, 1]), node("z")),
        called(layer("Normalization", "n", axis=[-1], mean=[1, 2], variance=4), node("k")),
        called(layer("Flatten", "f"), node("n")),
        called(layer("Add", "a"), node("f", "d1")),
        called(layer("ReLU", "c", max_value=2.0), node("a")),
        called(layer("Concatenate", "j", axis=1), node("c", "f")),
        called(layer("Cropping1D", "o", cropping=[0, 4]), node("j")),
        called(layer("Dense", "d2", units=2, activation="softmax"), node("o")),
        inputs=["i"], outputs=["d2", "j"],
    )  # fmt: skip


def nested_branches():
    """The same in a model, called twice."""
    inner = branches()
    inner["name"] = "inner"
    inner["inbound_nodes"] = [node("x"), node("x")]
    return functional(
        called(layer("InputLayer", "x", batch_shape=[None, 3])),
        inner,
        called(layer("Multiply", "m"), node(("inner", 0, 1), ("inner", 1, 1))),
        inputs=["x"], outputs=["m", ["inner", 0, 0]],
    )  # fmt: skip


def test_the_graphs_that_are_changed_are_good(tmp_path):
    x = np.random.default_rng(0).standard_normal((5, 3))
    first = read_graph(write_named(tmp_path / "a.h5", stored()), branches()).forward([x])
    inner = [("inner", [pair for _, arrays in stored() for pair in arrays])]
    path = write_named(tmp_path / "b.h5", inner)
    outer = read_graph(path, nested_branches()).forward([x])
    np.testing.assert_allclose(outer[0], first[1] ** 2, rtol=1e-6)
    np.testing.assert_allclose(outer[1], first[0], rtol=1e-6)


@settings(max_examples=400)
@given(st.data(), st.booleans(), anything)
def test_changed_graphs_never_end_in_another_error(tmp_path_factory, data, is_nested, change):
    """Any part of a configuration replaced by anything: a graph, or an error of this package."""
    path = tmp_path_factory.getbasetemp() / f"graph_{is_nested}.h5"
    if not path.exists():
        inner = [("inner", [pair for _, arrays in stored() for pair in arrays])]
        write_named(path, inner if is_nested else stored())
    config = json.loads(json.dumps(nested_branches() if is_nested else branches()))
    place = data.draw(st.sampled_from(list(places(config))[1:]))
    part = config
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = change
    try:
        graph = read_graph(path, config)
        shapes = [[2, *(3 if size is None else size for size in s.shape)] for s in graph.inputs]
        graph.forward([np.ones(shape) for shape in shapes])
    except XfblasError as error:
        assert str(error)


def test_calls_without_end(tmp_path):
    """A circle, a call of what is not there, and an explosion of nested calls."""
    path = write_named(tmp_path / "w.h5", stored())
    for change in (
        lambda entries: entries[1].update(inbound_nodes=[node("d1")]),
        lambda entries: entries[1].update(inbound_nodes=[node("absent")]),
        lambda entries: entries[1].update(inbound_nodes=[]),
    ):
        config = branches()
        change(config["config"]["layers"])
        with pytest.raises(UnsupportedModelError, match=r"d2 \(Dense\): is not between"):
            read_graph(path, config)
    model = branches()
    model["config"]["output_layers"] = [["f", 0, 0]]
    for depth in range(12):
        inner = {**copy.deepcopy(model), "name": "inner"}
        inner["inbound_nodes"] = [node("x") for _ in range(8)]
        calls = [("inner", index, 0) for index in range(8)]
        model = functional(
            called(layer("InputLayer", "x", batch_shape=[None, 3])),
            inner,
            called(layer("Add", "a"), node(*calls)),
            inputs=["x"], outputs=["a"], name=f"level_{depth}",
        )  # fmt: skip
    with pytest.raises(InvalidValueError, match="layers are called over 100000 times"):
        read_graph(path, model)


def test_wrong_graphs():
    generator = np.random.default_rng(0)
    from xfblas.graph import Layer

    dense = Layer("d", kernel_of(generator, 3, 2), vector_of(generator, 2), "linear", 1.0)
    step = EngineStep("d", "x", "y", Network("d", (dense,), "linear", (3,)))
    inputs, outputs = (TensorSpec("x", (3,)),), (TensorSpec("y", (2,)),)
    assert ModelGraph("g", inputs, outputs, (step,)).as_network().layers == (dense,)
    odd = HostStep("s", ("y",), "z", "sparkle")
    for steps, ends, text in (
        ((), outputs, "no step gives its output"),
        ((step, step), outputs, "names of their own"),
        ((HostStep("s", ("w",), "y", "tanh"),), outputs, "step s takes 'w', expected an input"),
        ((step,), (), "expected inputs"),
    ):
        with pytest.raises(InvalidValueError, match=text):
            ModelGraph("g", inputs, ends, steps)
    graph = ModelGraph("g", inputs, (TensorSpec("z", (2,)),), (step, odd))
    assert graph.as_network() is None
    with pytest.raises(InvalidValueError, match="function is 'sparkle'"):
        graph.forward([np.ones((1, 3))])
