"""load_weights and set_layer_weights: other weights for a model that runs."""

import gc
import itertools
import re
import threading
from unittest import mock

import numpy as np
import pytest
from keras_models import KINDS, build, decibels, rows_for

import xfblas
from xfblas.device.compute_unit import ComputeUnit
from xfblas.device.device_matrix import DeviceMatrix
from xfblas.errors import InvalidValueError, NotInitializedError, NotSupportedError
from xfblas.graph import Layer, Network

SIZES = (12, 20, 8, 5)


def network(seed, scale=1.0, sizes=SIZES):
    generator = np.random.default_rng(seed)
    layers, last = [], len(sizes) - 2
    for index, (k, n) in enumerate(itertools.pairwise(sizes)):
        kernel = scale * generator.normal(0, k**-0.5, (k, n))
        bias = scale * generator.normal(0, 0.1, n)
        activation, slope = ("linear", 1.0) if index == last else ("relu", 0.0)
        layers.append(Layer(f"d{index}", kernel, bias, activation, slope))
    return Network("mlp", tuple(layers), "softmax", (sizes[0],))


def arrays_of(net):
    return [part for layer in net.layers for part in (layer.kernel, layer.bias)]


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(9).normal(0, 1, (200, SIZES[0])).astype(np.float32)


@pytest.fixture
def model(rows):
    with xfblas.compile(network(0), rows) as compiled:
        yield compiled


def near(model, net, rows):
    return np.abs(model.predict(rows, verbose=0) - net.forward(rows)).max() < 3e-3


@pytest.mark.parametrize("scales", ["derive", "keep"])
@pytest.mark.parametrize("bits", [16, 8, 32])
def test_other_weights_are_predicted(rows, bits, scales):
    # Of the same sizes, so that they fit the old scales.
    first = network(0)
    last = first.layers[-1]
    turned = Layer(last.name, -last.kernel, -last.bias, "linear", 1.0)
    second = Network("mlp", (*first.layers[:-1], turned), "softmax", (SIZES[0],))
    with xfblas.compile(first, rows, bits=bits) as compiled:
        before = compiled.predict(rows, verbose=0)
        compiled.load_weights(second, scales=scales)
        found = compiled.predict(rows, verbose=0)
        assert decibels(found, second.forward(rows)) > (25 if bits == 8 else 50)
        assert decibels(found, before) < 10
        compiled.load_weights(first, scales=scales)
        np.testing.assert_allclose(compiled.predict(rows, verbose=0), before, atol=2e-7)


def test_derived_weights_are_those_of_a_compilation(model, rows):
    model.load_weights(network(3))
    with xfblas.compile(network(3), rows) as fresh:
        np.testing.assert_array_equal(
            model.predict(rows, verbose=0), fresh.predict(rows, verbose=0)
        )


@pytest.mark.parametrize("way", ["list", "dict", "graph"])
def test_sources(model, rows, way):
    other = network(4)
    if way == "list":
        model.load_weights(arrays_of(other))
    elif way == "dict":
        model.load_weights({layer.name: (layer.kernel, layer.bias) for layer in other.layers})
    else:
        model.load_weights(xfblas.ModelGraph.from_network(other))
    assert near(model, other, rows)


@pytest.mark.parametrize("kind", KINDS)
def test_keras_models_and_files(keras, tmp_path, kind):
    first, second = build(keras, kind), build(keras, kind)
    # Weights of their own, of the old ones' size.
    for weight in second.weights:
        values = np.asarray(weight.value)
        weight.assign(np.roll(values, 1))
    x = rows_for(first, 60)
    second.save(tmp_path / "second.keras")
    with xfblas.compile(first, x) as model, xfblas.compile(second, x) as expected:
        model.load_weights(second)
        for found, wanted in zip(
            *(
                value if isinstance(value, list) else [value]
                for value in (model.predict(x, verbose=0), expected.predict(x, verbose=0))
            ),
            strict=True,
        ):
            np.testing.assert_array_equal(found, wanted)
        model.load_weights(first)
        model.load_weights(tmp_path / "second.keras")
        again = model.predict(x, verbose=0)
        for found, wanted in zip(
            *(
                value if isinstance(value, list) else [value]
                for value in (again, expected.predict(x, verbose=0))
            ),
            strict=True,
        ):
            np.testing.assert_array_equal(found, wanted)


