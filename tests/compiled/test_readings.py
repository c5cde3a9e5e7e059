"""What traces, summaries and reports say of each Keras layer, against Keras' own layers."""

import json
import re

import h5py
import numpy as np
import pytest
from keras_models import KINDS, decibels, rows_for

import xfblas
from xfblas.compiled.accelerate import accelerated_of
from xfblas.errors import InvalidValueError

pytestmark = pytest.mark.native


def bent(keras):
    """Activations of the engine's tables, and of the host after a dense layer and alone."""
    L = keras.layers
    return keras.Sequential(
        [
            keras.Input((6,)),
            L.Dense(8, "tanh", name="first"),
            L.Dense(7, "sigmoid", name="second"),
            L.Dense(6, name="third"),
            L.Activation("hard_shrink", name="fourth"),
            L.Dense(5, "softmax", name="fifth"),
        ]
    )


def folding(keras):
    """Scalings and slopes before, between and after dense layers, and layers that pass on."""
    L = keras.layers
    return keras.Sequential(
        [
            keras.Input((6,)),
            L.Normalization(mean=[0.5] * 6, variance=[2.0] * 6, name="before"),
            L.Dense(8, name="plain"),
            L.BatchNormalization(name="between"),
            L.ReLU(name="rectified"),
            L.Dropout(0.5, name="dropped"),
            L.Dense(7, "relu", name="last"),
            L.Rescaling(0.5, name="after"),
            L.Dense(3, "softmax", name="out"),
            L.Activation("linear", name="nothing"),
        ]
    )


def one_step(keras):
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(3, "softmax", name="only")])


def flattened(keras):
    L = keras.layers
    stack = [keras.Input((2, 3)), L.Flatten(name="flat"), L.Dense(4, "relu"), L.Dense(2, "tanh")]
    return keras.Sequential(stack)


def nested(keras):
    """The same names on each level, and a layer that is called twice."""
    L = keras.layers
    inner = keras.Sequential([keras.Input((6,)), L.Dense(6, "tanh", name="dense")], name="inner")
    start = keras.Input((6,))
    again = L.Dense(6, "relu", name="again")
    tensor = again(again(inner(start)))
    return keras.Model(start, L.Dense(2, "softmax", name="dense")(tensor))


OWN = (bent, folding, one_step, flattened, nested)


@pytest.fixture(params=[*KINDS, *(build.__name__ for build in OWN)])
def model(request, keras, keras_model):
    builders = {build.__name__: build for build in OWN}
    if request.param in KINDS:
        return keras_model(request.param)
    keras.utils.set_random_seed(3)
    return builders[request.param](keras)


def own_values(keras, model, x):
    """What each Keras layer gives, by the name that it has in a trace."""
    layers, tensors = [], []
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        for number, node in enumerate(layer._inbound_nodes, 1):
            name = layer.name if number == 1 else f"{layer.name}#{number}"
            layers.append(name)
            tensors.append(node.output_tensors[0])
    found = keras.Model(model.inputs, tensors).predict(x, verbose=0)
    return dict(zip(layers, found if isinstance(found, list) else [found], strict=True))


def test_the_name_of_a_layer_gives_what_the_layer_gives(keras, model):
    x = rows_for(model, 60)
    expected = own_values(keras, model, x)
    with xfblas.compile(model, x) as compiled:
        _, found = compiled.trace(x)
        lines = {line.name: line for line in xfblas.report(compiled, x).layers}
        placements = {p.layer: p for p in compiled.graph.placements}
    assert set(lines) == set(found)
    for name, values in found.items():
        if ":" in name:
            assert name.removesuffix(":preactivation") in found, name
            continue
        if name == "inner/dense":
            name = "inner"  # The model's only layer.
        assert values.shape == expected[name].shape, name
        assert decibels(values, expected[name]) > 55, name
        if name in lines:
            assert lines[name].largest == pytest.approx(np.abs(expected[name]).max(), rel=1e-3)
    for name in expected:
        if name != "inner":
            assert placements[name].is_computed == (name in found)


def test_parts_are_what_comes_before_the_activation(keras):
    keras.utils.set_random_seed(3)
    model = bent(keras)
    x = rows_for(model, 60)
    with xfblas.compile(model, x) as compiled:
        _, plain = compiled.trace(x)
        _, found = compiled.trace(x, preactivations=True)
        for wrong in (np.zeros((2, 2)), "yes", None):
            with pytest.raises(xfblas.XfblasError, match=r"preactivations is .*True or False"):
                compiled.trace(x, preactivations=wrong)
    given = {"first": x, "second": found["first"], "fifth": found["fourth"]}
    for name, values in given.items():
        kernel, bias = model.get_layer(name).get_weights()
        assert decibels(found[f"{name}:preactivation"], values @ kernel + bias) > 60
    parts = ["first:preactivation", "second:preactivation"]
    rest = ["first", "second", "third", "fourth", "fifth:preactivation", "fifth"]
    assert list(found) == parts + rest and list(plain) == rest


def test_folded_layers_are_shown(keras, capsys):
    keras.utils.set_random_seed(3)
    model = folding(keras)
    x = rows_for(model, 60)
    with xfblas.compile(model, x) as compiled:
        compiled.summary()
        report = xfblas.report(compiled, x)
    summary = capsys.readouterr().out
    expected = {
        "before": "folded into rectified",
        "plain": "folded into rectified",
        "between": "folded into rectified",
        "dropped": "passes its input on",
        "after": "folded into out:preactivation",
        "nothing": "passes its input on",
    }
    places = {line.name: line for line in report.places}
    for name, reason in expected.items():
        assert places[name].place == "-" and places[name].reason == reason
        assert any(line.split()[0] == name and reason in line for line in summary.splitlines())
        assert name in report.to_text() and reason in report.to_text()
    names = [line.name for line in report.places]
    order = [layer.name for layer in model.layers]
    assert [name for name in names if name in order] == order
    assert [place["name"] for place in report.to_dict()["places"]] == names


