"""Convolutions with a model's own integers: older classes, layouts, scales by channel, refusals."""

import json

import numpy as np
import pytest
from test_rules import predicted

import xfblas
from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.graph import read_graph
from xfblas.keras_files.keras_file import KerasFile
from xfblas.keras_files.stored_weights import StoredLayer, StoredWeight, StoredWeights
from xfblas.layers import convolutions

pytestmark = pytest.mark.native
#: Quarters from -2 to 1.75.
X = (np.arange(2 * 6 * 5 * 4) * 7 % 16 - 8).reshape(2, 6, 5, 4).astype(np.float32) / 4
KERNEL = ((np.arange(3 * 2 * 4 * 6) * 5 % 23 - 11) / 9).reshape(3, 2, 4, 6).astype(np.float32)
KERNEL *= np.float32([0.3, 0.5, 1, 0.7, 0.2, 0.4])
SAME = {"strides": [1, 1], "padding": "same"}
BITS = "quantized_bits(5,1,alpha=1)"


@pytest.mark.parametrize("height", [1.0, "Glorot"])
@pytest.mark.parametrize("kind", ["BinaryConv2D", "TernaryConv2D"])
def test_older_layers(kind, height):
    size = np.sqrt(1.5 / (3 * 2 * (4 + 6))) if height == "Glorot" else height
    levels = np.where(KERNEL > 0, 1, -1)
    if kind == "TernaryConv2D":
        levels = np.where(KERNEL / size > 0.5, 1, np.where(KERNEL / size <= -0.5, -1, 0))
    config = {"filters": 6, "kernel_size": [3, 2], "padding": "same", "H": height}
    config["use_bias"] = False
    found = predicted((kind, config), weights={"l0": {"kernel": KERNEL}}, x=X)
    expected = convolutions.convolution(X, (size * levels).astype(np.float32), **SAME)
    assert np.allclose(found, expected, rtol=1e-5, atol=1e-5)


def model_of(*layers, weights, shape=X.shape[1:]):
    """A stack of (class, config), whose layers are called l0, l1, ..."""
    entries = [
        {"class_name": kind, "config": {"name": f"l{index}", **config}}
        for index, (kind, config) in enumerate(layers)
    ]
    entries[0]["config"]["batch_input_shape"] = [None, *shape]
    stored = tuple(
        StoredLayer((layer,), (), tuple(StoredWeight((k,), np.asarray(v)) for k, v in of.items()))
        for layer, of in weights.items()
    )
    config = {"class_name": "Sequential", "config": {"name": "m", "layers": entries}}
    return KerasFile(json.dumps(config), None, 2, StoredWeights("m", stored))


def quantized(kernel_quantizer, **more):
    """A grid, a convolution with this quantizer of its kernel, and its weights."""
    config = {"filters": 6, "kernel_size": [3, 2], "kernel_quantizer": kernel_quantizer, **more}
    bias = np.linspace(-1, 1, 6).astype(np.float32)
    layers = [("QActivation", {"activation": BITS}), ("QConv2D", config)]
    return layers, {"l1": {"kernel": KERNEL, "bias": bias}}


def integers_of(model):
    """The integer weights of its only product, (taps * channels, outputs), and their steps."""
    with xfblas.compile(model, X) as compiled:
        (network,) = compiled.networks.values()
        (step,) = compiled.graph.engine_steps
        layer = step.network.layers[0]
        return network.layers[0].weights[:, : len(layer.bias)], layer


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("alpha", ["None", "1", "0.5", "'auto'", "'auto_po2'"])
def test_integer_weights_are_the_models_own(alpha):
    text = f"quantized_bits(4,0,alpha={alpha})"
    layers, weights = quantized(text, bias_quantizer="quantized_bits(6,1,alpha=1)", padding="same")
    integers, layer = integers_of(model_of(*layers, weights=weights))
    multiples = layer.kernel / layer.steps
    assert np.abs(multiples - np.rint(multiples)).max() < 1e-4
    assert np.abs(multiples).max() <= 8  # Of 4 bits.
    # The engine's are these, doubled for each output until the bias is whole.
    doublings = np.abs(integers).max(axis=0) / np.abs(np.rint(multiples)).max(axis=0)
    assert np.array_equal(np.rint(multiples) * doublings, integers)
    assert np.array_equal(np.log2(doublings), np.rint(np.log2(doublings)))
    if "auto" in alpha:
        assert len(set(layer.steps)) > 1  # A scale for each filter.


