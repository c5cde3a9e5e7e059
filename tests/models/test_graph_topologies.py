"""Functional models: branches, several inputs and outputs, models in models, shared layers."""

import numpy as np
import pytest
from formats import assert_close, check, kinds, predicted, shake

from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.graph import EngineStep, read_graph, read_network

pytestmark = pytest.mark.filterwarnings("ignore")


def residual(keras):
    L = keras.layers
    start = L.Input((6,))
    tensor = L.Dense(6, "relu")(start)
    for _ in range(3):
        inner = L.Dense(6)(L.Dense(5, "relu")(tensor))
        tensor = L.ReLU()(L.BatchNormalization()(L.Add()([tensor, inner])))
    return keras.Model(start, L.Dense(3, "softmax")(tensor))


def wide_and_deep(keras):
    L = keras.layers
    wide, deep = L.Input((4,), name="wide"), L.Input((7,), name="deep")
    hidden = L.Dense(5, "relu")(L.Normalization()(deep))
    joined = L.Concatenate()([wide, L.Dropout(0.3)(hidden)])
    return keras.Model([deep, wide], [L.Dense(2, name="first")(joined), L.Dense(3)(hidden)])


def every_merge(keras):
    L = keras.layers
    start = L.Input((4,))
    one, other, third = L.Dense(3)(start), L.Dense(3, "tanh")(start), L.Dense(3, "relu")(start)
    three = [one, other, third]
    merged = [kind()(three) for kind in (L.Add, L.Multiply, L.Average, L.Maximum, L.Minimum)]
    merged += [L.Subtract()([one, other]), L.Concatenate()(three)]
    merged += [L.Dot(1)([one, other]), L.Dot(-1, normalize=True)([other, third])]
    return keras.Model(start, merged)


def merges_of_other_ranks(keras):
    L = keras.layers
    row, steps = L.Input((6,)), L.Input((4, 6))
    column, image = L.Input((1,)), L.Input((3, 4, 6))
    merged = [L.Add()([row, steps]), L.Multiply()([column, row]), L.Subtract()([steps, row])]
    merged += [L.Concatenate(axis=1)([steps, L.RepeatVector(2)(row)])]
    merged += [
        L.Dot((2, 1))([steps, row]),
        L.Dot((2, 2))([steps, steps]),
        L.Dot((1, 1))([row, row]),
    ]
    merged += [L.Dot((2, 3))([steps, image]), L.Maximum()([row, steps, column])]
    return keras.Model([row, steps, column, image], merged)


def nested_twice(keras):
    """A Siamese model: one nested model called for each of two inputs."""
    L = keras.layers
    inside = L.Input((5,))
    tower = keras.Model(inside, L.Dense(3)(L.BatchNormalization()(L.Dense(4, "relu")(inside))))
    one, other = L.Input((5,)), L.Input((5,))
    return keras.Model([one, other], L.Dot(1, normalize=True)([tower(one), tower(other)]))


def nested_with_ends(keras):
    """Two inputs, two outputs, called twice, its outputs used crosswise."""
    L = keras.layers
    a, b = L.Input((3,), name="a"), L.Input((4,), name="b")
    joined = L.Concatenate()([a, b])
    inner = keras.Model([a, b], [L.Dense(3, "tanh")(joined), L.Dense(4)(joined)], name="inner")
    x, y = L.Input((3,), name="x"), L.Input((4,), name="y")
    first = inner([x, y])
    second = inner(first)
    return keras.Model([x, y], [second[1], L.Add()([first[0], second[0]])])


def nested_with_keys(keras):
    """A nested model that takes a dict, and is given one in another order."""
    L = keras.layers
    a, b = L.Input((3,), name="a"), L.Input((3,), name="b")
    inner = keras.Model({"one": a, "other": b}, L.Subtract()([L.Dense(2)(a), L.Dense(2)(b)]))
    x, y = L.Input((3,)), L.Input((3,))
    swapped = inner({"other": L.ReLU()(x), "one": y})
    return keras.Model([x, y], [inner({"one": x, "other": y}), swapped])


def autoencoder(keras):
    L = keras.layers
    encoder = keras.Sequential([L.Input((6,)), L.Dense(4, "relu"), L.Dense(2, name="code")])
    decoder = keras.Sequential([L.Dense(4, "relu", name="code"), L.Dense(6, "sigmoid")])
    start = L.Input((6,))
    code = encoder(start)
    return keras.Model(start, [decoder(code), code])


def shared_dense(keras):
    L = keras.layers
    start, dense = L.Input((4,)), L.Dense(4, "relu", name="again")
    return keras.Model(start, L.Dense(2)(dense(L.UnitNormalization()(dense(dense(start))))))


def deep_nest(keras):
    L = keras.layers
    third, fourth = (
        keras.Sequential([L.Dense(4, name="dense"), L.ReLU()], name="third") for _ in range(2)
    )
    second = keras.Sequential([third, L.Dense(4, name="dense")], name="second")
    inside = L.Input((4,))
    first = keras.Model(inside, L.Add()([second(inside), fourth(inside)]), name="first")
    return keras.Sequential([L.Input((4,)), first, L.Dense(3, "elu")])