def test_a_file_of_weights_alone(keras, tmp_path):
    layers = keras.layers
    made = [
        keras.Sequential(
            [
                keras.Input((6,)),
                layers.Dense(7, activation="relu"),
                layers.Dense(3, activation="softmax"),
            ]
        )
        for _ in range(2)
    ]
    made[1].save_weights(tmp_path / "w.weights.h5")
    x = np.random.default_rng(0).normal(0, 1, (50, 6)).astype(np.float32)
    with xfblas.compile(made[0], x) as model:
        model.load_weights(tmp_path / "w.weights.h5")
        assert np.abs(model.predict(x, verbose=0) - made[1].predict(x, verbose=0)).max() < 3e-3


def test_one_layer(model, rows):
    other = network(5).layers[1]
    model.set_layer_weights("d1", other.kernel, other.bias)
    first = network(0)
    mixed = Network("mlp", (first.layers[0], other, first.layers[2]), "softmax", (SIZES[0],))
    assert near(model, mixed, rows)
    # Without a bias it keeps its own.
    model.set_layer_weights("d1", network(0).layers[1].kernel.tolist())
    assert np.array_equal(model.graph.engine_steps[0].network.layers[1].bias, other.bias)


def test_only_what_changed_is_sent(model, rows):
    model.predict(rows, verbose=0)
    sent = []
    send = ComputeUnit.send

    def counting(self, array, *more, **options):
        sent.append(np.asarray(array).shape)
        return send(self, array, *more, **options)

    kernel = network(0).layers[2].kernel
    units = len(model._engine.plain._chains)
    with mock.patch.object(ComputeUnit, "send", counting):
        model.set_layer_weights("d2", kernel * 0.9, scales="keep")
        # The bias makes up for what the weights' roundings lose.
        assert sent in ([(8, 5)] * units, [(8, 5), (1, 5)] * units)
        sent.clear()
        model.set_layer_weights("d2", kernel * 0.9, scales="keep")
        assert sent == []


def test_what_no_longer_fits_is_named(model, rows):
    before = model.predict(rows, verbose=0)
    kernel = network(0).layers[1].kernel
    with pytest.raises(InvalidValueError) as raised:
        model.set_layer_weights("d1", kernel * 37, scales="keep")
    text = str(raised.value)
    assert re.search(r"d1: its weights need [\d.]+ times their range", text)
    assert "d0" not in text and "scales='derive'" in text
    np.testing.assert_array_equal(model.predict(rows, verbose=0), before)
    # Weights that fit, whose outputs the calibration rows take too far.
    with pytest.raises(InvalidValueError, match=r"d0: its outputs reach [\d.e+]+ times"):
        model.set_layer_weights(
            "d0", network(0).layers[0].kernel, network(0).layers[0].bias + 1000, scales="keep"
        )
    model.set_layer_weights("d1", kernel * 37)
    np.testing.assert_array_equal(model.predict(rows, verbose=0).shape, before.shape)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda m: m.load_weights(network(1, sizes=(12, 20, 9, 5))), "expected the same shape"),
        (lambda m: m.load_weights(network(1, sizes=(12, 20, 5))), "2 layers"),
        (lambda m: m.load_weights([np.zeros((12, 20))]), "1 kernels, expected 3, of d0, d1, d2"),
        (lambda m: m.load_weights([np.zeros(3)]), "source.0. has shape"),
        (lambda m: m.load_weights({"d7": np.zeros((2, 2))}), "name is 'd7', expected a layer"),
        (lambda m: m.load_weights({"d0": ()}), "expected kernel and bias"),
        (lambda m: m.load_weights(7), "source is a int"),
        (lambda m: m.load_weights(None), "source is a NoneType"),
        (lambda m: m.load_weights("nothing.keras"), "nothing.keras"),
        (lambda m: m.load_weights(network(1), scales="new"), "scales is 'new'"),
        (lambda m: m.load_weights(network(1), calibration=np.zeros((3, 2))), "calibration"),
        (lambda m: m.set_layer_weights("d0", np.zeros((12, 21))), "kernel of d0"),
        (lambda m: m.set_layer_weights("d0", np.full((12, 20), np.nan)), "not finite"),
        (lambda m: m.set_layer_weights("d0", np.full((12, 20), 1e39)), "not finite"),
        (lambda m: m.set_layer_weights("d0", np.zeros((12, 20)), "x"), "bias of d0"),
        (lambda m: m.set_layer_weights(3, np.zeros((12, 20))), "name is"),
    ],
)
def test_wrong_arguments_change_nothing(model, rows, call, words):
    before = model.predict(rows, verbose=0)
    with pytest.raises(xfblas.XfblasError, match=words):
        call(model)
    np.testing.assert_array_equal(model.predict(rows, verbose=0), before)
    model.load_weights(network(2))
    assert near(model, network(2), rows)


