"""CompiledModel.evaluate gives Keras' loss and metrics, by Keras' names and in Keras' order."""

import json

import h5py
import numpy as np
import pytest
from keras_models import build, rows_for

import xfblas
from xfblas import errors

ROWS = 150


@pytest.fixture(scope="module")
def classifier(keras):
    """A model with weights that hardly round, so that int16 scores equal Keras'."""
    model = build(keras, "plain")
    model.compile(
        loss=keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(k=2)],
        weighted_metrics=["accuracy"],
    )
    x = rows_for(model, ROWS)
    y = np.random.default_rng(4).integers(0, 4, ROWS)
    with xfblas.compile(model, x) as compiled:
        yield model, compiled, x, y, np.random.default_rng(5).random(ROWS)


def each(parts):
    """A generator, since Keras takes no other iterator."""
    yield from parts


def same(found, expected, tolerance=2e-3):
    if isinstance(expected, dict):
        assert list(found) == list(expected)
        found, expected = list(found.values()), list(expected.values())
    np.testing.assert_allclose(found, expected, atol=tolerance)


def test_numbers_names_and_order(classifier):
    model, compiled, x, y, weights = classifier
    for options in (
        {},
        {"sample_weight": weights},
        {"batch_size": 40},
        {"steps": 2, "batch_size": 9},
    ):
        for as_dict in (False, True):
            told = {"verbose": 0, "return_dict": as_dict, **options}
            same(compiled.evaluate(x, y, **told), model.evaluate(x, y, **told))


def test_streams(keras, classifier):
    model, compiled, x, y, weights = classifier
    parts = [(x[i : i + 50], y[i : i + 50], weights[i : i + 50]) for i in range(0, ROWS, 50)]
    expected = model.evaluate(each(parts), verbose=0)
    same(compiled.evaluate(each(parts), verbose=0), expected)
    same(
        compiled.evaluate(each(parts), steps=2, verbose=0),
        model.evaluate(each(parts), steps=2, verbose=0),
    )

    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return len(parts)

        def __getitem__(self, index):
            return parts[index][:2]

    same(compiled.evaluate(Batches(), verbose=0), model.evaluate(x, y, verbose=0))


@pytest.mark.exhaustive
def test_targets_of_several_outputs(keras):
    model = build(keras, "branched")
    x = rows_for(model, ROWS)
    generator = np.random.default_rng(6)
    y = [np.eye(4)[generator.integers(0, 4, ROWS)], generator.standard_normal((ROWS, 1))]
    weights = generator.random(ROWS)
    names = {"classes": y[0], "value": y[1]}
    for options in (
        {"loss": ["categorical_crossentropy", "mse"], "metrics": [["accuracy"], ["mae", "mse"]]},
        {
            "loss": {"classes": "categorical_crossentropy", "value": "huber"},
            "loss_weights": {"classes": 1.0, "value": 0.25},
            "metrics": {"classes": ["accuracy", "auc"]},
            "weighted_metrics": {"value": ["mae"]},
        },
        {"loss": "mse", "metrics": ["mae", "mse"]},
    ):
        model.compile(**options)
        with xfblas.compile(model, x) as compiled:
            for as_dict in (False, True):
                told = {"verbose": 0, "return_dict": as_dict}
                same(compiled.evaluate(x, y, **told), model.evaluate(x, y, **told), 5e-3)
            same(compiled.evaluate(x, names, verbose=0), model.evaluate(x, names, verbose=0), 5e-3)
            same(
                compiled.evaluate(x, y, sample_weight=[weights, weights], verbose=0),
                model.evaluate(x, y, sample_weight=[weights, weights], verbose=0),
                5e-3,
            )
    with xfblas.compile(model, x) as compiled:
        with pytest.raises(errors.InvalidValueError, match="y has 'other', expected names"):
            compiled.evaluate(x, {"other": y[0]})
        with pytest.raises(errors.InvalidValueError, match="y is one array, expected a list of 2"):
            compiled.evaluate(x, y[0])


def test_regularizers_are_part_of_the_loss(keras, tmp_path):
    layers = [keras.Input((3,)), keras.layers.Dense(2, kernel_regularizer="l2", name="heavy")]
    model = keras.Sequential(layers)
    model.compile(loss="mse")
    x, y = np.ones((8, 3), np.float32), np.ones((8, 2))
    same(xfblas.compile(model, x).evaluate(x, y, verbose=0), model.evaluate(x, y, verbose=0))
    model.save(tmp_path / "model.keras")
    with pytest.warns(UserWarning, match="lacks what the regularizers of heavy add"):
        xfblas.compile(tmp_path / "model.keras", x).evaluate(x, y, verbose=0)


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_a_file_tells_its_loss_and_metrics(classifier, tmp_path, suffix):
    model, _, x, y, weights = classifier
    path = tmp_path / f"model.{suffix}"
    model.save(path)
    found = xfblas.compile(path, x).evaluate(
        x, y, sample_weight=weights, verbose=0, return_dict=True
    )
    same(found, model.evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True))


