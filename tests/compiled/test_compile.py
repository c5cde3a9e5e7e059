"""xfblas.compile: every kind of model, source, image and calibration."""

import gc
import json
import subprocess
import sys

import h5py
import numpy as np
import pytest
from keras_models import KINDS, decibels, rows_for

import xfblas
from xfblas import errors
from xfblas.device import shared_devices


def listed(outputs):
    return outputs if isinstance(outputs, list) else [outputs]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("bits", "least"), [(32, 110), (16, 55), (8, 22)])
def test_every_kind_of_model_predicts_as_keras_does(keras_model, kind, bits, least):
    model = keras_model(kind)
    x = rows_for(model, 200)
    with xfblas.compile(model, x, bits=bits) as compiled:
        found, expected = compiled.predict(x, verbose=0), model.predict(x, verbose=0)
    assert type(found) is type(expected)
    for one, other in zip(listed(found), listed(expected), strict=True):
        assert one.dtype == np.float32 and one.shape == other.shape
        assert decibels(one, other) > least


@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_a_file_and_a_graph_give_what_the_model_gives(keras_model, tmp_path, suffix):
    model = keras_model("plain")
    x = rows_for(model, 50)
    model.save(tmp_path / f"model.{suffix}")
    expected = xfblas.compile(model, x).predict(x, verbose=0)
    for source in (
        tmp_path / f"model.{suffix}",
        str(tmp_path / f"model.{suffix}"),
        xfblas.read_graph(model),
        xfblas.read_network(model),
    ):
        np.testing.assert_array_equal(xfblas.compile(source, x).predict(x, verbose=0), expected)


def test_calibration_is_anything_that_predict_takes(keras_model):
    model = keras_model("branched")
    left, right = rows_for(model, 40)
    expected = xfblas.compile(model, [left, right]).networks
    for same in (
        (left, right),
        {"left": left, "right": right},
        (([left[i : i + 8], right[i : i + 8]],) for i in range(0, 40, 8)),
    ):
        for name, network in xfblas.compile(model, same).networks.items():
            for one, other in zip(network.layers, expected[name].layers, strict=True):
                np.testing.assert_array_equal(one.weights, other.weights)
                assert one.scales == other.scales


def test_rows_of_calibration_are_bounded_and_from_all_over(keras_model):
    model = keras_model("plain")
    x = np.zeros((20_000, 12), np.float32)
    x[-1] = 7  # only the last row says how large the inputs are
    compiled = xfblas.compile(model, x)
    assert compiled.calibration["rows"] == 8192
    found = compiled.predict(x[-1:], verbose=0)
    np.testing.assert_allclose(found, model.predict(x[-1:], verbose=0), atol=2e-3)
    endless = ((np.ones((1000, 12)),) for _ in iter(int, 1))
    assert xfblas.compile(model, endless).calibration["rows"] == 8192


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({}, errors.InvalidValueError, "calibration is None"),
        ({"calibration": np.ones((3, 5))}, errors.InvalidValueError, r"calibration: .*\(3, 5\)"),
        ({"calibration": np.ones((0, 12))}, errors.InvalidValueError, "calibration has no rows"),
        ({"calibration": np.full((2, 12), np.nan)}, errors.InvalidValueError, "calibration: .*nan"),
        ({"calibration": iter(())}, errors.InvalidValueError, "calibration: .*no batch"),
        ({"calibration": "rows.csv"}, errors.InvalidValueError, "calibration"),
        ({"bits": 12}, errors.InvalidValueError, "bits is 12"),
        ({"bits": [8]}, errors.InvalidValueError, r"bits is \[8\]"),
        ({"names": ["a"]}, errors.InvalidValueError, "names is not an option of quantize"),
        ({"are_features": True}, errors.InvalidValueError, "are_features is not an option"),
        ({"bits": 32, "surprise": 1}, errors.InvalidValueError, "surprise is not an option"),
        ({"dtype": "int32"}, errors.InvalidValueError, "dtype is 'int32'"),
        ({"dtype": "nothing"}, errors.InvalidValueError, "dtype is 'nothing'"),
        ({"bits": 8, "dtype": np.int16}, errors.InvalidValueError, "bits is 8, but dtype"),
        ({"bits": 32, "margin": 2.0}, errors.InvalidValueError, "margin was given"),
        ({"calibration": np.ones((2, 12)), "margin": 0.1}, errors.InvalidValueError, "margin is"),
        ({"xclbin": xfblas.image_path("seed_short"), "bits": 8}, errors.DtypeError, "int8 was"),
        ({"xclbin": "missing.xclbin"}, errors.ImageError, "missing.xclbin"),
        ({"device": 99, "target": "csim"}, errors.XfblasError, "99"),
    ],
)
def test_wrong_arguments_name_themselves_and_leave_no_device_open(
    keras_model, options, error, text
):
    gc.collect()
    before = dict(shared_devices._open)
    with pytest.raises(error, match=text):
        xfblas.compile(keras_model("plain"), **options)
    assert shared_devices._open == before


