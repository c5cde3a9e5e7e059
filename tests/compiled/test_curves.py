"""Any activation between dense layers by a table that the host sends, on every target."""

from itertools import pairwise

import numpy as np
import pytest
from keras_models import decibels

import xfblas
from xfblas.device.default_images import default_target
from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.graph import Layer, Network
from xfblas.layers.curves import CURVES
from xfblas.program.prediction import finished

pytestmark = pytest.mark.filterwarnings("ignore")
#: By what Keras calls them, those it has in every version that is tested.
NAMES = ("elu", "selu", "gelu", "silu", "softplus", "softsign", "mish", "hard_sigmoid", "relu6",
         "exponential", "celu", "hard_tanh", "hard_silu", "squareplus", "log_sigmoid",
         "tanh_shrink", "soft_shrink", "sparse_plus")  # fmt: skip


@pytest.fixture
def x():
    """The same each time: where tables reach about their goal, rows decide what is placed where."""
    return np.random.default_rng(2).standard_normal((400, 10)).astype(np.float32)


def mlp(keras, *activations, units=(24, 16, 12)):
    keras.utils.set_random_seed(5)
    L = keras.layers
    stack = [keras.Input((10,))]
    for index, (activation, n) in enumerate(zip(activations, units, strict=False)):
        if isinstance(activation, str):
            stack += [L.Dense(n, activation, name=f"d{index}")]
        else:
            stack += [L.Dense(n, name=f"d{index}"), activation]
    return keras.Sequential([*stack, L.Dense(4, "softmax", name="last")])


@pytest.mark.parametrize("bits", [16, 8])
def test_random_networks_give_the_bytes_of_the_simulation(generator, bits):
    for _ in range(20 if default_target() == "native" else 3):
        widths = [int(n) for n in generator.integers(1, 40, 4)]
        layers = []
        for index, (k, n) in enumerate(pairwise(widths)):
            kind = "linear" if index == 2 else str(generator.choice(CURVES))
            settings = {"smallest": -0.5, "largest": None} if kind == "clip" else {}
            size = 10.0 ** generator.uniform(-1, 0.3) / np.sqrt(k)
            numbers = (generator.normal(0, size, (k, n)), generator.normal(0, size, n))
            layers.append(Layer(f"d{index}", *numbers, kind, 1.0, parameters=settings))
        network = Network("random", tuple(layers), "softmax", (widths[0],))
        x = generator.standard_normal((60, widths[0])).astype(np.float32)
        with xfblas.compile(network, x[:40], bits=bits, goal=float(generator.choice([0, 38]))) as c:
            if not c.networks:
                # What soft_shrink leaves of small sums may be too little to scale: so it says.
                assert "postScale can bring down" in c.host_reasons["d0"]
                continue
            (quantized,) = c.networks.values()
            assert c._plain is not None  # One program, one call of C.
            rows = 3 * x
            trace = quantized.simulate(quantized.quantize_input(rows))
            plain = finished(c._plain.network, trace.output)
            np.testing.assert_array_equal(c.predict(rows, verbose=0), plain)
            by_steps = c._plain.run(quantized.quantize_input(rows))
            np.testing.assert_array_equal(by_steps, trace.output)


@pytest.mark.native
@pytest.mark.parametrize("name", NAMES)
def test_every_activation_is_one_program_and_near_to_keras(keras, name):
    # The same rows each time, since decibels are those of rows.
    x = np.random.default_rng(3).standard_normal((400, 10)).astype(np.float32)
    try:
        # Exponentials of exponentials reach as far as their rows want.
        model = mlp(keras, "tanh" if name == "exponential" else name, name)
    except ValueError:
        pytest.skip(f"this Keras has no {name}")
    expected = keras.Model(model.inputs, model.get_layer("d1").output).predict(x, verbose=0)
    for bits, wanted in ((16, 55), (8, 20)):
        with xfblas.compile(model, x, bits=bits, goal=0) as compiled:
            assert len(compiled.networks) == 1, name
            found = compiled.trace(x)[1]
            assert decibels(found["d1"], expected) > wanted, (name, bits)
            (network,) = compiled.networks.values()
            assert all(layer.table for layer in network.layers[:2])


