"""tanh and sigmoid between dense layers, by the engine's tables, on every target."""

import math
from itertools import pairwise

import h5py
import numpy as np
import pytest
from keras_models import decibels

import xfblas
from xfblas.compiled import table_choice
from xfblas.device.default_images import default_target
from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.graph import Layer, Network, read_graph
from xfblas.program.prediction import finished

pytestmark = pytest.mark.filterwarnings("ignore")
KINDS = ("tanh", "sigmoid", "relu", "linear")
SLOPES = {"relu": 0.0}


def random_network(generator, bits):
    """Two to four layers, one of them with a table; sums from tiny to far beyond saturation."""
    widths = [int(width) for width in generator.integers(1, 40, generator.integers(3, 6))]
    activations = [str(kind) for kind in generator.choice(KINDS, len(widths) - 1)]
    activations[generator.integers(len(activations) - 1)] = str(generator.choice(KINDS[:2]))
    activations[-1] = "linear"
    layers = []
    for index, (k, n) in enumerate(pairwise(widths)):
        size = 10.0 ** generator.uniform(-1, 1) / np.sqrt(k)
        numbers = (generator.normal(0, size, (k, n)), generator.normal(0, size, n))
        slope = SLOPES.get(activations[index], 1.0)
        layers.append(Layer(f"d{index}", *numbers, activations[index], slope))
    softmax = str(generator.choice(["linear", "softmax"]))
    return Network("random", tuple(layers), softmax, (widths[0],))


@pytest.mark.parametrize("bits", [16, 8])
def test_random_tanh_networks_give_the_bytes_of_the_simulation(generator, bits):
    for _ in range(20 if default_target() == "native" else 3):
        network = random_network(generator, bits)
        x = generator.standard_normal((60, network.input_units)).astype(np.float32)
        with xfblas.compile(network, x[:40], bits=bits, goal=float(generator.choice([0, 38]))) as c:
            (quantized,) = c.networks.values()
            assert any(layer.table for layer in quantized.layers)
            # One program, one call of C: what saturates is the simulation's too.
            assert c._plain is not None
            rows = 3 * x
            found = c.predict(rows, verbose=0)
            trace = quantized.simulate(quantized.quantize_input(rows))
            plain = c._plain.network
            np.testing.assert_array_equal(found, finished(plain, trace.output))
            # The same by instructions one by one.
            np.testing.assert_array_equal(
                c._plain.run(quantized.quantize_input(rows)), trace.output
            )


def mlp(keras, *activations, units=(24, 16, 12)):
    keras.utils.set_random_seed(5)
    L = keras.layers
    pairs = enumerate(zip(units, activations, strict=False))
    layers = [L.Dense(n, a, name=f"d{i}") for i, (n, a) in pairs]
    return keras.Sequential([keras.Input((10,)), *layers, L.Dense(4, "softmax", name="last")])


@pytest.fixture
def x():
    """The same each time: where tables reach about their goal, rows decide what is placed where."""
    return np.random.default_rng(2).standard_normal((400, 10)).astype(np.float32)


@pytest.mark.parametrize(("bits", "wanted"), [(16, 60), (8, 24)])
@pytest.mark.parametrize("kinds", [("tanh",) * 3, ("sigmoid",) * 3, ("tanh", "relu", "sigmoid")])
def test_a_tanh_mlp_is_one_program_and_near_to_keras(keras, x, bits, wanted, kinds):
    model = mlp(keras, *kinds)
    kernel = model.get_layer("last").kernel
    logits = keras.Model(model.inputs, model.get_layer("d2").output).predict(x, verbose=0)
    logits = logits @ np.asarray(kernel) + np.asarray(model.get_layer("last").bias)
    with xfblas.compile(model, x[:200], bits=bits, goal=62 if bits == 16 else 0) as compiled:
        assert list(compiled.networks) == ["d0"] and compiled._plain is not None
        output, layers = compiled.trace(x, preactivations=True)
        np.testing.assert_array_equal(output, compiled.predict(x, verbose=0))
        np.testing.assert_array_equal(output, layers["last"])
    assert decibels(layers["last:preactivation"], logits) > wanted
    given = x
    for index, kind in enumerate(kinds):
        layer = model.get_layer(f"d{index}")
        sums = given @ np.asarray(layer.kernel) + np.asarray(layer.bias)
        given = layers[f"d{index}"]
        assert decibels(layers[f"d{index}:preactivation"], sums) > wanted
        # What the table gives of the engine's own sums.
        before = layers[f"d{index}:preactivation"]
        exact = np.asarray(layer.activation(before))
        assert decibels(given, exact) > wanted, kind