def test_devices_are_shared_and_closed_when_unused(keras_model):
    gc.collect()
    model = keras_model("plain")
    x = rows_for(model, 20)
    first, second = xfblas.compile(model, x), xfblas.compile(model, x)
    device = first.device
    assert second.device is device
    expected = first.predict(x, verbose=0)
    first.close()
    first.close()
    assert first.closed and not device.closed
    np.testing.assert_array_equal(second.predict(x, verbose=0), expected)
    for call in (lambda: first.predict(x), lambda: first(x), lambda: first.evaluate(x, x)):
        with pytest.raises(errors.NotInitializedError, match="closed"):
            call()
    del second  # forgotten, not closed
    gc.collect()
    assert device.closed


def test_a_given_device_stays_the_callers(keras_model):
    model = keras_model("plain")
    x = rows_for(model, 20)
    with xfblas.open() as device:
        with xfblas.compile(model, x, device=device) as compiled:
            assert compiled.device is device
            with pytest.raises(errors.DtypeError, match="int8"):
                xfblas.compile(model, x, device=device, bits=8)
            with pytest.raises(errors.InvalidValueError, match="xclbin is"):
                xfblas.compile(model, x, device=device, xclbin="other.xclbin")
        assert not device.closed
    with pytest.raises(errors.NotInitializedError, match="closed"):
        xfblas.compile(model, x, device=device)
    path = xfblas.image_path("seed_short")
    with xfblas.compile(model, x, xclbin=path) as compiled:
        assert compiled.device.xclbin == path
        assert decibels(compiled.predict(x, verbose=0), model.predict(x, verbose=0)) > 65


def test_what_a_float_image_lacks_runs_on_the_host(keras):
    layers = [
        keras.Input((6,)),
        keras.layers.Dense(5),
        keras.layers.LeakyReLU(),
        keras.layers.Dense(2),
    ]
    model = keras.Sequential(layers)
    x = rows_for(model, 30)
    with pytest.warns(UserWarning, match="float engine has only linear and ReLU"):
        compiled = xfblas.compile(model, bits=32)
    np.testing.assert_allclose(
        compiled.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-5
    )
    assert len(compiled.host_reasons) == 1 and not compiled.networks


@pytest.mark.native
def test_summary_shapes_and_repr(keras_model, capsys):
    compiled = xfblas.compile(keras_model("branched"), rows_for(keras_model("branched"), 20))
    assert compiled.input_shape == [(None, 12), (None, 6)]
    assert compiled.output_shape == [(None, 4), (None, 1)]
    assert compiled.output_names == ("classes", "value")
    compiled.summary()
    text = capsys.readouterr().out
    for word in ("engine int16", "host", "concatenate", "value", "12x8, relu", "native"):
        assert word in text
    assert "branched int16" in repr(compiled)
    compiled.close()
    assert "closed" in repr(compiled)
    assert xfblas.compile(keras_model("plain"), bits=32).input_shape == (None, 12)


def test_trace_gives_every_layer_in_the_models_units(keras, keras_model):
    for kind in ("deep", "branched", "sequence"):
        model = keras_model(kind)
        x = rows_for(model, 60)
        compiled = xfblas.compile(model, x)
        output, layers = compiled.trace(x)
        for one, other in zip(listed(output), listed(compiled.predict(x, verbose=0)), strict=True):
            np.testing.assert_array_equal(one, other)
        dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
        inner = keras.Model(model.inputs, [layer.output for layer in dense])
        for layer, expected in zip(dense, inner.predict(x, verbose=0), strict=True):
            if layer.name in layers and layer.activation.__name__ in ("relu", "linear"):
                if kind == "deep" and layer is dense[0]:
                    continue  # holds the batch normalization too
                assert layers[layer.name].shape == expected.shape
                assert decibels(layers[layer.name], expected) > 60, (kind, layer.name)


def test_predicting_a_saved_model_imports_neither_keras_nor_pandas(keras_model, tmp_path):
    keras_model("plain").save(tmp_path / "model.keras")
    np.save(tmp_path / "x.npy", rows_for(keras_model("plain"), 20))
    program = f"""
import json, sys
import numpy as np, xfblas
x = np.load(r"{tmp_path / "x.npy"}")
model = xfblas.compile(r"{tmp_path / "model.keras"}", x)
model.save(r"{tmp_path / "model.xfblas"}")
xfblas.load(r"{tmp_path / "model.xfblas"}").predict(x)
heavy = ("keras", "jax", "pandas", "rich", "matplotlib", "sklearn", "scipy", "torch")
print(json.dumps([name for name in heavy if name in sys.modules]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []
    with h5py.File(tmp_path / "model.xfblas") as file:
        assert file.attrs["format"] == "xfblas model"
