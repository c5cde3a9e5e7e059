"""Layer and Network: arithmetic against the float64 oracle, inputs of every form, wrong ones."""

import math

import numpy as np
import pytest
from handmade import assert_close, dense, kernel_of, leaky, softmax, vector_of

from xfblas.arrays import as_rows
from xfblas.errors import InvalidValueError
from xfblas.graph import Layer, Network, activate
from xfblas.layers.activations import erf


def make(generator, output="softmax", input_shape=(6,)):
    layers = (
        Layer("a", kernel_of(generator, 6, 7), vector_of(generator, 7), "relu", 0.0),
        Layer("b", kernel_of(generator, 7, 5), vector_of(generator, 5), "leaky_relu", 0.25),
        Layer("c", kernel_of(generator, 5, 3), vector_of(generator, 3), "linear", 1.0),
    )
    return Network("small", layers, output, input_shape)


def test_forward_logits_and_layer_outputs(generator):
    network = make(generator)
    x = generator.standard_normal((9, 6)).astype(np.float32)
    a, b, c = network.layers
    first = leaky(dense(x, a.kernel, a.bias))
    second = leaky(dense(first, b.kernel, b.bias), 0.25)
    third = dense(second, c.kernel, c.bias)
    outputs = network.layer_outputs(x)
    for found, expected in zip(outputs, (first, second, third), strict=True):
        assert_close(found, expected)
    assert_close(network.logits(x), third)
    assert_close(network.forward(x), softmax(third))
    assert (network.input_units, network.output_units) == (6, 3)
    assert repr(network) == "<Network small: 6-7-5-3, softmax>"


def test_inputs_of_every_form_give_the_same(generator):
    network = make(generator, input_shape=(2, 3))
    x = generator.integers(0, 100, (4, 6)).astype(np.uint8)
    expected = network.forward(x.astype(np.float32))
    for same in (x, x.tolist(), x.astype(float), np.asfortranarray(x), x.reshape(4, 2, 3)):
        np.testing.assert_array_equal(network.forward(same), expected)
    assert network.forward(x[:0]).shape == (0, 3)
    assert network.forward(x[:1]).shape == (1, 3)


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (np.zeros((2, 5)), r"x has 5 values in a row \(shape \(2, 5\)\).* takes 6"),
        (np.zeros(6), "put a single row in brackets"),
        (np.float32(1), "put a single row in brackets"),
        (np.zeros((2, 6), complex), "real numbers"),
        ([["a"] * 6], "cannot be read as numbers"),
        ([["a", None, 1, 2, 3, 4]], "cannot be read as numbers"),
        ([[1, 2], [3]], "cannot be read as numbers"),
        (np.array([[0, 0, 0, 0, np.nan, 0]]), "nan at row 0, column 4"),
        (np.array([[0, 0, 0, 0, 0, 1e39]]), "inf at row 0, column 5"),
    ],
)
def test_wrong_inputs(generator, x, text):
    network = make(generator)
    with pytest.raises(InvalidValueError, match=text):
        network.forward(x)
    assert network.forward(np.zeros((1, 6))).shape == (1, 3)


def test_as_rows_names_what_it_was_given(generator):
    with pytest.raises(InvalidValueError, match="calibration has 4 values"):
        as_rows("calibration", np.zeros((1, 4)), make(generator).input_units)


ONE = np.ones((1, 1), np.float32)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("d", np.ones(3), np.ones(3), "linear", 1.0), r"kernel has shape \(3,\)"),
        (("d", np.ones((2, 0)), np.ones(0), "linear", 1.0), r"kernel has shape \(2, 0\)"),
        (("d", np.ones((2, 3)), np.ones(2), "linear", 1.0), r"bias has shape \(2,\).*\(3,\)"),
        (("d", ONE, np.ones(1), "hard_shrink", 1.0), "activation is 'hard_shrink'"),
        (("d", ONE, np.ones(1), "tanh", 0.5), r"negative_slope is 0\.5"),
        (("d", ONE, np.ones(1), "relu", 0.1), r"negative_slope is 0\.1"),
        (("d", ONE, np.ones(1), "leaky_relu", np.nan), "negative_slope is nan"),
    ],
)
def test_wrong_layers(arguments, text):
    with pytest.raises(InvalidValueError, match=text):
        Layer(*arguments)


def test_wrong_networks():
    wide = Layer("wide", np.ones((2, 3)), np.ones(3), "linear", 1.0)
    with pytest.raises(InvalidValueError, match="has no layers"):
        Network("n", (), "linear", (2,))
    with pytest.raises(InvalidValueError, match="layer wide before it puts out 3"):
        Network("n", (wide, wide), "linear", (2,))
    with pytest.raises(InvalidValueError, match=r"the input has shape \(5,\)"):
        Network("n", (wide,), "linear", (5,))
    with pytest.raises(InvalidValueError, match="output_activation is 'maxout'"):
        Network("n", (wide,), "maxout", (2,))


def test_output_activations_are_those_of_keras(keras):
    """Every host function against Keras' own, with values that overflow a careless formula."""
    from xfblas.layers.activations import HOST_FUNCTIONS

    old = {
        "hard_sigmoid_2": lambda x: np.clip(0.2 * x + 0.5, 0, 1),  # of Keras 1 and 2
        "gelu_tanh": lambda x: keras.activations.gelu(x, approximate=True),
    }
    x = np.array([[-1e4, -80, -6.5, -2, -1, -0.1, 0, 0.1, 1, 2, 6.5, 80, 1e4]], np.float32)
    for name in HOST_FUNCTIONS:
        expected = np.asarray((old.get(name) or keras.activations.get(name))(x))
        found = activate(name, x)
        assert found.dtype == np.float32, name
        np.testing.assert_allclose(found, expected, rtol=3e-6, atol=2e-6, err_msg=name)


def test_error_function():
    x = np.concatenate([np.linspace(-7, 7, 4001), [-1e30, 0, 1e30]])
    found = erf(x)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [math.erf(value) for value in x], rtol=0, atol=4e-7)


def test_unknown_output_activation():
    with pytest.raises(InvalidValueError, match=r"'sparkle', expected one of .*softmax"):
        activate("sparkle", ONE)
