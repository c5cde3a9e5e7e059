"""What a streaming MLP puts out, in obvious lines of numpy, to the last bit: integers and floats.

A layer is a mapping: ``weights`` (inputs, outputs), ``biases``, ``activation``; in float32 also
``fold``, which the order of the sum follows from; in int16 ``shift``, ``input`` and ``output``.
"""

import numpy as np
import oracle

EXP = [1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 0.5]


def float_exp(y):
    one = np.float32
    y = np.where(y > one(-86), np.where(y < one(88), y, one(88)), one(-86))
    n = np.trunc(y * one(1.44269504) + np.where(y < 0, one(-0.5), one(0.5)))
    r = (y - n * one(0.693359375)) - n * one(-2.12194440e-4)
    p = one(EXP[0])
    for coefficient in EXP[1:]:
        p = p * r + one(coefficient)
    return (p * r * r + r + one(1)) * np.ldexp(one(1), n.astype(int))


def float_layer(x, layer):
    inputs, fold = x.shape[1], layer["fold"]
    missing = -inputs % fold
    x = np.pad(x, ((0, 0), (0, missing)))
    weights = np.pad(layer["weights"], ((0, missing), (0, 0)))
    s = np.zeros((len(x), weights.shape[1]), np.float32)
    for start in range(0, inputs, fold):
        products = [x[:, i, None] * weights[i] for i in range(start, start + fold)]
        while len(products) > 1:
            half = len(products) // 2
            products = [products[i] + products[i + half] for i in range(half)]
        s = s + products[0]
    s = s + layer["biases"]
    one, kind = np.float32(1), layer["activation"]
    if kind == "tanh":
        return s, np.where(s == s, one - (one + one) / (float_exp(s + s) + one), s)
    if kind == "sigmoid":
        return s, np.where(s == s, one / (one + float_exp(-s)), s)
    return s, np.where(s < 0, np.float32(0), s) if kind == "relu" else s


def integer_layer(x, layer):
    fields = {"post": (1, layer["shift"]), "round": True, "saturate": True}
    s = oracle.fcn(x, layer["weights"], layer["biases"], **fields)
    if layer["activation"] in ("tanh", "sigmoid"):
        function = getattr(oracle, layer["activation"])(16, layer["input"], layer["output"])
        return s, function(s).astype(np.int16)
    return s, np.maximum(s, 0) if layer["activation"] == "relu" else s


def run(x, layers):
    """Every s and x by name: s1, x1, s2, ..."""
    outputs = {}
    with np.errstate(all="ignore"):
        for number, layer in enumerate(layers, 1):
            s, x = (integer_layer if x.dtype == np.int16 else float_layer)(x, layer)
            outputs |= {f"s{number}": s, f"x{number}": x}
    return outputs
