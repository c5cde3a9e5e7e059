"""Features whose means are large against their deviations, from the model to the result."""

import json

import h5py
import numpy as np
import pytest
from centered_models import CHAINS, Stack, decibels, features

import xfblas
from xfblas.graph import Network, read_graph, read_network
from xfblas.graph.network import Layer

#: Decibels against the same layers in float64, by bits.
WANTED = {16: 65, 8: 30, 32: 100}
SEEN = 500


def assert_same(one, other, bits):
    """Integers are the same bytes; sums of float32 are taken in another order for fewer rows."""
    rounding = 1e-5 * np.abs(other).max() if bits == 32 else 0
    np.testing.assert_allclose(one, other, rtol=0, atol=rounding)


@pytest.mark.parametrize("bits", WANTED)
@pytest.mark.parametrize("ratio", [1e2, 1e4, 1e6])
@pytest.mark.parametrize("actions", CHAINS[:3] + CHAINS[5:7])
def test_files(generator, tmp_path, actions, ratio, bits):
    stack = Stack(generator, features(generator, ratio)).build(actions)
    path = stack.write(tmp_path / "m.h5")
    with xfblas.compile(path, stack.rows[:SEEN], bits=bits) as model:
        found = model.predict(stack.rows, verbose=0)
        assert decibels(stack.values[SEEN:], found[SEEN:]) > WANTED[bits]
        # One by one, in doubles and as a list they are what they are together.
        for few in (stack.rows[:1], stack.rows[:9].astype(np.float64), stack.rows[:3].tolist()):
            assert_same(model.predict(few, verbose=0), found[: len(few)], bits)
        assert_same(model.trace(stack.rows)[0], found, bits)
        model.save(tmp_path / "m.xfblas")
    with xfblas.load(tmp_path / "m.xfblas") as loaded:
        np.testing.assert_array_equal(loaded.predict(stack.rows, verbose=0), found)
        assert decibels(stack.values, loaded.graph.forward(stack.rows)[0]) > 110


@pytest.mark.native
@pytest.mark.parametrize(("dtype", "wanted"), [("int16", 65), ("float32", 100)])
def test_keras_rt(generator, tmp_path, dtype, wanted):
    """Every way of it, with one unit and with all."""
    stack = Stack(generator, features(generator, 1e6)).build(CHAINS[0])
    path = stack.write(tmp_path / "m.h5")
    with xfblas.open(dtype=dtype) as device:
        for place in (device, device.compute_units[0]):
            runtime = xfblas.KerasRT(path, calibration=stack.rows[:SEEN], compute_unit=place)
            found = runtime.predict(stack.rows)
            assert decibels(stack.values, found) > wanted
            runtime.send_matrices(stack.rows[:7])
            runtime.single_execute()
            assert_same(runtime.get_result(), found[:7], 32 if dtype == "float32" else 16)


@pytest.mark.native
def test_lists_and_legacy_arithmetic(generator, tmp_path):
    """Lists of scales multiply the inputs as they are: there the center is in the bias."""
    stack = Stack(generator, features(generator, 3)).build("normalize dense")
    network = read_network(stack.write(tmp_path / "m.h5"))
    (folded,) = network.without_center().layers
    plain = Network("plain", (folded,), "linear", network.input_shape)
    lists = {"wgt_scale": [64], "bias_scale": [4096], "post_scale": [[1, 6]]}
    with xfblas.open() as device:
        unit = device.compute_units[0]
        found, expected = (
            xfblas.KerasRT(model, **lists, compute_unit=unit).predict(stack.rows, 64)
            for model in (network, plain)
        )
        np.testing.assert_array_equal(found, expected)
        far = Stack(generator, features(generator, 1e6)).build("normalize dense relu dense")
        path = far.write(tmp_path / "m.h5")
        runtime = xfblas.KerasRT(path, calibration=far.rows, legacy=True, compute_unit=unit)
        assert decibels(far.values, runtime.predict(far.rows)) > 60


def test_few_rows_of_calibration(generator, tmp_path):
    """What the model's own layers say stands in for what so few rows do not."""
    stack = Stack(generator, features(generator, 1e6)).build(CHAINS[0])
    path = stack.write(tmp_path / "m.h5")
    for rows in (5, 15):
        with xfblas.compile(path, stack.rows[:rows], bits=8) as model:
            assert decibels(stack.values, model.predict(stack.rows, verbose=0)) > 20


def digits(generator):
    """Rows like pixels beside a column of 255."""
    pixels = generator.integers(0, 17, (600, 24)) * (generator.random((600, 24)) < 0.6)
    return np.hstack([pixels, np.full((600, 1), 255)]).astype(np.float32)


def test_a_constant_feature_in_an_accelerated_model(keras, generator):
    x = digits(generator)
    normalization = keras.layers.Normalization()
    normalization.adapt(x)
    layers = [keras.Input((25,)), normalization, keras.layers.Dense(16, "relu")]
    model = keras.Sequential([*layers, keras.layers.Dense(3)])
    mean, variance = (np.asarray(v, np.float64).reshape(-1) for v in
                      (normalization.mean, normalization.variance))  # fmt: skip
    (k1, b1), (k2, b2) = ([np.float64(w) for w in one.get_weights()] for one in model.layers[1:])
    rows = (x - mean) / np.maximum(np.sqrt(variance), 1e-7)
    expected = np.maximum(rows @ k1 + b1, 0) @ k2 + b2
    for bits, wanted in WANTED.items():
        xfblas.accelerate(model, x[:300], bits=bits)
        assert decibels(expected, model.predict(x, verbose=0)) > wanted
        xfblas.restore(model)
    report = xfblas.report(model, x, expected.argmax(axis=1))
    assert report.outputs[0].accuracy_float == 1 and report.outputs[0].accuracy > 0.99


