"""xfblas.accelerate: a script for Keras changes one line."""

import gc
import weakref

import numpy as np
import pytest
from keras_models import build, decibels, rows_for

import xfblas
from xfblas import errors
from xfblas.compiled.accelerate import accelerated_of
from xfblas.compiled.weight_watch import version_number


def trained(keras, kind="plain"):
    model = build(keras, kind)
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def data(model, seed=0):
    x = rows_for(model, 120, seed)
    return x, np.random.default_rng(seed).integers(0, 4, 120)


def keras_predict(model, x):
    return type(model).predict(model, x, verbose=0)


def is_engines(model, x):
    """Whether predict gives what the engine computes: near Keras', not equal to it."""
    found, expected = model.predict(x, verbose=0), keras_predict(model, x)
    assert decibels(found, expected) > 60
    return not np.array_equal(found, expected)


def test_one_line_and_back(keras):
    model = trained(keras)
    x, y = data(model)
    before = model.evaluate(x, y, verbose=0)
    assert xfblas.accelerate(model, x) is model
    assert is_engines(model, x)
    np.testing.assert_array_equal(model.predict_on_batch(x), model.predict(x, verbose=0))
    np.testing.assert_allclose(model.evaluate(x, y, verbose=0), before, atol=5e-3)
    assert isinstance(accelerated_of(model).compiled, xfblas.CompiledModel)
    device = accelerated_of(model).compiled.device
    assert xfblas.restore(model) is model
    assert not is_engines(model, x)
    assert not {"predict", "predict_on_batch", "evaluate"} & set(vars(model))
    assert model.evaluate(x, y, verbose=0) == before
    assert xfblas.restore(model) is model
    gc.collect()
    assert device.closed


@pytest.mark.parametrize("kind", ["deep", "image", "sequence", "branched"])
def test_models_of_every_kind(keras, kind):
    model = build(keras, kind)
    x = rows_for(model, 60)
    expected = model.predict(x, verbose=0)
    found = xfblas.accelerate(model, x).predict(x, verbose=0)
    for one, other in zip(
        *((o if isinstance(o, list) else [o]) for o in (found, expected)), strict=True
    ):
        assert decibels(one, other) > 60
    xfblas.restore(model)


def test_training_is_noticed(keras):
    model = trained(keras)
    x, y = data(model)
    xfblas.accelerate(model, (part for part in [(x[:60],), (x[60:],)]))
    first, before = model.predict(x, verbose=0), accelerated_of(model).compiled
    model.fit(x, y, epochs=1, verbose=0, validation_data=(x, y))
    assert is_engines(model, x) and not np.array_equal(model.predict(x, verbose=0), first)
    assert before.closed
    model.set_weights([weight * 2 for weight in model.get_weights()])
    assert is_engines(model, x)
    model.layers[0].kernel.assign(model.layers[0].kernel * 0.5)
    assert is_engines(model, x)
    same = accelerated_of(model).compiled
    model.set_weights(model.get_weights())  # other arrays, the same numbers
    assert is_engines(model, x)
    assert accelerated_of(model).compiled is same


def test_old_weights_on_request(keras):
    model = trained(keras)
    x, _ = data(model)
    xfblas.accelerate(model, x, recompile=False)
    first = model.predict(x, verbose=0)
    model.set_weights([weight * 2 for weight in model.get_weights()])
    with pytest.warns(UserWarning, match="weights of plain changed"):
        np.testing.assert_array_equal(model.predict(x, verbose=0), first)
    np.testing.assert_array_equal(model.predict(x, verbose=0), first)  # warned once


