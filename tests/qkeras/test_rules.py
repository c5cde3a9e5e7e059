"""Single layers and quantizers by configuration: older classes, ways to name one, refusals."""

import json

import numpy as np
import pytest

from xfblas.errors import UnsupportedModelError
from xfblas.graph import read_graph
from xfblas.keras_files.keras_file import KerasFile
from xfblas.keras_files.stored_weights import StoredLayer, StoredWeight, StoredWeights

X = np.float32([[-2.5, -0.5, -0.26, 0.0, 0.1, 0.375, 0.5, 7.0]])


def predicted(*layers, weights=None, x=X, keras=2):
    """What a stack of (class, config) predicts, whose layers have weights by name."""
    entries = [
        {"class_name": kind, "config": {"name": f"l{index}", **config}}
        for index, (kind, config) in enumerate(layers)
    ]
    entries[0]["config"]["batch_input_shape"] = [None, *x.shape[1:]]
    text = json.dumps({"class_name": "Sequential", "config": {"name": "m", "layers": entries}})
    stored = tuple(
        StoredLayer((layer,), (), tuple(StoredWeight((k,), np.asarray(v)) for k, v in of.items()))
        for layer, of in (weights or {}).items()
    )
    model = KerasFile(text, None, keras, StoredWeights("m", stored))
    return read_graph(model).forward([x])[0]


@pytest.mark.parametrize(
    "given",
    [
        "quantized_relu(2,1)",
        "quantized_relu(bits=2, integer=1)",
        {"class_name": "quantized_relu", "config": {"bits": 2, "integer": 1}},
        {
            "class_name": "quantized_relu",
            "module": "qkeras.quantizers",
            "registered_name": "qkeras>quantized_relu",
            "config": {"bits": 2, "integer": 1, "relu_upper_bound": None, "qnoise_factor": 1.0},
        },
    ],
)
@pytest.mark.parametrize("kind", ["QActivation", "Activation"])
def test_a_quantizer_however_it_is_named(kind, given):
    found = predicted((kind, {"activation": given}))
    assert found.tolist() == [[0, 0, 0, 0, 0, 0.5, 0.5, 1.5]]


@pytest.mark.parametrize(
    "name, expected",
    [
        ("binary_tanh", [-1, -1, -1, -1, 1, 1, 1, 1]),
        ("ternary_tanh", [-1, -1, 0, 0, 0, 0, 0, 1]),
        ("relu1", [0, 0, 0, 0, 0.1, 0.375, 0.5, 1]),
    ],
)
def test_older_activations(name, expected):
    assert np.allclose(predicted(("Activation", {"activation": name})), [expected], atol=1e-7)


@pytest.mark.parametrize("height", [1.0, 0.5, "Glorot"])
@pytest.mark.parametrize("kind", ["BinaryDense", "TernaryDense"])
def test_older_layers(kind, height, generator):
    kernel = generator.normal(size=(8, 3)).astype(np.float32)
    size = np.sqrt(1.5 / 11) if height == "Glorot" else height
    levels = np.where(kernel > 0, 1, -1)
    if kind == "TernaryDense":
        levels = np.where(kernel / size > 0.5, 1, np.where(kernel / size <= -0.5, -1, 0))
    config = {"units": 3, "H": height, "use_bias": False}
    found = predicted((kind, config), weights={"l0": {"kernel": kernel}})
    assert np.allclose(found, X @ (size * levels), rtol=1e-5)


def test_first_fixed_point_quantizers():
    config = {"RND": "RND", "SAT": "SAT", "shape": [1, 8]}
    of = {"keep_negative": 1, "bits": 4, "integers": 2}
    arrays = {name: np.full((1, 8), value, np.int8) for name, value in of.items()}
    found = predicted(("FixedPointQuantizer", config), weights={"l0": arrays})
    assert found.tolist() == [[-2, -0.5, -0.25, 0, 0, 0.5, 0.5, 1.75]]
    arrays["bits"][0, -1] = 0
    found = predicted(("FixedPointQuantizer", {**config, "SAT": "WRAP"}), weights={"l0": arrays})
    assert found.tolist() == [[1.5, -0.5, -0.25, 0, 0, 0.5, 0.5, 0]]


@pytest.mark.parametrize(
    "given, told",
    [
        ("bernoulli()", "bernoulli draws"),
        ("quantized_strange(4)", "quantized_strange"),
        ("quantized_bits(8,0,alpha='auto')", "each batch"),
        ("quantized_bits(8,0,alpha='best')", "'auto' or 'auto_po2'"),
        ("quantized_bits(99)", "1 to 32"),
        ("quantized_bits(8,0,1,True,1,False,0)", "scale_axis=0"),
        ("quantized_relu(4,slope=2)", "'slope'"),
        ({"class_name": "adaptive", "module": "qkeras.quantizers", "config": {}}, "adaptive"),
        ({"class_name": "quantized_bits", "module": "mine", "config": {}}, "not Keras' own"),
    ],
)
def test_what_is_refused_by_name(given, told):
    with pytest.raises(UnsupportedModelError, match=told):
        predicted(("QActivation", {"activation": given}))


def test_layers_that_are_refused_by_name():
    with pytest.raises(UnsupportedModelError, match="QSimpleRNN"):
        predicted(("QSimpleRNN", {"units": 3}))
    with pytest.raises(UnsupportedModelError, match="QConv3D"):
        predicted(("hgq>QConv3D", {"filters": 3}))
