"""Random models of HGQ2, for make_vectors.py: bits that differ from value to value."""

import keras
import numpy as np
from hgq.config import LayerConfigScope, QuantizerConfigScope
from hgq.layers import QBatchNormDense, QDense, Quantizer


def make(choose, name):
    """A model with random weights and bits, and the version of its Keras."""
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
    model = keras.Sequential(layers, name=name)
    for scope in reversed(scopes):
        scope.__exit__(None, None, None)
    for weight in model.weights:
        _draw(draw, weight)
    return model, 3


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
    elif name in ("kernel", "bias", "moving_mean"):
        weight.assign((draw.normal(size=shape) * 0.6).astype(np.float16).astype(np.float32))
