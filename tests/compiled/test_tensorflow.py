"""A genuine TensorFlow: its tensors, tf.data, and the Keras that it brings, 2 or 3."""

import numpy as np
import pytest

import xfblas

tf = pytest.importorskip("tensorflow")
keras = tf.keras
IS_KERAS_2 = hasattr(keras.utils, "Sequence") and not hasattr(keras, "version")

X = np.random.default_rng(3).normal(0, 1, (96, 8)).astype(np.float32)
Y = X[:, :3].argmax(axis=1)
W = np.random.default_rng(4).uniform(0.1, 2, 96).astype(np.float32)


def dataset(*parts, rows=32):
    return tf.data.Dataset.from_tensor_slices(parts if len(parts) > 1 else parts[0]).batch(rows)


def one():
    layers = keras.layers
    parts = [layers.Dense(16, activation="relu"), layers.Dropout(0.3)]
    model = keras.Sequential([keras.Input((8,)), *parts, layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def two():
    """Metrics that are not in the order of the alphabet."""
    layers = keras.layers
    left, right = keras.Input((8,), name="left"), keras.Input((8,), name="right")
    joined = layers.Concatenate()([layers.Dense(6, activation="relu")(left), right])
    classes = layers.Dense(3, activation="softmax", name="classes")(joined)
    model = keras.Model([left, right], [classes, layers.Dense(1, name="amount")(joined)])
    losses = {"classes": "sparse_categorical_crossentropy", "amount": "mse"}
    metrics = {"classes": ["accuracy"], "amount": ["mse", "mae"]}
    model.compile("adam", losses, metrics=metrics, loss_weights={"classes": 1, "amount": 0.5})
    return model


def both(model, calibration, call):
    """What Keras gives, and what xfblas gives in its place."""
    expected = call(model)
    xfblas.accelerate(model, calibration=calibration)
    try:
        return expected, call(model)
    finally:
        xfblas.restore(model)


CALLS = {
    "tensor": lambda m: m.predict(tf.constant(X), verbose=0),
    "double tensor": lambda m: m.predict(tf.constant(X, tf.float64), verbose=0),
    "tensor on batch": lambda m: m.predict_on_batch(tf.constant(X)),
    "x": lambda m: m.predict(dataset(X), verbose=0),
    "x, y": lambda m: m.predict(dataset(X, Y).prefetch(2), verbose=0),
    "x, y, w": lambda m: m.predict(dataset(X, Y, W, rows=20), verbose=0),
    "steps": lambda m: m.predict(dataset(X), steps=2, verbose=0),
    "endless": lambda m: m.predict(dataset(X).repeat(), steps=4, verbose=0),
    "mapped": lambda m: m.predict(dataset(X).map(lambda x: 2 * x), verbose=0),
    "unknown length": lambda m: m.predict(
        tf.data.Dataset.from_tensor_slices(X).filter(lambda x: x[0] > 0).batch(16), verbose=0
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_predict(name):
    expected, found = both(one(), X, CALLS[name])
    assert type(found) is type(expected) and found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, atol=2e-3)


CALIBRATIONS = {
    "tensor": lambda: tf.constant(X),
    "x": lambda: dataset(X),
    "x, y": lambda: dataset(X, Y),
    "endless": lambda: dataset(X, Y, W).repeat(),
}


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_calibration(name):
    expected, found = both(one(), CALIBRATIONS[name](), lambda m: m.predict(X, verbose=0))
    np.testing.assert_allclose(found, expected, atol=2e-3)


@pytest.mark.parametrize("parts", [(X, Y), (X, Y, W)], ids=["x, y", "x, y, w"])
def test_evaluate(parts):
    expected, found = both(one(), X, lambda m: m.evaluate(dataset(*parts), verbose=0))
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_several_inputs_and_outputs():
    """Whole batches, as Keras 3 on TensorFlow weighs the last one like the others."""
    x = {"right": X[::-1].copy(), "left": X}
    y = {"amount": X[:, 0], "classes": Y}
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(32)
    calls = (
        lambda m: m.predict(data, verbose=0),
        lambda m: m.evaluate(data, verbose=0),
        lambda m: m.evaluate(data, verbose=0, return_dict=True),
    )
    for call in calls:
        expected, found = both(two(), [X, X[::-1]], call)
        assert type(found) is type(expected) and len(found) == len(expected)
        if isinstance(expected, dict):
            assert list(found) == list(expected)
            found, expected = list(found.values()), list(expected.values())
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=2e-3, rtol=2e-3)


def test_weights_that_change():
    model = one()
    xfblas.accelerate(model, calibration=X)
    first = model.predict.__self__.compiled
    for _ in range(3):
        model.predict(X, verbose=0)
    assert model.predict.__self__.compiled is first, "compiled again for the same weights"
    model.fit(X, Y, epochs=1, verbose=0, validation_data=(X, Y))
    for change in (lambda: None, lambda: model.layers[0].kernel.assign(2 * model.layers[0].kernel)):
        change()
        found = model.predict(X, verbose=0)
        np.testing.assert_allclose(found, np.asarray(model(X)), atol=2e-3)
    xfblas.restore(model)


def test_penalty_of_activities():
    """TensorFlow has a name for it, and no number without a batch."""
    layers = keras.layers
    parts = [layers.Dense(4, activity_regularizer="l2"), layers.Dense(2)]
    model = keras.Sequential([keras.Input((8,)), *parts])
    model.compile("adam", "mse")
    expected, found = both(model, X, lambda m: m.predict(X, verbose=0))
    np.testing.assert_allclose(found, expected, atol=2e-3)
    xfblas.accelerate(model, calibration=X)
    with pytest.warns(UserWarning, match="regularizers of activities"):
        model.evaluate(X, X[:, :2], verbose=0)


@pytest.mark.parametrize("name", ["max_queue_size", "workers", "use_multiprocessing"])
def test_how_keras_2_loads_batches(name):
    call = lambda m: m.predict(X, verbose=0, **{name: 1})  # noqa: E731
    if not IS_KERAS_2:
        model = xfblas.accelerate(one(), calibration=X)
        with pytest.raises(TypeError, match=name):
            call(model)
        return
    expected, found = both(one(), X, call)
    np.testing.assert_allclose(found, expected, atol=2e-3)
    model = xfblas.accelerate(one(), calibration=X)
    asked = model.evaluate.__self__.compiled
    counted = []
    asked._evaluate, own = lambda *a, **k: (counted.append(1), own(*a, **k))[1], asked._evaluate
    model.evaluate(X, Y, verbose=0, **{name: 1})
    assert counted, "evaluate ran in Keras"
