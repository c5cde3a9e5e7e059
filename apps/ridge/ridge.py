"""Ridge regression by its normal equations, which integers compute as well as float64 does.

(X'X + s I) w = X'y: the products run by exact slices of integers, the small system is numpy's.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
import pictures

import xfblas

STRENGTHS = np.logspace(-3, 4, 30)


def by_slices(a, b):
    return xfblas.matmul(a, b, split=True)


def normal_equations(x, y, matmul=by_slices):
    """X'X and X'y."""
    return matmul(x.T, x), matmul(x.T, y)


def weights(gram, moments, strength):
    """The weights for one strength of the penalty."""
    return np.linalg.solve(gram + strength * np.eye(len(gram)), moments)


def features():
    """Diabetes: 10 features, their squares and products, centred; and the target."""
    from sklearn.datasets import load_diabetes

    x, y = load_diabetes(return_X_y=True, scaled=False)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    first, second = np.triu_indices(x.shape[1])
    x = np.hstack([x, x[:, first] * x[:, second]])
    return x - x.mean(axis=0), y - y.mean()


def main() -> int:
    path = pictures.picture_path(__doc__.splitlines()[0], Path(__file__).with_name("ridge.png"))
    x, y = features()
    train = np.arange(len(x)) % 4 > 0
    found = normal_equations(x[train], y[train])
    same = normal_equations(x[train], y[train], np.matmul)
    path_of_weights = np.array([weights(*found, strength) for strength in STRENGTHS])
    errors = np.square(y[~train] - path_of_weights @ x[~train].T).mean(axis=1)
    best = int(errors.argmin())
    difference = np.abs(path_of_weights[best] - weights(*same, STRENGTHS[best])).max()
    explained = 1 - errors[best] / np.square(y[~train]).mean()
    print(f"penalty {STRENGTHS[best]:.3g} explains {explained:.1%} of the variance of other rows")
    print(f"weights differ from numpy's float64 by {difference:.1e} at most")

    drawn, (left, right) = pictures.figure(9, 3.5, ncols=2)
    left.semilogx(STRENGTHS, path_of_weights, linewidth=0.8)
    left.set(xlabel="penalty", ylabel="weight", title="ridge path")
    right.semilogx(STRENGTHS, errors)
    right.axvline(STRENGTHS[best], linestyle=":")
    right.set(xlabel="penalty", ylabel="squared error", title="rows that were left out")
    pictures.save(drawn, path)
    return 0 if difference < 1e-9 else 1


if __name__ == "__main__":
    sys.exit(main())