def test_within_fit(keras, monkeypatch):
    """Callbacks predict with the weights of the moment; validation stays Keras' own."""
    model = trained(keras)
    x, y = data(model)
    xfblas.accelerate(model, x)
    found = []

    class Predict(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            found.append(is_engines(self.model, x))
            assert 0 <= logs["val_accuracy"] <= 1

        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                predicted = self.model.predict(x, verbose=0)
                self.model.jax_state_sync()
                now = xfblas.compile(self.model, x).predict(x, verbose=0)
                found.append(np.array_equal(predicted, now))

    monkeypatch.setattr(xfblas.CompiledModel, "_evaluate", lambda *_, **__: 1 / 0)
    model.fit(x, y, epochs=2, verbose=0, validation_data=(x, y), callbacks=[Predict()])
    assert len(found) == 4 and all(found)
    assert is_engines(model, x)


def test_callbacks_see_the_keras_model(keras):
    model = trained(keras)
    x, y = data(model)
    xfblas.accelerate(model, x)

    class Stop(keras.callbacks.Callback):
        def on_predict_batch_end(self, batch, logs=None):
            assert self.model is model
            self.model.stop_predicting = True

        def on_test_batch_end(self, batch, logs=None):
            assert self.model is model
            self.model.stop_evaluating = True

    assert model.predict(x, 10, 0, callbacks=[Stop()]).shape == (10, 4)
    one = model.evaluate(x, y, 10, 0, callbacks=[Stop()])
    np.testing.assert_allclose(one, model.evaluate(x[:10], y[:10], verbose=0))


def test_evaluate_follows_a_later_compile(keras):
    model = build(keras, "plain")
    x, y = data(model)
    xfblas.accelerate(model, x)
    assert model.evaluate(x, y, verbose=0)[0] is None
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    found = model.evaluate(x, y, verbose=0, return_dict=True)
    expected = type(model).evaluate(model, x, y, verbose=0, return_dict=True)
    assert list(found) == list(expected)
    np.testing.assert_allclose(list(found.values()), list(expected.values()), atol=5e-3)


def test_again_with_other_options(keras):
    model = trained(keras)
    x, _ = data(model)
    xfblas.accelerate(model, x)
    first = accelerated_of(model).compiled
    xfblas.accelerate(model, x, bits=8)
    assert first.closed and accelerated_of(model).compiled.device.dtype == np.int8
    with pytest.raises(errors.InvalidValueError, match="calibration"):
        xfblas.accelerate(model, x[:, :3])
    # An xrt device holds one image: this one fails only after it has taken the other's place.
    with pytest.raises(errors.InvalidValueError, match="margin is 0"):
        xfblas.accelerate(model, x, bits=16, margin=0)
    compiled = accelerated_of(model).compiled
    assert not compiled.closed and compiled.device.dtype == np.int8  # as it was
    model.predict(x, verbose=0)
    xfblas.restore(model)
    assert "predict" not in vars(model)


def test_a_predict_of_the_callers_own_comes_back(keras):
    model = trained(keras)
    x, _ = data(model)
    own = lambda x: "mine"  # noqa: E731
    model.predict = own
    xfblas.accelerate(model, x)
    assert model.predict(x, verbose=0).shape == (120, 4)
    xfblas.restore(model)
    assert model.predict is own


def test_saving_and_copying_the_model(keras, tmp_path):
    model = trained(keras)
    x, _ = data(model)
    xfblas.accelerate(model, x)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for other in (loaded, keras.models.clone_model(model)):
        assert accelerated_of(other) is None
    np.testing.assert_array_equal(keras_predict(loaded, x), keras_predict(model, x))


def test_a_forgotten_model_frees_the_device(keras):
    model = trained(keras)
    x, _ = data(model)
    xfblas.accelerate(model, x)
    gone, device = weakref.ref(model), accelerated_of(model).compiled.device
    del model
    keras.backend.clear_session()
    gc.collect()
    assert gone() is None and device.closed


def test_wrong_models(keras):
    for wrong in ("model.keras", 3, None, keras.layers.Dense(3)):
        with pytest.raises(errors.InvalidValueError, match="expected a keras"):
            xfblas.accelerate(wrong, np.ones((2, 3)))
    model = build(keras, "plain")
    with pytest.raises(errors.InvalidValueError, match="calibration is None"):
        xfblas.accelerate(model)
    assert "predict" not in vars(model)
    assert xfblas.accelerate(model, bits=32).predict(np.ones((2, 12)), verbose=0).shape == (2, 4)


def test_arrays_that_change_in_place_have_numbers():
    torch = pytest.importorskip("torch")

    class Variable:
        __module__ = "tensorflow.python"

        def __init__(self, values):
            self.values = values

        def __array__(self, dtype=None, copy=None):
            return np.asarray(self.values, dtype)

    tensor, variable = torch.zeros(3), Variable(np.zeros(3))
    before = version_number(tensor), version_number(variable)
    assert before == (version_number(tensor), version_number(variable))
    with torch.no_grad():
        tensor.copy_(torch.ones(3))
    variable.values = np.ones(3)
    assert version_number(tensor) != before[0] and version_number(variable) != before[1]
    assert version_number(np.zeros(3)) is None
