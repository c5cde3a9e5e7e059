"""How far float32 results may be from the exact ones: a BLAS adds in any order, and rounds.

Its order may differ from one CPU, number of threads or number of rows to the next, and so may the
last bits of a row. Integers have no such freedom: tests compare them byte by byte.
"""

import numpy as np

EPS = np.finfo(np.float32).eps


def product_bound(a, b, x=0.0) -> np.ndarray:
    """docs/architecture.md: k * eps * sum |a||b| for an element of A*B, and X as one term more."""
    terms = np.abs(a).astype(float) @ np.abs(b).astype(float) + np.abs(x).astype(float)
    return (a.shape[1] + np.any(x)) * EPS * terms


def network_bound(network, rows) -> np.ndarray:
    """The same for the output (m, n) of a chain of layers, which hand their errors on."""
    current = rows.astype(float)
    error = np.zeros_like(current)
    for layer in network.layers:
        kernel = np.abs(layer.kernel).astype(float)
        # No activation of a layer makes a difference larger.
        error = error @ kernel + product_bound(np.abs(current) + error, kernel, layer.bias)
        current = layer.activate(current @ layer.kernel + layer.bias)
    if network.output_activation == "linear":
        return error
    assert network.output_activation == "softmax"
    exponentials = np.exp(current - current.max(axis=1, keepdims=True))
    share = exponentials / exponentials.sum(axis=1, keepdims=True)
    # Each exponential may be off by the largest error of the row, its own rounding and the sum's.
    return share * np.expm1(2 * error.max(axis=1, keepdims=True) + (share.shape[1] + 8) * EPS)


def require_near(found, other, bound):
    """Two float32 results of the same rows, each within a bound of the exact one."""
    assert found.dtype == other.dtype == np.float32 and found.shape == other.shape
    assert (np.abs(found.astype(float) - other) <= 2 * bound).all()
