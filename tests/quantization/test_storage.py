"""HDF5 groups: everything comes back, and nothing damaged or foreign is taken."""

import dataclasses

import h5py
import numpy as np
import pytest
from quantization.conftest import make_network

from xfblas.errors import InvalidValueError
from xfblas.quantization import (
    LayerSummary,
    QuantizedLayer,
    QuantizedNetwork,
    quantize,
    quantize_explicitly,
    without_scales,
)


@pytest.fixture
def group(tmp_path):
    with h5py.File(tmp_path / "network.h5", "w") as file:
        yield file.create_group("network")


def assert_equal(one, other):
    assert type(one) is type(other)
    if dataclasses.is_dataclass(one):
        for field in dataclasses.fields(one):
            assert_equal(getattr(one, field.name), getattr(other, field.name))
    elif isinstance(one, tuple):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert_equal(left, right)
    elif isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    else:
        assert one == other


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bits": 8},
        {"legacy": True},
        {"accumulator": 32},
        {"method": "gemx"},
        {"per_channel": False},
    ],
)
def test_everything_comes_back(group, network, rows, options):
    quantized = quantize(network, rows, **options)
    quantized.to_group(group)
    assert_equal(QuantizedNetwork.from_group(group), quantized)


def test_networks_with_given_scales_come_back(group, network):
    layers = network.layers
    explicit = quantize_explicitly(
        [layer.name for layer in layers],
        [layer.kernel for layer in layers],
        [np.tile(layer.bias, (4, 1)) for layer in layers],
        weight_scales=[100.0] * 3,
        bias_scales=[1000.0] * 3,
        post_scales=[[1, 5]] * 3,
        prelus=[(1, 0)] * 3,
    )
    explicit.to_group(group.create_group("explicit"))
    assert_equal(QuantizedNetwork.from_group(group["explicit"]), explicit)


def test_float_networks_come_back(group):
    from quantization.conftest import make_network

    floats = without_scales(make_network(np.random.default_rng(0), [3, 2], ["relu"]))
    floats.to_group(group)
    assert_equal(QuantizedNetwork.from_group(group), floats)


def test_a_group_that_is_not_empty(group, network, rows):
    quantized = quantize(network, rows)
    group.attrs["mine"] = 1
    with pytest.raises(InvalidValueError, match="not empty"):
        quantized.to_group(group)
    assert list(group.attrs) == ["mine"] and not len(group)


def replace_dataset(name, value):
    def damage(group):
        del group[name]
        group[name] = value

    return damage


DAMAGES = [
    (lambda group: group.attrs.__delitem__("format"), "holds something else"),
    (lambda group: group.attrs.__setitem__("format", "other"), "has format 'other'"),
    (lambda group: group.attrs.__setitem__("version", 99), "has version"),
    (lambda group: group.__delitem__("layers"), "damaged"),
    (lambda group: group.__delitem__("arithmetic"), "damaged"),
    (lambda group: group["layers"].__delitem__("1"), "damaged|lacks|weights are"),
    (lambda group: group["layers/1"].__delitem__("weights"), "lacks weights"),
    (lambda group: group["layers/1"].attrs.__delitem__("post_scale"), "lacks post_scale"),
    (lambda group: group["layers/1"].attrs.__setitem__("post_scale", 2**16), "post_scale is 65536"),
    (lambda group: group["layers/1"].attrs.__setitem__("post_scale", 1.5), "post_scale is 1.5"),
    (lambda group: group["layers/1"].attrs.__setitem__("prelu_alpha", -1), "prelu_alpha is -1"),
    (replace_dataset("layers/1/weights", np.zeros((3, 3), np.int16)), "weights are int16 of shape"),
    (replace_dataset("layers/1/weights", np.zeros((3, 3))), "weights are float64"),
    (replace_dataset("layers/1/weights", 5), "weights|damaged"),
    (replace_dataset("layers/1/bias", np.zeros(2, np.int32)), "bias is int32 of shape"),
    (replace_dataset("input_scale", np.zeros(20)), "do not fit"),
    (replace_dataset("input_scale", np.ones(2)), "do not fit"),
    (replace_dataset("input_columns", np.full(40, 99)), "do not fit"),
    (replace_dataset("output_scale", np.ones(3)), "output_scale has shape"),
    (lambda group: group.attrs.__setitem__("output_windows", 7), "output_windows is 7"),
    (lambda group: group["summaries"].__delitem__("2"), "2 summaries"),
    (lambda group: group["arithmetic"].attrs.__delitem__("round"), "lacks round"),
]


@pytest.mark.parametrize("index", range(len(DAMAGES)))
def test_damaged_and_foreign_groups(group, network, rows, index):
    damage, text = DAMAGES[index]
    quantize(network, rows, goal=95).to_group(group)
    damage(group)
    with pytest.raises(InvalidValueError, match=text):
        QuantizedNetwork.from_group(group)


@pytest.fixture
def with_tables(generator, rows):
    """A network with both tables."""
    return quantize(make_network(generator, [20, 9, 8, 5], ["tanh", "sigmoid", "linear"]), rows)


def test_tables_come_back(group, with_tables):
    with_tables.to_group(group)
    assert group.attrs["version"] == 3
    assert_equal(QuantizedNetwork.from_group(group), with_tables)


def test_what_has_no_tables_is_written_as_before(group, network, rows):
    """Earlier releases read it, and what they wrote is read here."""
    quantize(network, rows).to_group(group)
    names = []
    group.visititems(lambda name, item: names.extend([name, *(item.attrs)]))
    assert group.attrs["version"] == 1 and not [name for name in names if "table" in name]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("function", "gelu", "its table is .*'gelu'.*expected tanh or sigmoid"),
        ("argument_bits", 16, "fraction bits from 0 to 15"),
        ("result_bits", -1, "fraction bits from 0 to 15"),
        ("result_bits", 2.5, "result_bits is 2.5, expected int"),
        ("argument_bits", None, "lacks argument_bits"),
    ],
)
def test_damaged_tables(group, with_tables, name, value, text):
    with_tables.to_group(group)
    attributes = group["layers/1/table"].attrs
    if value is None:
        del attributes[name]
    else:
        attributes[name] = value
    with pytest.raises(InvalidValueError, match=text):
        QuantizedNetwork.from_group(group)


def test_an_empty_group(group):
    with pytest.raises(InvalidValueError, match="has format None"):
        QuantizedNetwork.from_group(group)


def test_every_field_is_stored():
    """A field that is neither a number, a word nor an array would need a reader of its own."""
    for kind in (QuantizedLayer, LayerSummary):
        for field in dataclasses.fields(kind):
            known = ("str", "int", "float", "np.ndarray", "float | None", "str | None")
            known += ("FunctionTable | None",)
            name = field.type if isinstance(field.type, str) else field.type.__name__
            assert name in known or name == "ndarray"
