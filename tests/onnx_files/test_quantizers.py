"""Quantizers of ONNX and QONNX, on weights and on rows."""

import numpy as np
import pytest
from keras_models import decibels
from onnx_models import Builder, require_near, rows, run

import xfblas
from xfblas import errors

pytestmark = pytest.mark.native
QONNX = "qonnx.custom_op.general"
#: Integers and a half, on both sides of every limit: where ways to round differ.
TIES = np.arange(-300, 300).reshape(-1, 6).astype(np.float32) / 2


def quant(x, scale, zero, bits, signed, narrow, mode):
    """What QONNX says of its node Quant."""
    smallest = -(2.0 ** (bits - 1)) + narrow if signed else 0
    largest = 2.0 ** (bits - 1) - 1 if signed else 2.0**bits - 1 - narrow
    found = np.clip(x / scale + zero, smallest, largest)
    size, half = np.abs(found), np.float32(0.5)
    away = {
        "UP": np.ceil(size),
        "DOWN": np.floor(size),
        "HALF_UP": np.floor(size + half),
        "HALF_DOWN": np.ceil(size - half),
    }
    plain = {"ROUND": np.round, "HALF_EVEN": np.round, "CEIL": np.ceil, "FLOOR": np.floor}
    rounded = np.sign(found) * away[mode] if mode in away else plain[mode](found)
    return (rounded - zero) * scale


def model_of_quant(shape, scale, zero, bits, signed, narrow, mode, domain=QONNX):
    builder = Builder()
    x = builder.input(*shape)
    return builder.model(
        builder.add(
            "Quant", x, np.float32(scale), np.float32(zero), np.float32(bits), domain=domain,
            signed=signed, narrow=narrow, rounding_mode=mode,
        )
    )  # fmt: skip


