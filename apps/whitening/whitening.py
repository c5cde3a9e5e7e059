"""Whitening of handwritten digits: their covariance becomes the identity.

The script is numpy's, but for the line that wraps its input.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
import pictures

import xfblas

RIDGE = 0.01


def whitened(x):
    """(rows, features) float32, wrapped or not, after its ZCA transform."""
    centered = x - x.mean(axis=0)
    covariance = np.asarray(centered.T @ centered) / np.float32(len(x) - 1)
    values, vectors = np.linalg.eigh(covariance)
    turned = vectors / np.sqrt(values + RIDGE, dtype=np.float32)
    return centered @ (turned @ vectors.T)


def main() -> int:
    path = pictures.picture_path(__doc__.splitlines()[0], Path(__file__).with_name("whitening.png"))
    from sklearn.datasets import load_digits

    images = (load_digits().data / 16).astype(np.float32)
    xfblas.stats(reset=True)
    found = np.asarray(whitened(xfblas.asarray(images)))
    counts = xfblas.stats()
    same = whitened(images)
    difference = float(np.abs(found - same).max())
    spread = np.cov(found, rowvar=False).diagonal()
    print(f"engine: {counts['engine']}, numpy: {counts['numpy']}")
    print(f"variance of a pixel is {np.median(spread):.3f}; numpy differs by {difference:.1e}")

    drawn, axes = pictures.figure(8, 2.4, nrows=2, ncols=10)
    for row, kind in zip(axes, (images, found), strict=True):
        for column, axis in enumerate(row):
            axis.imshow(kind[column].reshape(8, 8), cmap="gray")
            axis.axis("off")
    drawn.suptitle("digits before and after whitening")
    pictures.save(drawn, path)
    return 0 if difference < 1e-2 else 1


if __name__ == "__main__":
    sys.exit(main())
