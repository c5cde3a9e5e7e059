"""Files that are absent, foreign, damaged or dishonest: always one kind of error, always named."""

import json

import h5py
import numpy as np
import pytest
from handmade import kernel_of, layer, sequential, vector_of, write_named
from hypothesis import given, settings
from hypothesis import strategies as st

from xfblas.errors import InvalidValueError, UnsupportedModelError, XfblasError
from xfblas.graph import read_network


def two_layers():
    return [
        layer("Dense", "d1", units=4, activation="relu", batch_input_shape=[None, 3]),
        layer("Dense", "d2", units=2, activation="softmax"),
    ]


def stored(**changes):
    generator = np.random.default_rng(0)
    arrays = {
        "d1/kernel:0": kernel_of(generator, 3, 4),
        "d1/bias:0": vector_of(generator, 4),
        "d2/kernel:0": kernel_of(generator, 4, 2),
        "d2/bias:0": vector_of(generator, 2),
    }
    for name, values in changes.items():
        arrays[name.replace("_", "/") + ":0"] = values
    return [
        (name, [(key, value) for key, value in arrays.items() if key.startswith(name)])
        for name in ("d1", "d2")
    ]


def write(path, *layers, **changes):
    return write_named(path, stored(**changes), sequential(*(layers or two_layers())))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"d1_kernel": np.ones((4, 4))}, r"d1 \(Dense\): kernel has shape \(4, 4\).*\(3, 4\)"),
        ({"d1_kernel": np.ones((3, 5))}, r"d1 \(Dense\): kernel has shape \(3, 5\).*\(3, 4\)"),
        ({"d2_kernel": np.ones((5, 2))}, r"d2 \(Dense\): kernel has shape \(5, 2\).*\(4, 2\)"),
        ({"d2_kernel": np.ones(8)}, r"d2 \(Dense\): kernel has shape \(8,\)"),
        ({"d2_bias": np.ones(3)}, r"d2 \(Dense\): bias has shape \(3,\), expected \(2,\)"),
        ({"d1_bias": np.array([0, np.nan, 0, 0])}, r"d1 \(Dense\): bias has nan at \(1,\), 1 of 4"),
        ({"d1_kernel": np.full((3, 4), np.inf)}, r"d1 .*kernel has inf at \(0, 0\), 12 of 12"),
        ({"d1_kernel": np.full((3, 4), 1e300)}, r"d1 .*kernel has inf"),
        ({"d1_kernel": np.ones((3, 4), int)}, r"d1 .*kernel is int64 \(3, 4\), expected floats"),
    ],
)
def test_wrong_weights(tmp_path, changes, text):
    path = write(tmp_path / "model.h5", **changes)
    with pytest.raises(InvalidValueError, match=text) as caught:
        read_network(path)
    assert "model.h5" in str(caught.value)


def test_weights_and_layers_that_do_not_agree(tmp_path):
    layers = two_layers()
    layers[1]["config"]["use_bias"] = False
    with pytest.raises(InvalidValueError, match=r"d2 \(Dense\) has the weights .*bias \(2,\)"):
        read_network(write(tmp_path / "m.h5", *layers))
    with pytest.raises(InvalidValueError, match="Expected weights of d1"):
        read_network(write(tmp_path / "n.h5", two_layers()[0]))
    extra = [*two_layers()[:1], layer("Dense", "d3", units=4), *two_layers()[1:]]
    with pytest.raises(InvalidValueError, match=r"d3 \(Dense\)"):
        read_network(write(tmp_path / "o.h5", *extra))


