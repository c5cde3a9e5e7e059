"""Where the loss and metrics of an evaluation come from, and what they share."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from keras_models import build, rows_for

import xfblas
from xfblas import errors

ROWS = 96


@pytest.fixture
def classifier(keras):
    model = build(keras, "plain")
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, rows_for(model, ROWS), np.random.default_rng(4).integers(0, 4, ROWS)


def test_without_keras(classifier, tmp_path, monkeypatch):
    model, x, y = classifier
    model.save(tmp_path / "model.keras")
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "keras", None)
        compiled = xfblas.compile(tmp_path / "model.keras", x)
        with pytest.raises(
            errors.NotSupportedError, match=r"pip install \"xfblas\[keras\]\".*nump"
        ):
            compiled.evaluate(x, y, verbose=0)
        assert compiled.predict(x, verbose=0).shape == (ROWS, 4)
    assert compiled.evaluate(x, y, verbose=0)[1] == pytest.approx(
        (compiled.predict(x, verbose=0).argmax(axis=1) == y).mean()
    )


def test_only_evaluate_imports_keras(classifier, tmp_path):
    """Here its backend is one that nobody has."""
    model, x, y = classifier
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "data.npz", x=x, y=y)
    script = f"""
import sys, numpy, xfblas
data = numpy.load(r"{tmp_path / "data.npz"}")
xfblas.compile(r"{tmp_path / "model.keras"}", data["x"]).save(r"{tmp_path / "model.xfblas"}")
model = xfblas.load(r"{tmp_path / "model.xfblas"}")
model.predict(data["x"])
assert "keras" not in sys.modules
for _ in range(2):
    try:
        model.evaluate(data["x"], data["y"])
    except xfblas.errors.NotSupportedError as error:
        print(error)
