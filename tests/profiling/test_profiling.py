"""Keras' values beside the engine's: tables, pictures, and the layer that goes wrong."""

import numpy as np
import pytest

import xfblas
from xfblas import profiling
from xfblas.errors import InvalidValueError

pytestmark = pytest.mark.filterwarnings("ignore")
ROWS = np.random.default_rng(8).standard_normal((400, 10)).astype(np.float32)
NAMES = ["fc1", "fc1_relu", "bn", "fc2", "leaky", "fc3", "fc3_tanh", "fc4", "fc4_softmax"]


@pytest.fixture(scope="module")
def model(keras):
    keras.utils.set_random_seed(4)
    L = keras.layers
    layers = [
        keras.Input((10,)),
        L.Dense(16, "relu", name="fc1"),
        L.BatchNormalization(name="bn"),
        L.Dense(12, name="fc2"),
        L.LeakyReLU(negative_slope=0.25, name="leaky"),
        L.Dense(8, "tanh", name="fc3"),
        L.Dropout(0.2, name="dropped"),
        L.Dense(3, "softmax", name="fc4"),
    ]
    return keras.Sequential(layers)


def converted_with(model, weight=None):
    config = xfblas.config_from_keras_model(model, "name")
    if weight is not None:
        config["LayerName"]["fc2"]["Precision"]["weight"] = weight
    return xfblas.convert_from_keras_model(model, hls_config=config, calib_data=ROWS)


@pytest.fixture(scope="module")
def converted(model):
    with converted_with(model) as found:
        yield found


def test_keras_values(model):
    found = profiling.get_ymodel_keras(model, ROWS)
    assert list(found) == NAMES
    kernel, bias = model.get_layer("fc1").get_weights()
    np.testing.assert_allclose(found["fc1"], ROWS @ kernel + bias, atol=1e-4)
    np.testing.assert_allclose(found["fc1_relu"], np.maximum(found["fc1"], 0), atol=1e-5)
    np.testing.assert_allclose(found["fc4_softmax"], model.predict(ROWS, verbose=0), atol=1e-6)
    assert model.get_layer("fc1").activation.__name__ == "relu"