def gate(keras):
    """Squeeze and excite, over steps of open number."""
    L = keras.layers
    start = L.Input((None, 6))
    features = L.Dense(8, "gelu")(L.LayerNormalization()(start))
    squeezed = L.GlobalAveragePooling1D(keepdims=True)(features)
    gates = L.Dense(8, "sigmoid")(L.Dense(2, "relu")(squeezed))
    return keras.Model(start, [L.Multiply()([features, gates]), gates])


def embedded(keras):
    L = keras.layers
    words, facts = L.Input((5,), dtype="int32"), L.Input((3,))
    table = L.Embedding(6, 4)(words)
    joined = L.Concatenate()([L.Flatten()(table), L.GlobalMaxPooling1D()(table), facts])
    return keras.Model([words, facts], L.Dense(2, "softmax")(L.Dense(6, "relu")(joined)))


def dicts(keras):
    L = keras.layers
    inputs = {"one": L.Input((3,), name="first"), "other": L.Input((2,), name="second")}
    joined = L.Concatenate()(list(inputs.values()))
    outputs = {"y": L.Dense(2)(joined), "x": L.Dense(3, "tanh")(joined)}
    return keras.Model(inputs, outputs)


def inputs_passed_through(keras):
    L = keras.layers
    start = L.Input((3,))
    dropped = L.Dropout(0.5)(start)
    dense = L.Dense(2)(dropped)
    return keras.Model(start, [dropped, dense, dense, L.Flatten()(dense)])


def inception(keras):
    """Branches of every length from one tensor, some empty, joined along two axes."""
    L = keras.layers
    start = L.Input((4, 6))
    trunk = L.Dense(5, "leaky_relu")(L.BatchNormalization()(start))
    branches = [trunk, L.Dense(5)(trunk), L.Dense(5, "relu")(L.Dense(3, "tanh")(trunk))]
    branches.append(L.PReLU()(L.BatchNormalization()(trunk)))
    sides = [L.Concatenate(axis=-1)(branches), L.Concatenate(axis=-2)(branches)]
    return keras.Model(start, [L.Dense(2)(side) for side in sides])


TOPOLOGIES = (
    residual, wide_and_deep, every_merge, merges_of_other_ranks, nested_twice, nested_with_ends,
    nested_with_keys,
    autoencoder, shared_dense, deep_nest, gate, embedded, inputs_passed_through, inception,
)  # fmt: skip


@pytest.mark.parametrize("build", TOPOLOGIES, ids=lambda build: build.__name__)
def test_topology(keras, tmp_path, generator, build):
    graph = check(build(keras), tmp_path, generator)
    assert graph.as_network() is None
    described = graph.describe()
    assert [row[0] for row in described] == [step.name for step in graph.steps]
    assert all(where in ("engine", "host") and reason for _, where, reason in described)


def test_dicts_of_inputs_and_outputs(keras, tmp_path, generator):
    model = shake(dicts(keras), generator)
    model.save(tmp_path / "m.keras")
    arrays = {"one": generator.random((4, 3), np.float32)}
    arrays["other"] = generator.random((4, 2), np.float32)
    expected = model.predict(arrays, verbose=0)
    for source in (model, tmp_path / "m.keras"):
        graph = read_graph(source)
        found = graph.forward([arrays[spec.key] for spec in graph.inputs])
        assert {spec.key for spec in graph.outputs} == set(expected)
        for values, spec in zip(found, graph.outputs, strict=True):
            np.testing.assert_allclose(values, expected[spec.key], atol=1e-5)


def test_what_folds_into_engine_steps(keras, tmp_path, generator):
    graph = check(residual(keras), tmp_path, generator)
    # The normalization after an Add has no dense layer before it, and a slope comes after it.
    block = ["engine", "add", "scale", "relu"]
    assert kinds(graph) == ["engine", *block, *block, *block, "engine", "softmax"]
    graph = check(wide_and_deep(keras), tmp_path, generator)
    assert kinds(graph) == ["engine", "concatenate", "engine", "engine"]
    layers = [len(step.network.layers) for step in graph.engine_steps]
    assert layers == [1, 1, 1]


def test_shared_layers_in_a_row_are_a_chain(keras, tmp_path, generator):
    L = keras.layers
    start, dense = L.Input((4,)), L.Dense(4, "relu", name="again")
    model = keras.Model(start, L.Dense(2, "tanh")(dense(dense(start))))
    graph = check(model, tmp_path, generator)
    assert kinds(graph) == ["engine", "tanh"]
    assert [layer.name for layer in read_network(model).layers][:2] == ["again", "again"]