def test_a_file_of_tf_keras_tells_its_loss_and_metrics(classifier, tmp_path):
    """What tf.keras 2 wrote: wrapped functions, metrics in a list of lists, reduction 'auto'."""
    model, _, x, y, _ = classifier
    model.save(tmp_path / "model.h5")
    name = "sparse_categorical_crossentropy"
    config = {
        "loss": {
            "class_name": "SparseCategoricalCrossentropy",
            "config": {"reduction": "auto", "name": name, "from_logits": False, "fn": name},
        },
        "metrics": [
            [
                {
                    "class_name": "MeanMetricWrapper",
                    "config": {
                        "name": "accuracy",
                        "dtype": "float32",
                        "fn": "sparse_categorical_accuracy",
                    },
                }
            ]
        ],
        "weighted_metrics": None,
        "loss_weights": None,
    }
    with h5py.File(tmp_path / "model.h5", "a") as file:
        file.attrs["training_config"] = json.dumps(config)
    found = xfblas.compile(tmp_path / "model.h5", x).evaluate(x, y, verbose=0, return_dict=True)
    expected = model.evaluate(x, y, verbose=0, return_dict=True)
    same(found, {name: expected[name] for name in ("accuracy", "loss")})


def test_without_a_configuration(keras, keras_model):
    model = build(keras, "plain")
    x = rows_for(model, ROWS)
    y = np.random.default_rng(4).integers(0, 4, ROWS)
    compiled = xfblas.compile(model, x)
    right = (compiled.predict(x, verbose=0).argmax(axis=1) == y).mean()
    for targets in (y, y.tolist(), np.eye(4)[y]):
        assert compiled.evaluate(x, targets, verbose=0) == [None, pytest.approx(right)]
    with pytest.raises(errors.NotSupportedError, match="pass loss= or metrics="):
        compiled.evaluate(x, x[:, :4], verbose=0)
    chosen = xfblas.compile(model, x, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    same(chosen.evaluate(x, y, verbose=0), model.evaluate(x, y, verbose=0))


def test_the_progress_shows_the_metrics(classifier, capsys):
    _, compiled, x, y, _ = classifier
    compiled.evaluate(x, y, verbose=1)
    assert " - accuracy: 0." in capsys.readouterr().out
    compiled.evaluate(x, y, verbose=2)
    text = capsys.readouterr().out
    assert text.startswith("5/5 - 0s - ") and " - loss: " in text and text.count("\n") == 1


def test_callbacks(keras, classifier):
    model, compiled, x, y, _ = classifier

    class Recorder(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.events = []

        def on_test_begin(self, logs=None):
            self.events.append(("begin", logs))

        def on_test_batch_begin(self, batch, logs=None):
            self.events.append(("batch begin", batch))

        def on_test_batch_end(self, batch, logs=None):
            self.events.append(("batch end", batch, sorted(logs)))
            self.model.stop_evaluating = batch == 2

        def on_test_end(self, logs=None):
            self.events.append(("end", sorted(logs)))

    ours, theirs = Recorder(), Recorder()
    found = compiled.evaluate(x, y, callbacks=[ours], verbose=0)
    same(found, model.evaluate(x, y, callbacks=[theirs], verbose=0))
    assert ours.events == theirs.events and len(ours.events) == 8


def test_wrong_targets(classifier):
    _, compiled, x, y, _ = classifier
    for targets, text in (
        (None, "y is None for output"),
        (y[:3], f"x {ROWS}, y 3"),
        (np.ones((ROWS, 3)), "y|target"),
    ):
        with pytest.raises(errors.InvalidValueError, match=text):
            compiled.evaluate(x, targets, verbose=0)
    with pytest.raises(errors.InvalidValueError, match="no rows"):
        compiled.evaluate(x[:0], y[:0], verbose=0)
    with pytest.raises(errors.InvalidValueError, match="must hold them itself"):
        compiled.evaluate(iter([(x, y)]), y, verbose=0)
    assert len(compiled.evaluate(x, y, verbose=0)) == 5