def test_dates_times_and_pressures(keras, generator):
    x = np.column_stack(
        [
            generator.integers(20200101, 20241231, 600),
            1.7e9 + generator.uniform(0, 3e7, 600),
            101325 + generator.normal(0, 300, 600),
            generator.normal(0, 1, 600),
        ]
    ).astype(np.float32)
    wide = x.astype(np.float64)
    mean, variance = np.float32(wide.mean(axis=0)), np.float32(wide.var(axis=0))
    given, last = keras.Input((4,)), keras.layers.Dense(3)
    taken = keras.layers.Normalization(mean=mean, variance=variance)(given)
    model = keras.Model(given, last(taken))
    kernel, bias = (np.float64(values) for values in last.get_weights())
    expected = (wide - mean) / np.sqrt(np.float64(variance)) @ kernel + bias
    for bits, wanted in WANTED.items():
        with xfblas.compile(model, x[:300], bits=bits) as compiled:
            assert decibels(expected, compiled.predict(x, verbose=0)) > wanted


def test_centers_between_steps_of_the_host(keras, generator, tmp_path):
    """Doubles of the host reach the engine's encoding as they are."""
    L = keras.layers
    rows = features(generator, 1e6, count=6)
    wide = np.hstack([rows * np.float64(1e-3), rows])
    mean, variance = np.float32(wide.mean(axis=0)), np.float32(wide.var(axis=0))
    # Both halves are the same after the normalization: where weights cancel, int8 has less.
    weights = keras.initializers.GlorotUniform(seed=3)
    given, last = keras.Input((6,)), L.Dense(3, kernel_initializer=weights)
    both = L.Concatenate()([L.Rescaling(1e-3)(given), given])
    model = keras.Model(given, last(L.Normalization(mean=mean, variance=variance)(both)))
    kernel, bias = (np.float64(values) for values in last.get_weights())
    expected = (wide - mean) / np.sqrt(np.float64(variance)) @ kernel + bias
    for bits, wanted in WANTED.items():
        with xfblas.compile(model, rows[:SEEN], bits=bits) as compiled:
            found = compiled.predict(rows, verbose=0)
            assert decibels(expected, found) > wanted
            output, layers = compiled.trace(rows)
            assert_same(output, found, bits)
            assert all(values.dtype == np.float32 for values in layers.values())
            compiled.save(tmp_path / "m.xfblas")
        with xfblas.load(tmp_path / "m.xfblas") as loaded:
            np.testing.assert_array_equal(loaded.predict(rows, verbose=0), found)


def test_files_of_earlier_releases(keras, generator, tmp_path):
    """Which had scale and shift in float32, and centers in biases."""
    L = keras.layers
    given = keras.Input((4, 3))
    mean, variance = generator.normal(0, 2, 4), generator.uniform(0.5, 2, 4)
    tensor = L.Normalization(axis=1, mean=mean, variance=variance)(given)
    model = keras.Model(given, L.GlobalMaxPooling1D()(L.Dense(3)(L.LayerNormalization()(tensor))))
    rows = generator.normal(0, 2, (200, 4, 3)).astype(np.float32)
    path = tmp_path / "m.xfblas"
    with xfblas.compile(model, rows) as compiled:
        found = compiled.predict(rows, verbose=0)
        compiled.save(path)
    with h5py.File(path, "r+") as file:
        assert file.attrs["version"] == 2
        file.attrs["version"] = 1
        scale, shift, center = (
            file[f"steps/0/{kind}"][()] for kind in ("scale", "shift", "center")
        )
        for kind in ("scale", "shift", "center"):
            del file[f"steps/0/{kind}"]
        file["steps/0/scale"] = scale.astype(np.float32)
        file["steps/0/shift"] = (shift - center * scale).astype(np.float32)
        described = json.loads(file["description"][()])
        described["steps"][0]["arrays"] = ["scale", "shift"]
        del file["description"]
        file["description"] = json.dumps(described)
    with xfblas.load(path) as loaded:
        np.testing.assert_allclose(loaded.predict(rows, verbose=0), found, atol=1e-3)
    # A model without centers is written as these were.
    with xfblas.compile(rows_model(generator), rows.reshape(200, 12)) as compiled:
        compiled.save(path)
    with h5py.File(path) as file:
        assert file.attrs["version"] == 1


def rows_model(generator):
    layer = Layer("d", generator.standard_normal((12, 3)), np.ones(3), "relu", 0.0)
    return Network("plain", (layer,), "linear", (12,))


def test_the_float_reference_of_a_report(generator, tmp_path):
    stack = Stack(generator, features(generator, 1e6)).build(CHAINS[0])
    path = stack.write(tmp_path / "m.h5")
    labels = stack.values.argmax(axis=1)
    report = xfblas.report(path, stack.rows, labels, bits=8)
    assert report.outputs[0].accuracy_float > 0.999
    assert report.outputs[0].decibels > 30
    assert decibels(stack.values, read_graph(path).forward(stack.rows)[0]) > 100