def test_a_model_in_two_others(keras, tmp_path, generator):
    """In memory its weights are found twice; in a file once, which Keras cannot load either."""
    L = keras.layers
    inner = keras.Sequential([L.Input((4,)), L.Dense(4, "relu", name="dense")], name="inner")
    outer = keras.Sequential([L.Input((4,)), inner, L.Dense(4, "tanh")])
    start = L.Input((4,))
    model = shake(keras.Model(start, [outer(start), inner(start)]), generator)
    x = generator.random((5, 4), np.float32)
    for ours, theirs in zip(read_graph(model).forward(x), predicted(model, [x]), strict=True):
        assert_close(ours, theirs)
    model.save(tmp_path / "m.keras")
    with pytest.raises(InvalidValueError, match="their names differ"):
        read_graph(tmp_path / "m.keras")


def test_a_stack_with_a_layer_used_twice(keras):
    """Keras itself saves such a model wrongly."""
    dense = keras.layers.Dense(4, name="twice")
    model = keras.Sequential([keras.layers.Input((4,)), dense, dense])
    with pytest.raises(UnsupportedModelError, match="Sequential that uses twice more than once"):
        read_graph(keras.Sequential([model, keras.layers.Dense(2)]))


def test_long_runs_are_one_step(keras, tmp_path, generator):
    L = keras.layers
    start = L.Input((6,))
    tensor = L.Rescaling(0.5)(start)
    for _ in range(3):
        tensor = L.BatchNormalization()(L.Dense(6, "relu")(L.BatchNormalization()(tensor)))
    graph = check(keras.Model(start, [L.Dense(2)(tensor), start]), tmp_path, generator)
    assert kinds(graph) == ["engine"]
    assert len(graph.steps[0].network.layers) == 4


def test_scalings_and_slopes_without_a_layer_of_their_own(keras, tmp_path, generator):
    """No diagonal layer on the engine: what folds nowhere is the host's."""
    L = keras.layers
    start = L.Input((4,))
    dense, norm, relu = (lambda: L.Dense(4)), L.BatchNormalization, L.ReLU
    for layers, expected in (
        ((dense(), relu(), norm(), L.Activation("tanh")), ["engine", "scale", "tanh"]),
        ((dense(), relu(), norm(), relu(), dense()), ["engine", "scale", "relu", "engine"]),
        ((norm(), relu(), dense(), norm(), norm()), ["scale", "relu", "engine"]),
        ((relu(), norm(), dense(), relu(), relu()), ["relu", "engine"]),
        ((norm(), L.LeakyReLU(0.5)), ["scale", "prelu"]),
    ):
        tensor = start
        for layer in layers:
            tensor = layer(tensor)
        graph = check(keras.Model(start, [tensor, start]), tmp_path, generator)
        assert kinds(graph) == expected


def test_steep_slopes_stay_off_the_engine(keras, tmp_path, generator):
    L = keras.layers
    model = keras.Sequential([L.Input((4,)), L.Dense(3), L.LeakyReLU(1.25), L.Dense(2)])
    graph = check(model, tmp_path, generator)
    assert kinds(graph) == ["engine", "prelu", "engine"]
    assert "slope 1.25 is above 1" in graph.describe()[1][2]


def test_tensors_and_an_engine_of_ones_own(keras, generator):
    model = shake(wide_and_deep(keras), generator)
    arrays = [generator.random((5, 7), np.float32), generator.random((5, 4), np.float32)]
    graph = read_graph(model)
    seen = []

    def engine(step, rows):
        assert isinstance(step, EngineStep) and rows.dtype == np.float32
        seen.append((step.name, rows.shape))
        return step.network.logits(rows)

    tensors = graph.run(arrays, engine)
    assert [name for name, _ in seen] == [step.name for step in graph.engine_steps]
    assert {spec.name for spec in (*graph.inputs, *graph.outputs)} <= set(tensors)
    for spec, values in zip(graph.outputs, predicted(model, arrays), strict=True):
        np.testing.assert_allclose(tensors[spec.name], values, atol=1e-5)
    assert [spec.name for spec in graph.inputs] == ["deep", "wide"]
    assert graph.outputs[0].name == "first"


def test_no_rows_and_one_row(keras, generator):
    for build in (residual, merges_of_other_ranks, gate, nested_twice):
        model = build(keras)
        graph = read_graph(model)
        for rows in (0, 1):
            shapes = [(rows, *(3 if s is None else s for s in i.shape)) for i in graph.inputs]
            found = graph.forward([np.ones(shape) for shape in shapes])
            assert [len(values) for values in found] == [rows] * len(graph.outputs)


def test_wrong_inputs(keras):
    graph = read_graph(wide_and_deep(keras))
    good = [np.ones((2, 7)), np.ones((2, 4))]
    for inputs, text in (
        (good[:1], "inputs are 1, expected a list of 2 arrays: deep, wide"),
        (np.ones((2, 7)), "inputs are 1, expected"),
        ([good[0], np.ones((3, 4))], "'wide': 3.* rows"),
        ([good[0], np.ones((2, 5))], r"input wide has shape \(2, 5\), expected \(rows, 4\)"),
        ([good[0], np.full((2, 4), np.nan)], r"input wide has nan at \(0, 0\)"),
        ([good[0], [["a"] * 4] * 2], "input wide cannot be read"),
        (None, "inputs are NoneType"),
    ):
        with pytest.raises(InvalidValueError, match=text):
            graph.forward(inputs)