WRONG = {
    "wide": (np.zeros((3, 11)), r"X: input .* has shape \(3, 11\), expected \(rows, 10\)"),
    "deep": (np.zeros((3, 5, 2)), r"X: input .* has shape \(3, 5, 2\), expected"),
    "flat": ([1, 2, 3], r"X: input .* has shape \(3,\), expected"),
    "word": ("abc", "X is a str of shape"),
    "none": (None, "X is a NoneType of shape"),
    "empty": (np.zeros((0, 10)), "X has no rows, expected 1 or more"),
    "two": ([ROWS, ROWS], r"X: input .* has shape \(2, 400, 10\)"),
    "nan": (np.full((3, 10), np.nan), r"X: input .* has nan at \(0, 0\)"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_rows_that_do_not_fit_reach_no_model(model, converted, kind):
    """Of jax, an error within Keras' own predict would leave the layers without weights."""
    rows, words = WRONG[kind]
    for call in (
        lambda: profiling.get_ymodel_keras(model, rows),
        lambda: profiling.compare(model, converted, rows, "table"),
        lambda: profiling.debug_accuracy(converted, rows),
        *(() if rows is None else (lambda: profiling.numerical(model, converted, rows),)),
        *(() if rows is None else (lambda: profiling.ranges_of(model, X=rows),)),
    ):
        with pytest.raises(InvalidValueError, match=words):
            call()
        assert model.predict(ROWS[:1], verbose=0).shape == (1, 3)


def test_models_that_are_none(keras, model, converted):
    for call, words in (
        (lambda: profiling.get_ymodel_keras(converted, ROWS), "keras_model is a ConvertedModel"),
        (
            lambda: profiling.compare(model, converted.compiled, ROWS),
            "hls_model is .*expected what",
        ),
        (lambda: profiling.numerical(3), "model is a int, expected a keras.Model"),
        (lambda: profiling.ranges_of(model, model), "hls_model is .*expected what"),
        (lambda: profiling.debug_accuracy(model, ROWS), "model is .*expected a converted"),
        (lambda: profiling.get_ymodel_keras(model, x=ROWS), "has no 'x', .* nearest is 'X'"),
        (lambda: profiling.numerical(keras_model=model), "numerical has no 'keras_model'"),
    ):
        with pytest.raises(InvalidValueError, match=words):
            call()
    open_model = keras.Sequential([keras.layers.Dense(2)])
    with pytest.raises(InvalidValueError, match="whose inputs are open"):
        profiling.get_ymodel_keras(open_model, ROWS)


def test_functional_models_and_shared_layers(keras):
    L = keras.layers
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = L.Dense(5, "relu", name="shared")
    total = L.Add(name="total")([shared(a), shared(b)])
    model = keras.Model([a, b], L.Dense(2, "sigmoid", name="last")(total))
    given = [ROWS[:, :4], ROWS[:, 4:8]]
    found = profiling.get_ymodel_keras(model, given)
    np.testing.assert_allclose(found["last_sigmoid"], model.predict(given, verbose=0), atol=1e-6)
    with xfblas.convert_from_keras_model(model, calib_data=given) as converted:
        table = profiling.compare(model, converted, given, "table")
    assert {"shared", "shared_relu", "total", "last", "last_sigmoid"} <= {
        layer.name for layer in table.layers
    }
    assert min(layer.decibels for layer in table.layers) > 55


def test_models_within_models(keras):
    keras.utils.set_random_seed(5)
    L = keras.layers
    a, b = keras.Input((4,)), keras.Input((4,))
    both = L.Dense(3, "relu", name="deep")(L.Add(name="sum")([a, b]))
    inner = keras.Model([a, b], both, name="inner")
    given = keras.Input((10,))
    left, right = (L.Dense(4, "tanh", name=name)(given) for name in ("left", "right"))
    model = keras.Model(given, L.Dense(2, name="last")(inner([left, right])))
    found = profiling.get_ymodel_keras(model, ROWS)
    total = found["left_tanh"] + found["right_tanh"]
    np.testing.assert_allclose(found["inner/sum"], total, atol=1e-6)
    kernel, bias = inner.get_layer("deep").get_weights()
    np.testing.assert_allclose(found["inner/deep"], total @ kernel + bias, atol=1e-5)
    with xfblas.convert_from_keras_model(model, calib_data=ROWS) as converted:
        table = profiling.compare(model, converted, ROWS, "table")
    compared = {layer.name: layer.decibels for layer in table.layers}
    assert {"inner/deep", "inner/deep_relu", "last"} <= set(compared)
    assert min(compared.values()) > 55


def test_a_class_of_ones_own(keras):
    class Own(keras.Sequential):
        pass

    model = Own([keras.Input((10,)), keras.layers.Dense(3, "relu", name="fc")])
    found = profiling.get_ymodel_keras(model, ROWS)
    np.testing.assert_allclose(found["fc_relu"], model.predict(ROWS, verbose=0), atol=1e-6)


def test_compare_as_a_table_and_as_pictures(model, converted):
    table = profiling.compare(model, converted, ROWS, "table")
    found = {layer.name: layer for layer in table.layers}
    assert set(found) | set(table.folded) == set(NAMES) and set(table.folded) == {"bn", "fc2"}
    assert min(layer.decibels for layer in table.layers) > 55
    _, traced = converted.trace(ROWS)
    error = traced["fc3"] - np.float64(profiling.get_ymodel_keras(model, ROWS)["fc3"])
    assert found["fc3"].norm == pytest.approx(np.linalg.norm(error))
    assert found["fc3"].largest == pytest.approx(np.abs(error).max())
    assert "fc4_softmax" in str(table) and "within others: bn, fc2" in str(table)
    for plot_type in ("dist_diff", "norm_diff"):
        axes = profiling.compare(model, converted, ROWS, plot_type).axes[0]
        labels = [text.get_text() for text in axes.get_yticklabels()]
        assert labels == [layer.name for layer in table.layers]
    with pytest.raises(InvalidValueError, match="plot_type is 'box', expected one of dist_diff"):
        profiling.compare(model, converted, ROWS, "box")


def test_ranges_hold_what_was_seen(model, converted):
    before, after, seen, held = profiling.ranges_of(model, converted, ROWS)
    assert [each.name for each in before][:2] == ["fc1/w", "fc1/b"]
    assert [each.name for each in after] == ["fc1/w", "fc2/w", "fc3/w", "fc4/w"]
    assert [each.name for each in seen] == NAMES
    limited = [each for each in held if each.largest is not None]
    assert {each.name for each in limited} == {"fc1_relu", "leaky", "fc3_tanh", "fc4"}
    for each in [*limited, *after]:
        # The largest value fits; one step is as small as what is not 0.
        assert each.sizes.max() <= each.largest * 1.001
        assert each.sizes.min() >= each.smallest * 0.999
    for plot in ("boxplot", "histogram"):
        figures = profiling.numerical(model, converted, ROWS, plot=plot)
        assert [figure.axes[0].get_title(loc="left") for figure in figures] == [
            "Weights, float", "Weights, integers", "Activations, float", "Activations, engine",
        ]  # fmt: skip
    assert profiling.numerical(model)[1:] == (None, None, None)
    text = profiling.numerical(model, converted, ROWS, plot="table")
    assert text.splitlines()[0] == "Weights, float" and f"  {held[0]}" in text.splitlines()
    with pytest.raises(InvalidValueError, match="expected one of them"):
        profiling.numerical()


def test_the_first_layer_that_goes_wrong(model, converted):
    assert profiling.debug_accuracy(converted, ROWS).layer is None
    beyond = profiling.debug_accuracy(converted, 40 * ROWS)
    assert beyond.layer == "fc1" and "of its inputs lie beyond" in beyond.causes[0]
    with converted_with(model, "int4") as narrow:
        coarse = profiling.debug_accuracy(narrow, ROWS)
    assert coarse.layer == "leaky" and "weights have 4 bits" in coarse.causes[0]
    assert str(coarse).startswith("leaky: ")


def test_columns_that_are_silent(keras, model):
    """Of a layer that goes wrong those that the engine lost, else those that are dead in float."""
    copy = keras.models.clone_model(model)
    kernel, bias = (values.copy() for values in model.get_layer("fc1").get_weights())
    kernel[:, [2, 5]] = bias[[2, 5]] = 0
    copy.set_weights(model.get_weights())
    copy.get_layer("fc1").set_weights([kernel, bias])
    with converted_with(copy) as found:
        told = profiling.debug_accuracy(found, ROWS)
    assert told.layer is None and told.dead == ("fc1 2 of 16 columns (2, 5)",)
    assert "dead in float too: fc1 2 of 16 columns (2, 5)" in str(told)


def test_a_drawing(converted, tmp_path):
    text = profiling.plot_model(converted, tmp_path / "model.txt")
    assert (tmp_path / "model.txt").read_text() == text
    assert "[fc1  10 -> 16]  engine, int16" in text and "bn" not in text
    drawn = profiling.plot_model(converted, tmp_path / "model.svg", show_precision=False)
    assert drawn.startswith("<svg ") and drawn.count("<rect ") == 7
    with pytest.raises(InvalidValueError, match=r"to_file is .*model\.png.*expected a name in"):
        profiling.plot_model(converted, tmp_path / "model.png")
    with pytest.raises(InvalidValueError, match="model is a int, expected a converted one"):
        profiling.plot_model(3)