@pytest.mark.parametrize("bits", [16, 8])
def test_tanh_arguments_far_beyond_their_format_saturate(bits):
    """Without saturation 40 would wrap into the range of the format and give anything."""
    layers = (Layer("a", [[1.0]], [0.0], "tanh", 1.0), Layer("b", [[1.0]], [0.0], "linear", 1.0))
    network = Network("n", layers, "linear", (1,))
    rows = np.linspace(-40, 40, 801, dtype=np.float32).reshape(-1, 1)
    with xfblas.compile(network, rows, bits=bits, goal=0) as compiled:
        found = compiled.predict(rows, verbose=0)
    # An argument is at most half a step off, of the input and of the sum.
    steps = 40 * 2.0**3 / 2**bits + 2.0 ** (4 - bits)
    assert np.abs(found - np.tanh(rows)).max() < 2 * steps
    assert (np.diff(found[:, 0]) >= 0).all()
    (quantized,) = compiled.networks.values()
    # Nothing is lost by it, so it is none of the saturations that reports warn of.
    assert quantized.simulate(quantized.quantize_input(rows)).layers[0].saturations == 0


@pytest.mark.parametrize("bits", [16, 8])
def test_tanh_models_in_files(keras, x, tmp_path, bits):
    for kind, version in (("relu", 1), ("tanh", 3)):
        with xfblas.compile(mlp(keras, kind), x, bits=bits, goal=0) as compiled:
            compiled.save(tmp_path / "m.xfblas")
        # Earlier releases read what has no tables, and say of others that a newer one wrote them.
        with h5py.File(tmp_path / "m.xfblas") as file:
            assert file.attrs["version"] == version
    with xfblas.compile(mlp(keras, "tanh", "sigmoid"), x, bits=bits, goal=0) as compiled:
        compiled.save(tmp_path / "m.xfblas")
        with xfblas.load(tmp_path / "m.xfblas") as loaded:
            assert loaded._plain is not None
            found = loaded.predict(x, verbose=0)
            np.testing.assert_array_equal(found, compiled.predict(x, verbose=0))
            tables = [layer.table for layer in loaded.networks["d0"].layers]
            assert tables == [layer.table for layer in compiled.networks["d0"].layers]
            texts = []
            loaded.summary(texts.append)
            compiled.summary(texts.append)
    assert texts[0] == texts[1] and "tanh Q" in texts[0] and "sigmoid Q" in texts[0]


@pytest.mark.native  # Its models are of several images.
def test_tanh_on_the_host(keras, x):
    """By names, by a configuration, and where the arithmetic has no tables."""
    model = mlp(keras, "tanh", "sigmoid")
    config = xfblas.config_from_keras_model(model, "name")
    config["LayerName"]["d0_tanh"]["Engine"] = "host"
    converted = xfblas.convert_from_keras_model(model, hls_config=config, calib_data=x)
    ways = [
        (xfblas.compile(model, x, on_host=["d0:tanh"]), ["tanh"]),
        (converted.compiled, ["tanh"]),
        (xfblas.compile(model, x, on_host=["d1:sigmoid", "d0:tanh"]), ["tanh", "sigmoid"]),
        (xfblas.compile(model, bits=32), ["tanh", "sigmoid"]),
        (xfblas.compile(model, x, legacy=True), ["tanh", "sigmoid"]),
        (xfblas.compile(model, x, method="gemx"), ["tanh", "sigmoid"]),
    ]
    for compiled, functions in ways:
        steps = [step for step in compiled.graph.steps if hasattr(step, "function")]
        assert [step.function for step in steps] == [*functions, "softmax"]
        assert len(compiled.networks) == len(functions) + 1
        compiled.close()
    with pytest.raises(InvalidValueError, match=r"on_host has no 'd0:tan'.*'d0:tanh'"):
        xfblas.compile(model, x, on_host=["d0:tan"])
    with pytest.raises(InvalidValueError, match="on_host has no 'd0:sigmoid'"):
        xfblas.compile(model, x, on_host=["d0:sigmoid"])


