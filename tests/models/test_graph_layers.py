"""Each kind of layer, first, in the middle and last in a model, against what Keras predicts."""

import numpy as np
import pytest
from formats import check, kinds

import xfblas

pytestmark = pytest.mark.filterwarnings("ignore")

FLAT, STEPS, IMAGE = (6,), (4, 6), (4, 5, 6)


def layers_of(keras):
    """(input's shape, layer) by the name of the test."""
    L = keras.layers
    return {
        "relu6": (FLAT, L.ReLU(max_value=6)),
        "relu, capped": (FLAT, L.ReLU(max_value=1.5)),
        "relu, threshold": (FLAT, L.ReLU(threshold=0.5)),
        "relu, all settings": (FLAT, L.ReLU(max_value=2, negative_slope=0.3, threshold=0.25)),
        "relu, slope": (FLAT, L.ReLU(negative_slope=0.25)),
        "leaky": (FLAT, L.LeakyReLU(negative_slope=0.15)),
        "leaky above 1": (FLAT, L.LeakyReLU(negative_slope=1.5)),
        "prelu": (FLAT, L.PReLU()),
        "prelu, shared": (STEPS, L.PReLU(shared_axes=[1])),
        "prelu, one": (FLAT, L.PReLU(shared_axes=[1])),
        "elu": (FLAT, L.ELU(alpha=0.7)),
        "softmax": (FLAT, L.Softmax()),
        "softmax over steps": (STEPS, L.Softmax(axis=1)),
        "softmax over both": (STEPS, L.Softmax(axis=(1, 2))),
        "batch normalization": (FLAT, L.BatchNormalization()),
        "batch normalization of steps": (STEPS, L.BatchNormalization()),
        "batch normalization over steps": (STEPS, L.BatchNormalization(axis=1)),
        "layer normalization": (FLAT, L.LayerNormalization()),
        "layer normalization of both": (STEPS, L.LayerNormalization(axis=[1, 2])),
        "layer normalization, plain": (STEPS, L.LayerNormalization(scale=False, center=False)),
        "group normalization": (STEPS, L.GroupNormalization(groups=3)),
        "rms normalization": (FLAT, L.RMSNormalization()),
        "unit normalization": (STEPS, L.UnitNormalization(axis=(1, 2))),
        "normalization": (FLAT, L.Normalization()),
        "normalization of steps": (STEPS, L.Normalization(axis=(1, 2))),
        "normalization, one": (FLAT, L.Normalization(axis=None)),
        "normalization, given": (FLAT, L.Normalization(mean=1.5, variance=4.0)),
        "normalization, inverted": (
            FLAT,
            L.Normalization(mean=np.arange(6.0), variance=np.arange(1, 7.0), invert=True),
        ),
        "rescaling": (FLAT, L.Rescaling(1 / 127.5, offset=-1)),
        "rescaling, each": (STEPS, L.Rescaling([1, 2, 3, 4, 5, 6.0], offset=0.5)),
        "dropout": (STEPS, L.SpatialDropout1D(0.5)),
        "noise": (FLAT, L.GaussianNoise(0.5)),
        "regularization": (FLAT, L.ActivityRegularization(0.1)),
        "identity": (FLAT, L.Identity()),
        "linear": (FLAT, L.Activation("linear")),
        "flatten": (IMAGE, L.Flatten()),
        "reshape": (IMAGE, L.Reshape((10, -1))),
        "reshape to the same": (STEPS, L.Reshape((4, 6))),
        "permute": (IMAGE, L.Permute((3, 1, 2))),
        "repeat": (FLAT, L.RepeatVector(3)),
        "padding": (STEPS, L.ZeroPadding1D((2, 1))),
        "padding 2D": (IMAGE, L.ZeroPadding2D(((1, 2), (0, 3)))),
        "padding 2D, same": (IMAGE, L.ZeroPadding2D(1)),
        "cropping": (STEPS, L.Cropping1D(1)),
        "cropping 2D": (IMAGE, L.Cropping2D(((1, 0), (2, 1)))),
        "average": (STEPS, L.GlobalAveragePooling1D()),
        "average 2D": (IMAGE, L.GlobalAveragePooling2D(keepdims=True)),
        "largest": (STEPS, L.GlobalMaxPooling1D()),
        "largest 2D": (IMAGE, L.GlobalMaxPooling2D()),
        "largest, channels first": (IMAGE, L.GlobalMaxPooling2D(data_format="channels_first")),
        "dense by steps": (STEPS, L.TimeDistributed(L.Dense(6, "relu"))),
        "activation by steps": (STEPS, L.TimeDistributed(L.ReLU(max_value=1))),
        "dense on an image": (IMAGE, L.Dense(3, "tanh")),
    }


@pytest.mark.parametrize("shape", [FLAT, STEPS, IMAGE])
def test_layers_between_dense_ones(keras, tmp_path, generator, shape):
    """Each in a branch of its own, whose last layer has its name."""
    L = keras.layers
    start = L.Input(shape)
    outputs = []
    for name, (wanted, layer) in layers_of(keras).items():
        if wanted == shape:
            tensor = layer(L.Dense(shape[-1])(start))
            outputs.append(L.Dense(3, "relu", name=f"after {name}".replace(" ", "_"))(tensor))
    assert len(outputs) >= 8
    check(keras.Model(start, outputs), tmp_path, generator)


@pytest.mark.parametrize("shape", [FLAT, STEPS, IMAGE])
def test_layers_first_and_last(keras, tmp_path, generator, shape):
    """Each alone: what it takes is the model's input, what it gives an output."""
    L = keras.layers
    start = L.Input(shape)
    layers = [layer for wanted, layer in layers_of(keras).values() if wanted == shape]
    graph = check(keras.Model(start, [layer(start) for layer in layers]), tmp_path, generator)
    # One branch of the steps and one of the images has a dense layer.
    assert kinds(graph).count("engine") == (shape != FLAT)


@pytest.mark.parametrize("name", ["flatten", "repeat", "prelu", "rescaling", "softmax", "reshape"])
def test_layer_in_a_stack(keras, tmp_path, generator, name):
    L = keras.layers
    shape, layer = layers_of(keras)[name]
    model = keras.Sequential([L.Input(shape), L.Dense(shape[-1]), layer, L.Dense(3, "relu")])
    check(model, tmp_path, generator)


def test_a_product_on_the_host_keeps_large_means(keras, generator):
    """What a normalization behind it takes away is not rounded before."""
    L = keras.layers
    rows = (generator.standard_normal((300, 6)) + 1e6).astype(np.float32)
    model = keras.Sequential([keras.Input((6,)), L.Dense(5, name="sums"), L.Normalization()])
    kernel = np.abs(generator.standard_normal((6, 5)))
    model.layers[0].set_weights([kernel, np.zeros(5)])
    model.layers[1].adapt(rows @ kernel)
    sums = rows.astype(np.float64) @ np.float64(model.layers[0].get_weights()[0])
    mean, variance = (np.float64(value) for value in model.layers[1].get_weights()[:2])
    expected = (sums - mean) / np.sqrt(variance)
    found = xfblas.read_graph(model, on_host=["sums"]).forward(rows)[0]
    assert np.abs(found - expected).max() < 1e-3