def test_a_saved_model_keeps_some_rows(model, rows, tmp_path):
    model.save(tmp_path / "m.xfblas")
    with xfblas.load(tmp_path / "m.xfblas") as loaded:
        loaded.load_weights(network(6))
        assert near(loaded, network(6), rows)


def test_a_closed_model(model):
    model.close()
    with pytest.raises(NotInitializedError):
        model.load_weights(network(1))


def live_matrices():
    gc.collect()
    return sum(type(each) is DeviceMatrix for each in gc.get_objects())


def end_of_memory(unit):
    """The page where a matrix comes to lie that is too large for any gap."""
    probe = unit.empty((1024, 1024))
    page = probe.page
    probe.free()
    return page


@pytest.mark.native  # thousands of predictions
def test_a_thousand_swaps_under_load(rows):
    """Eight threads predict meanwhile: each prediction is of one set of weights, as a whole."""
    nets = [network(0), network(0, scale=0.97)]
    few = rows[:40]
    with xfblas.compile(nets[0], rows) as model:
        wanted = []
        for net in nets:
            model.load_weights(net, scales="keep")
            wanted.append(model.predict(few, verbose=0))
        assert not np.array_equal(*wanted)
        unit = model.device.compute_units[0]
        matrices, page = live_matrices(), end_of_memory(unit)
        stops, wrong, counts = threading.Event(), [], [0] * 8

        def predict(number):
            try:
                while not stops.is_set() or not counts[number]:
                    # A batch at a time, so that one call has several.
                    found = model.predict(few, batch_size=(None, 16)[number % 2], verbose=0)
                    counts[number] += 1
                    if not any(np.array_equal(found, each) for each in wanted):
                        wrong.append(np.abs(found - wanted[0]).max())
            except Exception as error:
                wrong.append(error)

        threads = [threading.Thread(target=predict, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for swap in range(1000):
            model.load_weights(nets[swap % 2], scales="keep")
        stops.set()
        for thread in threads:
            thread.join()
        assert wrong == [] and min(counts) > 0
        np.testing.assert_array_equal(model.predict(few, verbose=0), wanted[1])
        assert live_matrices() == matrices
        # The last weights may lie behind those that threads held until then.
        for net in nets:
            model.load_weights(net, scales="keep")
        # What is free may lie elsewhere: a generation's dozen matrices of a page or two each.
        assert end_of_memory(unit) <= page + 24, "memory of old weights is still there"
        assert model.statistics()["d0"]["rows"] >= 40 * sum(counts)


def test_a_file_without_rows(model, rows, tmp_path):
    model.save(tmp_path / "m.xfblas", rows=0)
    with xfblas.load(tmp_path / "m.xfblas") as loaded:
        with pytest.raises(InvalidValueError, match="no calibration rows are stored"):
            loaded.load_weights(network(6))
        loaded.load_weights(network(6), calibration=rows)
        assert near(loaded, network(6), rows)
        # And they are stored from now on.
        loaded.load_weights(network(4))
        assert near(loaded, network(4), rows)


def test_weights_of_maps_are_those_compiled(keras):
    layers = keras.layers
    stack = [keras.Input((6, 5, 1)), layers.Conv2D(3, 3), layers.Flatten(), layers.Dense(2)]
    model = keras.Sequential(stack)
    images = np.random.default_rng(1).normal(size=(8, 6, 5, 1)).astype(np.float32)
    with xfblas.compile(model, images) as compiled:
        before = compiled.predict(images, verbose=0)
        kernel, bias = stack[1].get_weights()
        for replace in (
            lambda: compiled.load_weights(model),
            lambda: compiled.load_weights(model.get_weights()),
            lambda: compiled.load_weights({"conv2d": kernel}),
            lambda: compiled.set_layer_weights(stack[1].name, kernel, bias),
            lambda: compiled.set_layer_weights(stack[3].name, *stack[3].get_weights()),
        ):
            with pytest.raises(NotSupportedError, match=f"from {stack[1].name} on.*compile"):
                replace()
        np.testing.assert_array_equal(compiled.predict(images, verbose=0), before)