@pytest.mark.parametrize(("decibels_wanted", "chains"), [(-100, 3), (100, 1)])
def test_the_host_must_gain_so_many_decibels(keras, x, monkeypatch, decibels_wanted, chains):
    """Of two tables it gains about what is asked for, more or less with the rows."""
    monkeypatch.setattr(table_choice, "NEARER", decibels_wanted)
    with xfblas.compile(mlp(keras, "tanh", "relu", "sigmoid"), x, goal=90) as compiled:
        assert len(compiled.networks) == chains


def test_a_goal_that_tanh_tables_miss_takes_them_to_the_host(keras, x):
    model = mlp(keras, "tanh")
    with xfblas.compile(model, x, goal=90) as compiled:
        found = {step.output: step.reason for step in compiled.graph.steps}
        assert len(compiled.networks) == 2
        assert "dB at last:preactivation, less than the goal of 90" in found["d0"]
        fine = compiled.trace(x)[1]["last:preactivation"]
    with xfblas.compile(model, x, goal=0) as compiled:
        assert len(compiled.networks) == 1
        (table,) = [s.table for s in compiled.networks["d0"].summaries if s.name == "d0"]
        coarse = compiled.trace(x)[1]["last:preactivation"]
    assert table.function == "tanh" and decibels(coarse, fine) < 90
    # The placement that a user asks for stays.
    with xfblas.compile(mlp(keras, "tanh", "relu"), x, goal=90, on_host=["d1"]) as compiled:
        reasons = {step.output: step.reason for step in compiled.graph.steps}
        assert reasons["d1"] == "it was placed on the host"


def shapes(keras):
    """Where tables stand: what the engine takes, and what it leaves to the host."""
    L = keras.layers
    own = [L.Activation("tanh")]
    norm = {"mean": [0.3] * 6, "variance": [2.0] * 6}
    given = keras.Input((6,))
    first = L.Dense(6, "tanh", name="first")(given)
    branched = keras.Model(given, L.Dense(2)(L.Concatenate()([first, L.Dense(3)(first)])))
    twice = L.Dense(6, "tanh", name="twice")
    two = keras.Model(given, [first, L.Dense(2)(first)])
    return {
        "layer of its own": ([L.Dense(5), L.Activation("tanh"), L.Dense(3)], 1),
        "normalized before": ([L.Dense(5), L.BatchNormalization(), *own, L.Dense(3)], 1),
        "normalized after": ([L.Dense(6, "tanh"), L.Normalization(**norm), L.Dense(3)], 1),
        "first": ([L.Activation("tanh"), L.Dense(3)], 1),
        "last": ([L.Dense(3), L.Dense(3, "tanh")], 1),
        "rectified before": ([L.Dense(5, "relu"), L.Activation("tanh"), L.Dense(3)], 2),
        "rectified after": ([L.Dense(5, "tanh"), L.ReLU(), L.Dense(3)], 2),
        "twice": (keras.Model(given, L.Dense(3, name="end")(twice(twice(given)))), 1),
        "dropped": ([L.Dense(5, "sigmoid"), L.Dropout(0.5), L.Dense(3, "sigmoid")], 1),
        "curved": ([L.Dense(5, "tanh"), L.Dense(4, "elu"), L.Dense(3)], 1),
        "branched": (branched, 3),
        "of two outputs": (two, 2),
    }  # fmt: skip