def test_steps_are_counted_alike_everywhere(model, tmp_path):
    pytest.importorskip("matplotlib")
    x = rows_for(model, 60)
    shown = []
    with xfblas.compile(model, x) as compiled:
        compiled.summary(shown.append)
        report = xfblas.report(compiled, x)
        text = repr(compiled)
    engine = sum(line.place == "engine" for line in report.layers)
    total = len(report.layers)
    assert f"{engine} of {total} steps on the engine" in shown[0]
    assert f"{engine} steps on the engine and {total - engine} on the host" in text
    report.to_html(tmp_path / "page.html")
    assert f"<b>{engine} of {total}</b><span>steps on the engine" in (
        tmp_path / "page.html"
    ).read_text(encoding="utf-8")
    assert re.search(rf"steps on the engine +{engine} of {total}\n", report.to_text())


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softmax", "elu"])
@pytest.mark.parametrize("between", [False, True])
def test_what_is_said_of_tables(keras, name, between):
    """The engine has tables for what stands between dense layers."""
    stack = [keras.Input((4,)), keras.layers.Dense(3, name, name="odd")]
    stack += [keras.layers.Dense(2)] if between else []
    with xfblas.compile(keras.Sequential(stack), np.eye(4)) as compiled:
        text = []
        compiled.summary(text.append)
    said = f"the engine has no {name}" in text[0]
    is_table = name != "softmax"
    assert said == (not is_table)
    last = f"the engine's table of {name} is for integers between dense layers"
    assert (last in text[0]) == (is_table and not between)
    form = "+-" if name == "elu" else "Q"
    assert (f"4x3, {name} {form}" in text[0]) == (is_table and between)


@pytest.mark.parametrize("bits", [16, 8])
def test_a_report_measures_the_scales_that_run(keras, bits):
    keras.utils.set_random_seed(3)
    model = one_step(keras)
    x = rows_for(model, 300)
    xfblas.accelerate(model, x[:100] / 20, bits=bits)
    running = accelerated_of(model).compiled
    expected = xfblas.report(running, x)
    found = xfblas.report(model, x)
    assert found.layers == expected.layers and found.calibration["rows"] == 100
    assert found.layers[0].clipped_inputs > 0
    assert accelerated_of(model).compiled is running and not running.closed
    assert model.predict(x[:3], verbose=0).shape == (3, 3)
    anew = xfblas.report(xfblas.restore(model), x, bits=bits)
    assert anew.layers[0].clipped_inputs == 0 and anew.calibration["rows"] == 300


def test_a_report_of_an_accelerated_model_sees_its_new_weights(keras):
    model = one_step(keras)
    x = rows_for(model, 100)
    xfblas.accelerate(model, x)
    model.set_weights([2 * weight for weight in model.get_weights()])
    y = model(x)
    found = xfblas.report(model, x, np.asarray(y).argmax(axis=1))
    assert found.outputs[0].accuracy == 1.0


def test_other_choices_keep_the_rows_that_a_model_was_accelerated_with(keras):
    model = one_step(keras)
    x = rows_for(model, 200)
    xfblas.accelerate(model, x[:50] / 1000)
    found = xfblas.report(model, x, compare=True)
    current = next(one for one in found.alternatives if one.is_current)
    other = next(one for one in found.alternatives if one.bits == 16 and not one.is_current)
    # Both clip most of the data, as their scales come from rows that are a thousandth of it.
    assert current.decibels < 15 and other.decibels < 15
    better = xfblas.report(model, x, compare=True, calibration=x).alternatives
    assert max(one.decibels for one in better if not one.is_current) > 50


@pytest.mark.parametrize("wrong", [{"bits": 8}, {"margin": 2.0}, {"calibration": np.ones((3, 6))}])
def test_what_a_running_model_has_fixed(keras, wrong):
    model = one_step(keras)
    x = rows_for(model, 20)
    xfblas.accelerate(model, x)
    for running in (model, accelerated_of(model).compiled):
        with pytest.raises(
            InvalidValueError, match=f"{next(iter(wrong))} was given, but the model"
        ):
            xfblas.report(running, x, **wrong)
        assert xfblas.report(running, x).rows == 20


def test_names_are_kept_in_a_file(keras, tmp_path):
    keras.utils.set_random_seed(3)
    model = folding(keras)
    x = rows_for(model, 60)
    with xfblas.compile(model, x) as compiled:
        compiled.save(tmp_path / "m.xfblas")
        expected, lines = compiled.trace(x)[1], xfblas.report(compiled, x).places
    with xfblas.load(tmp_path / "m.xfblas") as loaded:
        assert list(loaded.trace(x)[1]) == list(expected)
        assert xfblas.report(loaded, x).places == lines
    # As it was written before names were kept.
    with h5py.File(tmp_path / "m.xfblas", "a") as file:
        described = json.loads(file["description"][()])
        del described["placements"]
        for step in described["steps"]:
            for layer in step.get("layers", ()):
                del layer["output"], layer["folded"]
        del file["description"]
        file["description"] = json.dumps(described)
    with xfblas.load(tmp_path / "m.xfblas") as loaded:
        assert len(loaded.trace(x)[1]) == len(expected)
        assert xfblas.report(loaded, x).rows == 60
