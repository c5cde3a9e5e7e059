"""Random models of HGQ2, for make_vectors.py: bits that differ from value to value."""

import keras
import numpy as np
from hgq.config import LayerConfigScope, QuantizerConfigScope
from hgq.layers import (
    QBatchNormalization,
    QBatchNormDense,
    QConv1D,
    QConv2D,
    QDense,
    QGlobalAveragePooling1D,
    QGlobalAveragePooling2D,
    QMaxPooling1D,
    QMaxPooling2D,
    Quantizer,
)


def make(choose, name):
    """A model with random weights and bits, and the version of its Keras."""
    return _drawn(choose, name, _dense_layers)


def make_maps(choose, name):
    """The same of convolutions."""
    return _drawn(choose, name, _map_layers)


def _drawn(choose, name, layers_of):
    draw = np.random.RandomState(choose.randrange(2**31))
    scopes = [
        QuantizerConfigScope(
            place=place,
            default_q_type=choose.choice(["kif", "kbi"]),
            overflow_mode=choose.choice(["WRAP", "SAT", "SAT_SYM"]),
            round_mode=choose.choice(["RND", "RND_CONV", "TRN"]),
        )
        for place in ("weight", "bias", "datalane")
    ]
    scopes.append(LayerConfigScope(enable_ebops=choose.random() < 0.5, enable_oq=False))
    for scope in scopes:
        scope.__enter__()
    model = keras.Sequential(layers_of(choose), name=name)
    for scope in reversed(scopes):
        scope.__exit__(None, None, None)
    for weight in model.weights:
        _draw(draw, weight)
    return model, 3


def _dense_layers(choose):
    layers = [keras.Input((choose.randint(2, 12),))]
    depth = choose.randint(1, 3)
    for index in range(depth):
        units = choose.randint(1, 10)
        kind, more = QDense, {"use_bias": choose.random() < 0.8}
        if choose.random() < 0.3:
            kind, more = QBatchNormDense, {}
        more["enable_oq"] = choose.random() < 0.3
        activation = choose.choice(["relu", None, "relu", "tanh"]) if index < depth - 1 else None
        layers.append(kind(units, activation=activation, **more))
    if choose.random() < 0.5:
        layers.append(Quantizer(place="datalane"))
    return layers


def _map_layers(choose):
    rank = choose.choice([1, 2, 2])
    layers = [keras.Input((*(choose.randint(5, 7) for _ in range(rank)), choose.randint(1, 3)))]
    convolution = QConv1D if rank == 1 else QConv2D
    for index in range(choose.randint(1, 2)):
        more = {"padding": "same" if index else choose.choice(["valid", "same"])}
        more["strides"] = choose.choice([1, 1, 2])
        more["use_bias"] = choose.random() < 0.8
        more["enable_oq"] = choose.random() < 0.3
        more["activation"] = choose.choice(["relu", "relu", None, "tanh"])
        layers.append(convolution(choose.randint(1, 4), choose.randint(1, 3), **more))
        if choose.random() < 0.3:
            layers.append(QBatchNormalization(center=choose.random() < 0.8))
        if choose.random() < 0.4:
            layers.append((QMaxPooling1D if rank == 1 else QMaxPooling2D)(2, padding="same"))
    if choose.random() < 0.5:
        layers.append((QGlobalAveragePooling1D if rank == 1 else QGlobalAveragePooling2D)())
    else:
        layers.append(keras.layers.Flatten())
    layers.append(QDense(choose.randint(1, 4)))
    return layers


def _draw(draw, weight):
    name, shape = weight.path.split("/")[-1], weight.shape
    is_data = "_iq/" in weight.path or "_oq/" in weight.path or "/quantizer" in weight.path
    if "fixed_point_quantizer" in weight.path:
        ends = {"k": (1 - (not is_data), 2), "b": (0, 8), "i": (0, 3), "f": (1, 6)}
        if name in ends:
            weight.assign(draw.randint(*ends[name], size=shape).astype(np.float32))
    elif name in ("bn_gamma", "moving_variance"):
        values = np.abs(draw.normal(size=shape)) + 0.5
        weight.assign(values.astype(np.float16).astype(np.float32))
    elif name in ("kernel", "bias", "moving_mean", "bn_beta"):
        weight.assign((draw.normal(size=shape) * 0.6).astype(np.float16).astype(np.float32))