"""
    environment = {**os.environ, "KERAS_BACKEND": "none_such"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0 and done.stdout.count("set KERAS_BACKEND=jax") == 2, done


def test_the_outputs_of_a_dict(keras, tmp_path):
    inputs = keras.Input((5,))
    classes = keras.layers.Dense(3, activation="softmax", name="first")(inputs)
    outputs = {"b": classes, "a": keras.layers.Dense(1, name="second")(inputs)}
    model = keras.Model(inputs, outputs)
    losses = {"a": "mse", "b": "categorical_crossentropy"}
    model.compile(loss=losses, metrics={"a": ["mae"], "b": ["accuracy"]})
    x = rows_for(model, ROWS)
    y = {"a": x[:, :1], "b": np.eye(3)[np.arange(ROWS) % 3]}
    expected = model.evaluate(x, y, verbose=0, return_dict=True)
    model.save(tmp_path / "model.keras")
    xfblas.compile(model, x).save(tmp_path / "model.xfblas")
    loaded = xfblas.load(tmp_path / "model.xfblas")
    for compiled in (xfblas.compile(model, x), xfblas.compile(tmp_path / "model.keras", x), loaded):
        # In the order of what predict returns, which is not Keras'.
        assert model.output_names == ["second", "first"]
        shapes = [value.shape[1] for value in compiled.predict(x, verbose=0).values()]
        names = {3: "first", 1: "second"}
        assert compiled.output_names == tuple(names[count] for count in shapes)
        found = compiled.evaluate(x, y, verbose=0, return_dict=True)
        assert list(found) == list(expected)
        np.testing.assert_allclose(list(found.values()), list(expected.values()), atol=2e-3)
    found = xfblas.compile(keras.Model(inputs, outputs), x).evaluate(
        x, y, verbose=0, return_dict=True
    )
    assert list(found) == ["b_accuracy", "loss"] and found["loss"] is None
    assert found["b_accuracy"] == pytest.approx(expected["b_accuracy"], abs=0.05)


@pytest.mark.parametrize("rows", [ROWS, 32])
def test_an_error_leaves_nothing_behind(keras, classifier, rows):
    """Neither in our sums nor in metrics that the caller made and Keras shares."""
    model, x, y = classifier
    metric = keras.metrics.SparseCategoricalAccuracy()
    model.compile(loss="sparse_categorical_crossentropy", metrics=[metric])
    model.evaluate(x, y, verbose=0)
    compiled = xfblas.compile(model, x)
    expected = compiled.evaluate(x[:rows], y[:rows], verbose=0)
    np.testing.assert_allclose(model.evaluate(x[:rows], y[:rows], verbose=0), expected, 2e-3)
    for wrong in (np.ones((rows, 3)), np.array(["a"] * rows), np.ones((rows, 2, 2))):
        with pytest.raises(errors.InvalidValueError, match="Keras cannot compute the loss"):
            compiled.evaluate(x[:rows], wrong, verbose=0)
        assert compiled.evaluate(x[:rows], y[:rows], verbose=0) == expected
        np.testing.assert_allclose(model.evaluate(x[:rows], y[:rows], verbose=0), expected, 2e-3)
    with pytest.raises(errors.InvalidValueError, match="cannot compute"):
        compiled.evaluate(iter([(x, y), (x, np.ones((ROWS, 7)))]), verbose=0)
    assert compiled.evaluate(x[:rows], y[:rows], verbose=0) == expected


def test_threads_do_not_mix_their_sums(keras, classifier):
    model, x, y = classifier
    model.compile(loss="mse", metrics=[keras.metrics.SparseCategoricalAccuracy()])
    compiled = xfblas.compile(model, x, loss="sparse_categorical_crossentropy", metrics=["acc"])
    parts = [slice(first, first + 32) for first in (0, 32, 64)] * 4
    alone = [compiled.evaluate(x[part], y[part], verbose=0) for part in parts]
    with ThreadPoolExecutor(4) as pool:
        assert alone == list(
            pool.map(lambda part: compiled.evaluate(x[part], y[part], verbose=0), parts)
        )


def test_batches_without_rows(classifier):
    model, x, y = classifier
    compiled = xfblas.compile(model, x)
    parts = [(x[:0], y[:0]), (x[:50], y[:50]), (x[:0], y[:0]), (x[50:], y[50:])]
    found = compiled.evaluate((part for part in parts), verbose=0)
    np.testing.assert_allclose(found, compiled.evaluate(x, y, verbose=0), rtol=1e-6)
    with pytest.raises(errors.InvalidValueError, match="no rows"):
        compiled.evaluate((part for part in parts[:1]), verbose=0)


def test_numbers_of_a_models_own_class(keras, classifier):
    class Own(keras.Sequential):
        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            return {"mine": 1.0}

    source, x, y = classifier
    model = Own(source.layers)
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    with pytest.warns(UserWarning, match="Own.compute_metrics is not called"):
        found = xfblas.compile(model, x).evaluate(x, y, verbose=0)
    np.testing.assert_allclose(found, source.evaluate(x, y, verbose=0), atol=2e-3)


def test_an_accelerated_model_is_translated_once(keras, classifier):
    model, x, y = classifier
    traced = []

    def counted(true, predicted):
        traced.append(1)
        return predicted[..., 0]

    model.compile(loss="sparse_categorical_crossentropy", metrics=[counted])
    xfblas.accelerate(model, x)
    first = model.evaluate(x, y, verbose=0)
    count = len(traced)
    model.set_weights([2 * weight for weight in model.get_weights()])
    second = model.evaluate(x, y, verbose=0)
    assert first != second and len(traced) == count
    np.testing.assert_allclose(second, type(model).evaluate(model, x, y, verbose=0), atol=5e-3)


def test_the_penalty_follows_the_weights(keras):
    layers = [keras.Input((3,)), keras.layers.Dense(2, kernel_regularizer="l2")]
    model = keras.Sequential(layers)
    model.compile(loss="mse")
    # The same in each run: the bound is of the loss that these give.
    model.set_weights([np.float32([[0.3, -0.2], [0.1, 0.4], [-0.5, 0.2]]), np.zeros(2)])
    x, y = np.ones((8, 3), np.float32), np.ones((8, 2))
    xfblas.accelerate(model, x)
    for _ in range(2):
        expected = type(model).evaluate(model, x, y, verbose=0)
        assert model.evaluate(x, y, verbose=0) == pytest.approx(expected, abs=2e-3)
        model.set_weights([3 * weight for weight in model.get_weights()])
