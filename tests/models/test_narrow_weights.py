"""Weights of 16 bits and others that are no float32, in every form that Keras keeps them in."""

import h5py
import numpy as np
import pytest
from formats import assert_close, predicted
from handmade import layer, sequential, write_named, write_slots

import xfblas
from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.graph import read_graph
from xfblas.keras_files.stored_weights import from_bfloat16, is_bfloat16

pytestmark = pytest.mark.filterwarnings("ignore")
POLICIES = ("bfloat16", "mixed_bfloat16", "float16", "mixed_float16", "float64")


def build(keras, policy):
    L = keras.layers
    stack = [
        keras.Input((6,)),
        L.BatchNormalization(dtype=policy),
        L.Dense(8, "relu", dtype=policy),
        L.LayerNormalization(dtype=policy),
        L.Dense(5, "tanh", dtype=policy),
        L.PReLU(dtype=policy),
        L.Dense(3, "softmax", dtype=policy),
    ]
    return keras.Sequential(stack)


def both(keras, policy, generator):
    """A model of a policy, and the same numbers computed by Keras in float32."""
    model, plain = build(keras, policy), build(keras, "float32")
    values = [generator.uniform(0.5, 1.5, weight.shape) for weight in model.get_weights()]
    model.set_weights(values)
    plain.set_weights([weight.astype(np.float32) for weight in model.get_weights()])
    return model, plain


@pytest.mark.parametrize("policy", POLICIES)
def test_policies(keras, tmp_path, generator, policy):
    model, plain = both(keras, policy, generator)
    x = generator.normal(0, 1, (20, 6)).astype(np.float32)
    expected = predicted(plain, [x])[0]
    for name in ("m.keras", "m.h5"):
        model.save(tmp_path / name)
    model.save_weights(tmp_path / "m.weights.h5")
    sources = [(model, None), (tmp_path / "m.keras", None), (tmp_path / "m.h5", None)]
    sources.append((tmp_path / "m.weights.h5", model.to_json()))
    for source, architecture in sources:
        graph = read_graph(source, architecture)
        assert_close(graph.forward([x])[0], expected)
        for step in graph.engine_steps:
            assert all(one.kernel.dtype == np.float32 for one in step.network.layers)
    # Keras itself rounds every value to 8 or 11 bits.
    rough = predicted(model, [x])[0].astype(np.float32)
    np.testing.assert_allclose(rough, expected, atol=0.05 if "bfloat16" in policy else 0.01)


@pytest.mark.parametrize("policy", POLICIES)
def test_live_models_are_compiled_and_watched(keras, generator, policy):
    model, plain = both(keras, policy, generator)
    x = generator.normal(0, 1, (200, 6)).astype(np.float32)
    xfblas.accelerate(model, x)
    found = model.predict(x, verbose=0)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, predicted(plain, [x])[0], atol=1e-3)
    halves = [weight * np.asarray(0.5, weight.dtype) for weight in model.get_weights()]
    model.set_weights(halves)
    plain.set_weights([weight.astype(np.float32) for weight in model.get_weights()])
    np.testing.assert_allclose(model.predict(x, verbose=0), predicted(plain, [x])[0], atol=1e-3)


def test_every_bfloat16_is_exact():
    halves = np.arange(2**16, dtype="<u2")
    opaque = halves.view("V2").reshape(256, 256)
    assert is_bfloat16(opaque.dtype) and not is_bfloat16(halves.dtype)
    expected = (halves.astype(np.uint32) << 16).view(np.float32).reshape(256, 256)
    np.testing.assert_array_equal(from_bfloat16(opaque), expected)
    np.testing.assert_array_equal(from_bfloat16(opaque.T), expected.T)
    assert from_bfloat16(opaque[0, 0]).shape == ()
    dtypes = pytest.importorskip("ml_dtypes")
    found = from_bfloat16(halves.view(dtypes.bfloat16)).view(np.uint32) >> 16
    np.testing.assert_array_equal(found, halves)


def stored(values):
    return [("d", [("d/kernel:0", values)])]


def config():
    dense = layer("Dense", "d", units=2, use_bias=False)
    dense["config"]["batch_input_shape"] = [None, 3]
    return sequential(dense)


@pytest.mark.parametrize("dtype", ["<f2", ">f2", ">f4", "<f8", ">f8"])
def test_floats_of_any_width_and_order(tmp_path, dtype):
    kernel = np.array([[1, 2], [0.5, -4], [0.25, 8]], dtype)
    path = write_named(tmp_path / "m.h5", stored(kernel), config())
    np.testing.assert_array_equal(read_graph(path).forward([np.eye(3)])[0], kernel.astype("<f4"))
    slots = write_slots(tmp_path / "w.weights.h5", [("dense", "d", [kernel])])
    found = read_graph(slots, config()).forward([np.eye(3)])[0]
    np.testing.assert_array_equal(found, kernel.astype("<f4"))


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (np.ones((3, 2), np.int8), r"kernel is int8 \(3, 2\), expected floats"),
        (np.ones((3, 2), np.int32), r"kernel is int32 \(3, 2\), expected floats"),
        (np.ones((3, 2), np.uint16), "kernel is uint16"),
        (np.ones((3, 2), bool), "kernel is bool"),
        (np.ones((3, 2), np.complex64), "kernel is complex64"),
        (np.zeros((3, 2), "V1"), r"kernel is \|V1"),
        (np.zeros((3, 2), "V4"), r"kernel is \|V4"),
        (np.zeros((3, 2), [("a", "<u1"), ("b", "<u1")]), "kernel is .*expected floats"),
        (np.full((3, 2), 1e300), "kernel has inf"),
        (np.full((3, 2), 0x7F80, "<u2").view("V2"), "kernel has inf"),
        (np.full((3, 2), 0x7FC0, "<u2").view("V2"), "kernel has nan"),
    ],
)
def test_what_is_no_float_is_refused_in_words(tmp_path, values, text):
    path = write_named(tmp_path / "m.h5", stored(values), config())
    with pytest.raises(InvalidValueError, match=text):
        read_graph(path)
    slots = write_slots(tmp_path / "w.weights.h5", [("dense", "d", [values])])
    with pytest.raises(InvalidValueError, match=text):
        read_graph(slots, config())


def test_the_attribute_of_keras_changes_nothing(tmp_path):
    kernel = np.array([[1, 2], [0.5, -4], [0.25, 8]], np.float32)
    halves = (kernel.view(np.uint32) >> 16).astype("<u2").view("V2")
    path = write_slots(tmp_path / "w.weights.h5", [("dense", "d", [halves])])
    for said in (None, "bfloat16"):
        with h5py.File(path, "a") as file:
            if said is not None:
                file["layers/dense/vars/0"].attrs["dtype"] = said
        found = read_graph(path, config()).forward([np.eye(3)])[0]
        np.testing.assert_array_equal(found, kernel)


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ("int8_from_bfloat16", "quantized by Keras"),
        ({"class_name": "GPTQDTypePolicy", "config": {"mode": "gptq/4/-1"}}, "quantized by Keras"),
        ({"module": None, "class_name": "DTypePolicy", "config": {}}, "dtype policy is of a class"),
        ({"class_name": "mine>DTypePolicy", "config": {}}, "dtype policy is of a class"),
    ],
)
def test_policies_that_are_refused(tmp_path, policy, text):
    odd = config()
    odd["config"]["layers"][0]["config"]["dtype"] = policy
    path = write_named(tmp_path / "m.h5", stored(np.ones((3, 2), np.float32)), odd)
    with pytest.raises(UnsupportedModelError, match=text):
        read_graph(path)