MODES = ("ROUND", "HALF_EVEN", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("narrow", [0, 1])
@pytest.mark.parametrize(("signed", "zero"), [(1, 0), (0, 0), (0, 3), (1, -1)])
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_quant_of_rows(bits, signed, zero, narrow, mode):
    model = model_of_quant((6,), 1, zero, bits, signed, narrow, mode)
    found = xfblas.read_graph(model).forward(TIES)[0]
    expected = quant(TIES, np.float32(1), zero, bits, signed, narrow, mode)
    assert len(np.unique(expected)) > 2
    np.testing.assert_array_equal(found, expected)


def test_quant_by_channels():
    scale = np.float32([0.25, 0.5, 1, 2, 4, 8])[np.newaxis]
    found = xfblas.read_graph(model_of_quant((6,), scale, 0, 4, 1, 0, "ROUND")).forward(TIES)[0]
    np.testing.assert_array_equal(found, quant(TIES, scale, 0, 4, 1, 0, "ROUND"))


@pytest.mark.parametrize("domain", ["finn.custom_op.general", "onnx.brevitas"])
def test_domains_of_before(domain):
    model = model_of_quant((6,), 0.5, 0, 4, 1, 0, "ROUND", domain)
    found = xfblas.read_graph(model).forward(TIES)[0]
    np.testing.assert_array_equal(found, quant(TIES, 0.5, 0, 4, 1, 0, "ROUND"))


def test_bipolar_of_rows_and_weights():
    builder = Builder()
    kernel = rows(np.random.default_rng(1), 6, 4)
    x = builder.add("BipolarQuant", builder.input(6), np.float32(0.5), domain=QONNX)
    weights = builder.add("BipolarQuant", kernel, np.float32([0.5, 1, 2, 4]), domain=QONNX)
    model = builder.model(builder.add("MatMul", x, weights))
    scaled = np.where(kernel >= 0, 1, -1) * np.float32([0.5, 1, 2, 4])
    expected = np.where(TIES >= 0, 0.5, -0.5) @ scaled
    require_near(xfblas.read_graph(model).forward(TIES), [expected])


def test_one_bit_with_a_sign_is_bipolar():
    found = xfblas.read_graph(model_of_quant((6,), 0.5, 0, 1, 1, 0, "ROUND")).forward(TIES)[0]
    np.testing.assert_array_equal(found, np.where(TIES >= 0, 0.5, -0.5))


@pytest.mark.parametrize("mode", MODES)
def test_quant_of_weights(mode):
    """A layer's integer weights stay on their grid, and the model is one chain for the engine."""
    generator = np.random.default_rng(2)
    kernel, bias = rows(generator, 6, 4), rows(generator, 4)
    builder = Builder()
    given = {"domain": QONNX, "signed": 1, "narrow": 1, "rounding_mode": mode}
    scale = np.float32([[0.1, 0.2, 0.3, 0.4]])
    weights = builder.add("Quant", kernel, scale, np.float32(0), np.float32(4), **given)
    shift = builder.add("Quant", bias, np.float32(0.01), np.float32(0), np.float32(8), **given)
    x = builder.add("Add", builder.add("MatMul", builder.input(6), weights), shift)
    model = builder.model(builder.add("Relu", x))
    x = rows(generator, 200, 6)
    sums = x @ quant(kernel, scale, 0, 4, 1, 1, mode) + quant(bias, 0.01, 0, 8, 1, 1, mode)
    expected = np.maximum(sums, 0).astype(np.float32)
    network = xfblas.read_network(model)
    assert len(network.layers) == 1
    require_near([network.forward(x)], [expected])
    with xfblas.compile(model, x) as compiled:
        assert decibels(compiled.predict(x, verbose=0), expected) > 60


@pytest.mark.parametrize(
    ("opset", "zero", "attributes"),
    [
        (13, np.int8(0), {}),
        (13, np.int8(3), {}),
        (10, np.uint8(101), {}),
        (21, np.int16(-5), {}),
        (21, np.uint16(9), {}),
        (13, np.array([1, 2, 3, 40, 50, 60], np.int8), {"axis": 1}),
    ],
)
def test_linear_of_rows(opset, zero, attributes):
    """Ties are rounded before the zero point is added, so that an odd one decides them."""
    builder = Builder(opset)
    scale = np.full(zero.shape, 1, np.float32)
    x = builder.add("QuantizeLinear", builder.input(6), scale, zero, **attributes)
    model = builder.model(builder.add("DequantizeLinear", x, scale, zero, **attributes))
    graph = xfblas.read_graph(model)
    np.testing.assert_array_equal(graph.forward(TIES)[0], run(model, TIES)[0])


def test_linear_without_zero_point():
    builder = Builder(13)
    x = builder.add("QuantizeLinear", builder.input(6), np.float32(0.5))
    model = builder.model(builder.add("DequantizeLinear", x, np.float32(0.25)))
    found = xfblas.read_graph(model).forward(TIES)[0]
    np.testing.assert_array_equal(found, run(model, TIES)[0])


def test_a_model_of_quantize_and_dequantize():
    """As static quantization writes it: bytes between all layers, weights by column."""
    generator = np.random.default_rng(7)
    builder = Builder(13)
    tensor, width = builder.input(12), 12
    for units in (16, 8, 4):
        tensor = _rounded(builder, tensor, 0.04, np.int8(0))
        kernel = generator.integers(-127, 128, (units, width)).astype(np.int8)
        scale = generator.uniform(0.001, 0.003, units).astype(np.float32)
        zero = np.zeros(units, np.int8)
        weights = builder.add("DequantizeLinear", kernel, scale, zero, axis=0)
        bias = generator.integers(-2000, 2000, units).astype(np.int32)
        shift = builder.add("DequantizeLinear", bias, np.float32(0.0001))
        tensor = builder.add("Gemm", tensor, weights, shift, transB=1)
        tensor = builder.add("Relu", tensor) if units > 4 else tensor
        width = units
    model = builder.model(tensor)
    x = rows(generator, 500, 12)
    expected = run(model, x)[0]
    # A sum on the edge of two steps may become either: rarely in floats, now and then in int16.
    with xfblas.compile(model, x) as compiled:
        cases = (xfblas.read_graph(model).forward(x)[0], 1e-5, 0.02), (
            compiled.predict(x, verbose=0), 2e-4, 0.05
        )  # fmt: skip
    for found, bound, share in cases:
        errors_of_rows = np.abs(found - expected).max(axis=1)
        is_near = errors_of_rows < bound
        print(f"bound {bound}: {1 - is_near.mean():.3f} of rows are on an edge")
        assert is_near.mean() > 1 - share
        # Steps of 0.04 times weights below 0.4, of several values at once.
        assert errors_of_rows.max() < 0.1


def _rounded(builder, tensor, scale, zero):
    tensor = builder.add("QuantizeLinear", tensor, np.float32(scale), zero)
    return builder.add("DequantizeLinear", tensor, np.float32(scale), zero)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"mode": "BY_CHANCE"}, "rounding_mode is 'BY_CHANCE'"),
        ({"bits": 0}, "bit width"),
        ({"bits": [2, 3]}, "bit width"),
        ({"scale": 0}, "its scale has 0.0"),
        ({"bits": 1, "zero": 1}, "zero point, expected 0"),
        ({"domain": "of.mine"}, "is of the domain 'of.mine'"),
    ],
)
def test_quants_that_are_refused(change, reason):
    settings = {"scale": 0.5, "zero": 0, "bits": 4, "signed": 1, "narrow": 1, "mode": "ROUND"}
    with pytest.raises(errors.UnsupportedModelError, match=reason):
        xfblas.read_graph(model_of_quant((6,), **{**settings, **change}))