def test_wrong_normalization(tmp_path):
    norm = layer("BatchNormalization", "bn", epsilon=1e-3)
    for changes, text in (
        ({"gamma": np.ones(3)}, r"bn \(BatchNormalization\): gamma has shape \(3,\)"),
        ({"moving_variance": np.array([1, 1, -2, 1.0])}, r"moving_variance has -2\.0"),
        (
            dict.fromkeys(("gamma", "beta", "moving_mean", "moving_variance"), np.ones(5)),
            r"moving_mean has shape \(5,\), expected \(4,\)",
        ),
    ):
        arrays = dict.fromkeys(("gamma", "beta", "moving_mean", "moving_variance"), np.ones(4))
        group = ("bn", [(f"bn/{kind}:0", v) for kind, v in (arrays | changes).items()])
        config = sequential(two_layers()[0], norm, two_layers()[1])
        path = write_named(tmp_path / "m.h5", [*stored(), group], config)
        with pytest.raises(InvalidValueError, match=text):
            read_network(path)


@pytest.mark.parametrize(
    ("class_name", "config", "reason"),
    [
        ("Conv2D", {}, "the engine has no such layer"),
        ("LSTM", {}, "the engine has no such layer"),
        ("Mine>Dense", {}, "is of a class of its own"),
        ("ReLU", {"max_value": 6}, r"max_value is 6\.0, expected None"),
        ("ReLU", {"threshold": 1.5}, r"threshold is 1\.5, expected 0"),
        ("LeakyReLU", {"alpha": "much"}, "has 'much' where a number"),
        ("LeakyReLU", {"alpha": float("inf")}, "has inf, expected a finite"),
        ("ELU", {"alpha": 0.5}, r"alpha is 0\.5, expected 1"),
        ("Activation", {"activation": "tanh"}, "tanh is computed on the host.*d2.*after it"),
        ("Activation", {"activation": "sparkle"}, "activation 'sparkle' is not one"),
        ("Activation", {"activation": ["__lambda__"]}, "is not one that can be computed"),
        (
            "Activation",
            {"activation": {"module": "builtins", "class_name": "function", "config": "relu"}},
            "activation 'relu' is not one",
        ),
        (
            "Activation",
            {"activation": {"class_name": "__lambda__", "config": {"code": "4wEA"}}},
            "activation 'of its own code'",
        ),
        ("Softmax", {"axis": 0}, "axis is 0, expected -1"),
        ("Softmax", {"axis": -1}, "softmax is computed on the host"),
        ("Reshape", {"target_shape": [3, "x"]}, "target_shape is .*expected sizes"),
        ("Reshape", {"target_shape": [3, 3]}, r"rows of shape \(4,\) cannot take"),
        ("BatchNormalization", {"axis": [1, 2]}, r"axis is \[1, 2\], expected one axis"),
        ("BatchNormalization", {"renorm": True}, "renorm"),
        ("Dense", {"dtype": "int8_from_float32", "units": 4}, "quantized by Keras"),
    ],
)
def test_unsupported_layers(tmp_path, class_name, config, reason):
    first, last = two_layers()
    path = write(tmp_path / "m.h5", first, layer(class_name, "odd", **config), last)
    with pytest.raises(UnsupportedModelError, match=rf"odd \({class_name}\): .*{reason}"):
        read_network(path)


def test_all_reasons_at_once(tmp_path):
    first, last = two_layers()
    odd = [layer("Conv1D", "one"), layer("ReLU", "two", max_value=1), layer("LSTM", "three")]
    path = write(tmp_path / "m.h5", first, *odd, last)
    with pytest.raises(UnsupportedModelError) as caught:
        read_network(path)
    assert [line.split(" (")[0].strip() for line in str(caught.value).splitlines()[1:]] == [
        "one",
        "two",
        "three",
    ]