@pytest.mark.filterwarnings("error")
def test_a_depthwise_layer_scales_by_multiplier():
    kernel = KERNEL[..., :2] * np.float32([1, 8])
    quantizer = "quantized_bits(4,0,alpha='auto_po2')"
    config = {"kernel_size": [3, 2], "depth_multiplier": 2, "use_bias": False}
    layer = ("QDepthwiseConv2D", {**config, "depthwise_quantizer": quantizer})
    weights = {"l1": {"depthwise_kernel": kernel}}
    model = model_of(("QActivation", {"activation": BITS}), layer, weights=weights)
    integers, found = integers_of(model)
    assert integers.shape == (3 * 2 * 4, 4 * 2)
    assert len(set(found.steps[::2])) == len(set(found.steps[1::2])) == 1
    assert found.steps[1] > found.steps[0]
    own = found.kernel.reshape(6, 4, 4, 2)
    each = np.arange(4)
    others = own.copy()
    others[:, each, each] = 0
    assert not others.any() and own[:, each, each].any()
    expected = own[:, each, each].reshape(3, 2, 4, 2)
    result = convolutions.depthwise_convolution(X, expected, [1, 1], "valid")
    assert np.allclose(read_graph(model).forward([X])[0], result, atol=1e-6)


@pytest.mark.parametrize(
    "more",
    [
        {"strides": [2, 1], "padding": "same"},
        {"dilation_rate": [2, 3]},
        {"groups": 2},
        {"data_format": "channels_first"},
    ],
)
def test_windows_are_those_of_a_convolution(more):
    layers, weights = quantized(BITS, **more)
    x = np.moveaxis(X, -1, 1) if "data_format" in more else X
    kernel = KERNEL[:, :, :2] if "groups" in more else KERNEL
    weights["l1"]["kernel"] = kernel
    model = model_of(*layers, weights=weights, shape=x.shape[1:])
    levels = np.clip(np.rint(kernel * 8), -16, 15) / 8
    parameters = {
        "strides": more.get("strides", [1, 1]),
        "padding": more.get("padding", "valid"),
        "dilation": more.get("dilation_rate", [1, 1]),
        "groups": more.get("groups", 1),
        "channels_first": "data_format" in more,
    }
    bias = weights["l1"]["bias"].reshape(-1, 1, 1) if "data_format" in more else None
    bias = weights["l1"]["bias"] if bias is None else bias
    expected = convolutions.convolution(x, levels.astype(np.float32), **parameters) + bias
    with xfblas.compile(model, x) as compiled:
        found = compiled.predict(x, verbose=0)
        assert list(compiled.trace(x)[1])[-1] == "l1"
    assert np.abs(found - expected).max() < 1e-5


def test_a_saved_model_and_other_weights(tmp_path):
    layers, weights = quantized(BITS)
    with xfblas.compile(model_of(*layers, weights=weights), X) as compiled:
        expected = compiled.predict(X, verbose=0)
        compiled.save(tmp_path / "m.xfblas")
    with xfblas.load(tmp_path / "m.xfblas") as again:
        assert np.array_equal(again.predict(X, verbose=0), expected)


def test_large_maps_are_cut_into_few_rows():
    """What windows gather is many times the maps: rows are taken so that it stays small."""
    layers, weights = quantized(BITS, padding="same")
    model = model_of(*layers, weights=weights, shape=(64, 64, 4))
    frames = np.zeros((3, 64, 64, 4), np.float32)
    with xfblas.compile(model, frames) as compiled:
        assert compiled.graph.gathered_values == 64 * 64 * 24
        assert compiled._engine.rows_at_once * 64 * 64 * 24 <= 2**24


def test_what_is_refused():
    layers, weights = quantized(BITS)
    with pytest.raises(UnsupportedModelError, match="of known sizes"):
        read_graph(model_of(*layers, weights=weights, shape=(None, 5, 4)))
    with pytest.raises(InvalidValueError, match="channels in 1 groups"):
        read_graph(model_of(*layers, weights=weights, shape=(6, 5, 3)))
    layers, weights = quantized("best(4)")
    with pytest.raises(UnsupportedModelError, match="best"):
        read_graph(model_of(*layers, weights=weights))