def test_layers_with_settings(keras, x):
    """As layers of their own, whose settings go into the table."""
    L = keras.layers
    layers = (
        L.ELU(alpha=0.3), L.ReLU(max_value=2.0), L.ReLU(max_value=1.5, negative_slope=0.1),
        L.LeakyReLU(negative_slope=1.7), L.Activation("selu"),
    )  # fmt: skip
    for layer in layers:
        model = mlp(keras, layer, "tanh")
        expected = keras.Model(model.inputs, model.get_layer("d1").output).predict(x, verbose=0)
        with xfblas.compile(model, x) as compiled:
            assert len(compiled.networks) == 1, layer.name
            assert decibels(compiled.trace(x)[1]["d1"], expected) > 58, layer.name
    # What jumps stays with the host.
    for layer in (L.ReLU(threshold=0.5), L.ReLU(max_value=2.0, threshold=0.3)):
        with xfblas.compile(mlp(keras, layer, "relu"), x) as compiled:
            assert len(compiled.networks) == 2


def test_tables_in_files_and_texts(keras, x, tmp_path):
    model = mlp(keras, "gelu", keras.layers.ReLU(max_value=2.0, name="cut"), "tanh")
    with xfblas.compile(model, x) as compiled:
        compiled.save(tmp_path / "m.xfblas")
        report = xfblas.report(compiled, x)
        with xfblas.load(tmp_path / "m.xfblas") as loaded:
            assert loaded._plain is not None
            found = loaded.predict(x, verbose=0)
            np.testing.assert_array_equal(found, compiled.predict(x, verbose=0))
            texts = []
            loaded.summary(texts.append)
            compiled.summary(texts.append)
    assert texts[0] == texts[1] and "gelu +-" in texts[0] and "relu +-" in texts[0]
    lines = {line.name: line for line in report.layers}
    for name in ("d0", "cut"):
        line = lines[name]
        assert line.table in report.to_text()
        assert 0 < line.table_error < 2e-3 and 0 < line.table_worst < 4e-3
        assert f"{line.table_worst:.2g}" in report.to_text()


@pytest.mark.native  # Its models are of several images.
def test_functions_on_the_host(keras, x):
    """By names, by a configuration, and where the arithmetic has no tables."""
    model = mlp(keras, "gelu", "swish")
    config = xfblas.config_from_keras_model(model, "name")
    config["LayerName"]["d0_gelu"]["Engine"] = "host"
    converted = xfblas.convert_from_keras_model(model, hls_config=config, calib_data=x)
    ways = (
        (xfblas.compile(model, x), []),
        (xfblas.compile(model, x, on_host=["d0:gelu"]), ["gelu"]),
        (converted.compiled, ["gelu"]),
        (xfblas.compile(model, x, on_host=["d1:silu"]), ["silu"]),
        (xfblas.compile(model, bits=32), ["gelu", "silu"]),
        (xfblas.compile(model, x, legacy=True), ["gelu", "silu"]),
        (xfblas.compile(model, x, method="gemx"), ["gelu", "silu"]),
    )
    for compiled, functions in ways:
        steps = [step for step in compiled.graph.steps if hasattr(step, "function")]
        assert [step.function for step in steps] == [*functions, "softmax"]
        assert len(compiled.networks) == len(functions) + 1
        compiled.close()
    with pytest.raises(InvalidValueError, match=r"on_host has no 'd0:elu'"):
        xfblas.compile(model, x, on_host=["d0:elu"])


def test_an_exponential_beyond_all_numbers_is_the_hosts(x):
    ones = np.ones((10, 10)) * 3
    layers = [Layer(name, ones, np.ones(10), "exponential", 1.0) for name in "abc"]
    layers += [Layer("d", np.ones((10, 2)), np.ones(2), "linear", 1.0)]
    network = Network("n", tuple(layers), "linear", (10,))
    with pytest.raises(UnsupportedModelError, match=r"layer (b|c|d): sums of calibration rows"):
        xfblas.quantize(network, x)


@pytest.mark.parametrize("function", ["hard_shrink", "softmax", "gellu"])
def test_layers_that_have_no_such_table(function):
    with pytest.raises(InvalidValueError, match=f"activation is '{function}'"):
        Layer("a", np.ones((2, 2)), np.ones(2), function, 1.0)
    with pytest.raises(InvalidValueError, match=r"parameters is {'max_value': 3.0}, expected none"):
        Layer("a", np.ones((2, 2)), np.ones(2), "linear", 1.0, parameters={"max_value": 3.0})
