"""Which of its two neighbours an integer weight becomes: the nearest, or the one that helps most.

Inputs that go together, as neighbouring pixels do, let the error of one weight be made good by
another's. With H for the mean of a[i]*a[k] over the sample, a column's mean square error is

    (q - w)' H (q - w)                                                                     (1)

Rounding one weight after the other and moving those still to come to where (1) is least, given the
errors made so far, is one step of Gaussian elimination for each: with U the upper triangle of
inverse(H) = U' U, the error of weight k times U[k,i] / U[k,k] is taken from weight i (Frantar,
Ashkboos, Hoefler, Alistarh: GPTQ, 2022; after Hassibi and Stork, 1993).
"""

import numpy as np

#: Share of H's mean diagonal added to it, for directions that the sample does not show.
DAMPING = 0.01
#: Elimination takes k**3 steps; beyond this many inputs nearest rounding is used.
MOST_INPUTS = 2048
BLOCK = 64


def compensated(weights: np.ndarray, inputs: np.ndarray, limit: int) -> np.ndarray:
    """Whole weights with a small error (1).

    Args:
        weights: (k, n) float64 in steps of one.
        inputs: (rows, k) what the weights are multiplied with, 0 standing for 0.
        limit: the largest size of a weight.

    Returns:
        (k, n) whole float64.
    """
    units = len(weights)
    if units > MOST_INPUTS:
        return np.clip(np.rint(weights), -limit, limit)
    second = inputs.T @ inputs / max(len(inputs), 1)
    mean = float(np.trace(second)) / units
    if not mean > 0:
        return np.clip(np.rint(weights), -limit, limit)
    second[np.diag_indices(units)] += DAMPING * mean
    # The most used inputs first, while there are many others to make their errors good.
    order = np.argsort(-np.diag(second), kind="stable")
    upper = np.linalg.cholesky(np.linalg.inv(second[np.ix_(order, order)])).T
    left, whole = weights[order].copy(), np.empty_like(weights)
    for first in range(0, units, BLOCK):
        block = slice(first, min(first + BLOCK, units))
        errors = np.empty((block.stop - first, weights.shape[1]))
        for step in range(first, block.stop):
            rounded = np.clip(np.rint(left[step]), -limit, limit)
            error = errors[step - first] = (left[step] - rounded) / upper[step, step]
            left[step + 1 : block.stop] -= np.outer(upper[step, step + 1 : block.stop], error)
            whole[order[step]] = rounded
        # What comes after the block takes the errors of all its weights at once.
        left[block.stop :] -= upper[block, block.stop :].T @ errors
    return whole
