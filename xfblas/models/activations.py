"""Activations: the slopes that the engine computes, and the functions left to the host."""

import math

import numpy as np

from xfblas.errors import InvalidValueError

#: Slope for negative values of the activations that the engine computes. Keras gives the function
#: leaky_relu a slope of 0.2 in all its versions; the layer LeakyReLU has its own default.
ENGINE_SLOPES = {"linear": 1.0, "relu": 0.0, "leaky_relu": 0.2}

#: Other names that Keras accepts, or has accepted, for the same function.
SYNONYMS = {None: "linear", "swish": "silu", "exp": "exponential"}

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


def activate(name: str, logits: np.ndarray) -> np.ndarray:
    """What the host computes after the last layer.

    Args:
        name: a Keras activation, a key of :data:`HOST_FUNCTIONS`.
        logits: (m, n) float; softmax is over the last axis.

    Returns:
        float32 of the same shape.

    Raises:
        InvalidValueError: there is no such activation here.
    """
    if name not in HOST_FUNCTIONS:
        raise InvalidValueError(
            f"output activation is {name!r}, expected one of {', '.join(sorted(HOST_FUNCTIONS))}"
        )
    logits = np.asarray(logits, np.float32)
    # The exponential of a large number is infinite here as it is in Keras.
    with np.errstate(over="ignore"):
        return HOST_FUNCTIONS[name](logits).astype(np.float32, copy=False)


def softmax(x):
    """Shifted by the largest value, so that no exponential overflows."""
    exponentials = np.exp(x - x.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def log_softmax(x):
    shifted = x - x.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def sigmoid(x):
    """Takes the exponential of negative numbers only, so that it never overflows."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def softplus(x):
    return np.logaddexp(np.float32(0), x)


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def selu(x):
    return SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0)))


def gelu(x):
    """The exact form, by the error function, which is Keras' default."""
    errors = np.fromiter((math.erf(value / math.sqrt(2)) for value in x.flat), float, x.size)
    return 0.5 * x * (1 + errors.reshape(x.shape))


HOST_FUNCTIONS = {
    "linear": lambda x: x,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "elu": elu,
    "selu": selu,
    "gelu": gelu,
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "softplus": softplus,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "exponential": np.exp,
    "relu6": lambda x: np.clip(x, 0, 6),
}