def test_where_tanh_is_for_the_engine(keras, generator):
    x = generator.standard_normal((200, 6)).astype(np.float32)
    for name, (layers, chains) in shapes(keras).items():
        model = layers
        if isinstance(layers, list):
            model = keras.Sequential([keras.Input((6,)), *layers])
        expected = model.predict(x, verbose=0)
        expected = expected if isinstance(expected, list) else [expected]
        graph = read_graph(model, tables=True)
        for wanted, found in zip(expected, graph.forward([x]), strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-5, err_msg=name)
        with xfblas.compile(model, x) as compiled:
            assert len(compiled.networks) == chains, name
            found = compiled.predict(x, verbose=0)
            found = found if isinstance(found, list) else [found]
        for wanted, one in zip(expected, found, strict=True):
            assert decibels(one, wanted) > 55, name


@pytest.fixture
def never_enough(monkeypatch):
    """Below its goal a table always loses to the host, whatever the weights drawn."""
    monkeypatch.setattr(table_choice, "NEARER", -math.inf)


def test_a_layer_called_twice_goes_to_the_host_twice(keras, generator, never_enough):
    x = generator.standard_normal((200, 6)).astype(np.float32)
    with xfblas.compile(shapes(keras)["twice"][0], x, goal=95) as compiled:
        functions = [step.function for step in compiled.graph.steps if hasattr(step, "function")]
    assert functions == ["tanh", "tanh"]
    for name, chains in (("twice:tanh", 3), ("twice#2:tanh", 2)):
        with xfblas.compile(shapes(keras)["twice"][0], x, on_host=[name]) as compiled:
            assert len(compiled.networks) == chains


def test_names_that_look_like_calls(keras, generator, never_enough):
    L = keras.layers
    stack = [keras.Input((6,)), L.Dense(5, "tanh", name="a#2"), L.Dense(3, name="b")]
    x = generator.standard_normal((200, 6)).astype(np.float32)
    with xfblas.compile(keras.Sequential(stack), x, goal=95) as compiled:
        assert [step.output for step in compiled.graph.steps][1] == "a#2"


def test_tanh_in_rows_of_more_axes(keras, generator):
    L = keras.layers
    model = keras.Sequential([keras.Input((5, 6)), L.Dense(8, "tanh"), L.Dense(3, "softmax")])
    x = generator.standard_normal((50, 5, 6)).astype(np.float32)
    with xfblas.compile(model, x) as compiled:
        assert len(compiled.networks) == 1
        np.testing.assert_allclose(
            compiled.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-3
        )


def test_the_report_shows_what_tanh_tables_add(keras, x, tmp_path):
    with xfblas.compile(mlp(keras, "tanh", "sigmoid"), x) as compiled:
        report = xfblas.report(compiled, x)
        first, second, last = report.layers[:3]
    assert first.table.startswith("tanh Q") and second.table.startswith("sigmoid Q")
    assert last.table is None and first.saturations == 0
    for line in (first, second):
        # The table's own worst error is 4.2e-5, and arguments have steps of 2**-11 at most.
        assert 1e-6 < line.table_error < 2e-4
    text = report.to_text()
    assert first.table in text and f"{first.table_error:.2g}" in text
    report.to_html(tmp_path / "page.html")
    assert second.table in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_what_has_no_tanh_tables_is_refused(x):
    layers = (
        Layer("a", np.ones((10, 3)), np.ones(3), "tanh", 1.0),
        Layer("b", np.ones((3, 2)), np.ones(2), "linear", 1.0),
    )
    network = Network("n", layers, "linear", (10,))
    for options in ({"legacy": True}, {"method": "gemx"}):
        with pytest.raises(UnsupportedModelError, match=r"has no tables for a \(tanh\)"):
            xfblas.quantize(network, x, **options)
    with pytest.raises(InvalidValueError, match="layer a: activation is 'tanh' of the last layer"):
        Network("n", layers[:1], "linear", (10,))