def test_files_that_are_none(tmp_path):
    with pytest.raises(InvalidValueError, match="there is no such file"):
        read_network(tmp_path / "absent.h5")
    with pytest.raises(InvalidValueError, match="is a folder"):
        read_network(tmp_path)
    for content, text in ((b"", "begins with b''"), (b"Class,Run\n1,2", "begins with b'Class,Ru'")):
        (tmp_path / "m.h5").write_bytes(content)
        with pytest.raises(InvalidValueError, match=text):
            read_network(tmp_path / "m.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["temperature"] = np.ones(3)
    with pytest.raises(InvalidValueError, match="which holds temperature"):
        read_network(tmp_path / "other.h5")
    for source in (None, 3, object(), [1], np.ones((2, 2))):
        with pytest.raises(InvalidValueError, match=r"expected the path of a \.h5"):
            read_network(source)


def test_wrong_architectures(tmp_path):
    path = write_named(tmp_path / "w.h5", stored())
    for architecture, text in (
        (3, "is a int"),
        ({}, "of class None"),
        ({"class_name": "Dense", "config": {}}, "of class 'Dense'"),
        ("{", "is not JSON"),
        ("absent.json", "is 'absent.json', expected JSON or the path"),
        ([{"name": "d1"}], "entry 0 of the layers is .*expected class_name and config"),
        (sequential(*two_layers()[:1] * 2), "several layers have the name d1"),
        ({"class_name": "Sequential", "config": {"layers": 5}}, "has no list of layers"),
        ([], "has 0 activations, expected 2"),
    ):
        with pytest.raises(InvalidValueError, match=text):
            read_network(path, architecture)
    network = read_network(path, two_layers())
    with pytest.raises(InvalidValueError, match="source is a model and has its own"):
        read_network(network, two_layers())
    assert read_network(network) is network


def test_links_out_of_the_file_are_refused(tmp_path):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["kernel"] = np.ones((3, 4))
    path = write(tmp_path / "m.h5")
    with h5py.File(path, "r+") as file:
        del file["model_weights/d1/d1/kernel:0"]
        file["model_weights/d1/d1/kernel:0"] = h5py.ExternalLink(str(secret), "kernel")
    with pytest.raises(InvalidValueError, match="refers to another file"):
        read_network(path)
    (tmp_path / "raw").write_bytes(bytes(48))
    with h5py.File(path, "r+") as file:
        group = file["model_weights/d1/d1"]
        del group["kernel:0"]
        group.create_dataset("kernel:0", (3, 4), "f4", external=str(tmp_path / "raw"))
    with pytest.raises(InvalidValueError, match="refers to another file"):
        read_network(path)


def test_cut_files(tmp_path):
    content = write(tmp_path / "whole.h5").read_bytes()
    path = tmp_path / "cut.h5"
    for length in range(0, len(content), 61):
        path.write_bytes(content[:length])
        with pytest.raises(InvalidValueError, match=r"cut\.h5"):
            read_network(path)


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 9) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


def places(value, found=()):
    """Every place in nested dicts and lists, as the keys that lead there."""
    yield found
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*found, key))
    if isinstance(value, list):
        for index, part in enumerate(value):
            yield from places(part, (*found, index))


def functional():
    entries = [layer("InputLayer", "i", batch_shape=[None, 3]), *two_layers()]
    for before, entry in zip([None, *entries], entries, strict=False):
        entry["name"] = entry["config"]["name"]
        entry["inbound_nodes"] = [[[before["name"], 0, 0, {}]]] if before else []
    ends = {"input_layers": [["i", 0, 0]], "output_layers": [["d2", 0, 0]]}
    return {"class_name": "Functional", "config": {"name": "f", "layers": entries, **ends}}


@settings(max_examples=300)
@given(st.data(), st.booleans(), anything)
def test_changed_configurations_never_end_in_another_error(
    tmp_path_factory, data, is_functional, change
):
    """Any part of a configuration replaced by anything: a network, or an error of this package."""
    path = tmp_path_factory.getbasetemp() / "configuration.h5"
    if not path.exists():
        write_named(path, stored())
    rules = layer("ReLU", "r", max_value=None, negative_slope=0.5, threshold=0)
    shape = layer("Reshape", "s", target_shape=[4])
    layers = [two_layers()[0], rules, shape, two_layers()[1]]
    config = functional() if is_functional else sequential(*layers)
    config = json.loads(json.dumps(config))
    place = data.draw(st.sampled_from(list(places(config))[1:]))
    part = config
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = change
    try:
        read_network(path, config)
    except XfblasError as error:
        assert str(error)
