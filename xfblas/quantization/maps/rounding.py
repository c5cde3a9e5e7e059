"""Weights rounded one after the other, each of which makes up for what those before it left.

To round each weight for itself is best where inputs are independent. Neighbours in a map are alike
and channels go together, so that errors of some weights can undo those of others. With C the
covariance of the inputs (the bias takes their mean), the error E of the weights adds E' C E to an
output's power. Weights are rounded in order, and what is left of each goes to those that follow,
as the least squares of C say: by the rows of U with U' U = C^-1, U upper triangular,

    W[j] -= U[i, j] / U[i, i] * (W[i] - round(W[i]))        for all j > i                  (1)
"""

import numpy as np

#: How many samples a weight needs, so that it is not fitted to these alone.
SAMPLES_PER_WEIGHT = 2
#: What is added to the diagonal, as a part of its mean: what the sample may not have shown.
DAMPING = 0.01


def rounded(kernel: np.ndarray, inputs: np.ndarray, largest: int) -> np.ndarray:
    """Whole weights (k, n) from -largest to largest, for inputs like those of a sample.

    Args:
        kernel: (k, n) float64, in steps of the weights.
        inputs: (samples, k) of any unit.
        largest: size of a weight.
    """
    size = len(kernel)
    if size < 2 or len(inputs) < SAMPLES_PER_WEIGHT * size:
        return np.clip(np.rint(kernel), -largest, largest)
    centered = inputs.astype(np.float64) - inputs.mean(axis=0)
    covariance = centered.T @ centered / len(centered)
    power = np.trace(covariance) / size
    if not power > 0:
        return np.clip(np.rint(kernel), -largest, largest)
    covariance[np.diag_indices(size)] += DAMPING * power
    # Of C^-1 = U' U: U is the inverse of C's factor L' in C = L' L with L upper triangular.
    upper = np.linalg.cholesky(np.linalg.inv(covariance)).T
    left, found = kernel.copy(), np.empty_like(kernel)
    for i in range(size):
        found[i] = np.clip(np.rint(left[i]), -largest, largest)
        error = (left[i] - found[i]) / upper[i, i]
        left[i + 1 :] -= upper[i, i + 1 :, np.newaxis] * error
    return found
