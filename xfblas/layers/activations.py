"""Activations: the slopes that the engine computes, and the functions left to the host."""

import numpy as np

from xfblas.checks import shown
from xfblas.errors import InvalidValueError

#: Slope for negative values of the activations that the engine computes. Keras gives the function
#: leaky_relu a slope of 0.2 in all its versions; the layer LeakyReLU has its own default.
ENGINE_SLOPES = {"linear": 1.0, "relu": 0.0, "leaky_relu": 0.2}
#: Those that leave no choice.
FIXED_SLOPES = {"linear": 1.0, "relu": 0.0}

#: Other names that Keras accepts, or has accepted, for the same function.
SYNONYMS = {None: "linear", "swish": "silu", "exp": "exponential", "hard_swish": "hard_silu"}
#: What Keras 2 wrote down where it was given TensorFlow's own function.
SYNONYMS |= {"softmax_v2": "softmax", "log_softmax_v2": "log_softmax"}

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805

#: Of the error function: a rational approximation in x*x, of the form that Eigen and XLA use;
#: highest power first.
_ABOVE = np.array(
    [
        *(-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06),
        *(-5.69250639462346e-05, -7.34990630326855e-04, -2.95459980854025e-03),
        -1.60960333262415e-02,
    ],
    np.float32,
)
_BELOW = np.array(
    [
        *(-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03),
        *(-7.37332916720468e-03, -1.42647390514189e-02),
    ],
    np.float32,
)


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
    if not isinstance(name, str) or name not in HOST_FUNCTIONS:
        raise InvalidValueError(
            f"output activation is {shown(name)}, expected one of "
            f"{', '.join(sorted(HOST_FUNCTIONS))}"
        )
    logits = np.asarray(logits, np.float32)
    # The exponential of a large number is infinite here as it is in Keras.
    with np.errstate(over="ignore"):
        return HOST_FUNCTIONS[name](logits).astype(np.float32, copy=False)


def softmax(x, axis=-1):
    """Shifted by the largest value, so that no exponential overflows."""
    axis = _axes(axis)
    exponentials = np.exp(x - x.max(axis=axis, keepdims=True))
    return exponentials / exponentials.sum(axis=axis, keepdims=True)


def log_softmax(x, axis=-1):
    """Logarithm of the softmax over an axis, or over several."""
    axis = _axes(axis)
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))


def _axes(axis):
    return tuple(axis) if isinstance(axis, list) else axis


def sparsemax(x, axis=-1):
    """As Keras computes it, which sums the sums of the support where its paper has the last one."""
    x = np.moveaxis(x, axis, -1)
    descending = -np.sort(-x, axis=-1)
    sums = descending.cumsum(axis=-1)
    counts = np.arange(1, x.shape[-1] + 1, dtype=np.float32)
    support = descending - (sums - 1) / counts > 0
    total = np.where(support, sums, 0).sum(axis=-1, keepdims=True)
    threshold = (total - 1) / support.sum(axis=-1, keepdims=True)
    return np.moveaxis(np.maximum(x - threshold, 0), -1, axis)


def sigmoid(x):
    """Takes the exponential of negative numbers only, so that it never overflows."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def softplus(x):
    """log(1 + exp(x))."""
    return np.logaddexp(np.float32(0), x)


def elu(x, alpha=1.0):
    """x, or ``alpha * (exp(x) - 1)`` below zero."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def celu(x, alpha=1.0):
    """x, or ``alpha * (exp(x / alpha) - 1)`` below zero."""
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0) / alpha))


def selu(x):
    """A scaled elu whose constants keep mean and variance."""
    return SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0)))


def gelu(x):
    """The exact form, by the error function, which is Keras' default."""
    return np.float32(0.5) * x * (1 + erf(x * np.float32(np.sqrt(0.5))))


def gelu_tanh(x):
    """The approximation, which Keras computes with approximate=True."""
    factor = np.float32(np.sqrt(2 / np.pi))
    return np.float32(0.5) * x * (1 + np.tanh(factor * x * (1 + np.float32(0.044715) * x * x)))


def hard_sigmoid(x):
    """As Keras 3 defines it; Keras 1 and 2 have ``hard_sigmoid_2``."""
    return np.clip(x / 6 + 0.5, 0, 1)


def rectify(x, negative_slope=0.0, max_value=None, threshold=0.0):
    """The layer ReLU with all its settings."""
    below = negative_slope * (x - threshold) if negative_slope else np.zeros_like(x)
    found = np.where(x > threshold, x, below)
    return found if max_value is None else np.clip(found, None if negative_slope else 0, max_value)


def glu(x, axis=-1):
    """Half of the values, gated by the other half."""
    values, gates = np.split(x, 2, axis=axis)
    return values * sigmoid(gates)


def erf(x: np.ndarray) -> np.ndarray:
    """The error function, which numpy lacks: float32 of the same shape, to 4e-7."""
    # Beyond 4 the function is 1 to the last digit of float32.
    x = np.clip(np.asarray(x, np.float32), -4, 4)
    squares = x * x
    return np.clip(x * _polynomial(_ABOVE, squares) / _polynomial(_BELOW, squares), -1, 1)


def _polynomial(coefficients, x):
    """In place: these arrays are large, and a pass over memory costs more than the product."""
    total = x * coefficients[0]
    for coefficient in coefficients[1:-1]:
        total += coefficient
        total *= x
    total += coefficients[-1]
    return total


#: Functions of one array and no settings, which give the same shape.
HOST_FUNCTIONS = {
    "linear": lambda x: x,
    "softmax": softmax,
    "log_softmax": log_softmax,
    "sparsemax": sparsemax,
    "sigmoid": sigmoid,
    "log_sigmoid": lambda x: -softplus(-x),
    "hard_sigmoid": hard_sigmoid,
    "hard_sigmoid_2": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
    "sparse_sigmoid": lambda x: np.clip(0.5 * x + 0.5, 0, 1),
    "tanh": np.tanh,
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "soft_shrink": lambda x: np.where(np.abs(x) > 0.5, x - np.copysign(np.float32(0.5), x), 0),
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "elu": elu,
    "celu": celu,
    "selu": selu,
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "silu": lambda x: x * sigmoid(x),
    "hard_silu": lambda x: x * hard_sigmoid(x),
    "mish": lambda x: x * np.tanh(softplus(x)),
    "softplus": softplus,
    "sparse_plus": lambda x: np.where(x < 1, np.maximum(x + 1, 0) ** 2 / 4, x),
    "squareplus": lambda x: (x + np.hypot(x, 2)) / 2,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "exponential": np.exp,
    "relu6": lambda x: np.clip(x, 0, 6),
}

#: Names of this package alone, for what Keras has under another name with settings or versions.
VARIANTS = ("hard_sigmoid_2", "gelu_tanh")
