"""k nearest neighbours on iris, with distances that are exact.

Iris was measured in tenths of centimetres, so its features are whole numbers. The squared distance
of x and y is |x|^2 + |y|^2 - 2 x y, and all x y are one product of matrices.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
import pictures

import xfblas

NEIGHBOURS = 5


def predict(train, labels, rows, matmul=lambda a, b: xfblas.matmul(a, b, exact=True)):
    """The commonest label among the nearest rows, for int16 rows of features."""
    squares = [np.square(x.astype(np.int64)).sum(axis=1) for x in (rows, train)]
    distances = squares[0][:, None] + squares[1] - 2 * matmul(rows, train.T)
    nearest = labels[np.argsort(distances, axis=1, kind="stable")[:, :NEIGHBOURS]]
    votes = (nearest[:, :, None] == np.arange(labels.max() + 1)).sum(axis=1)
    return votes.argmax(axis=1)


def main() -> int:
    path = pictures.picture_path(__doc__.splitlines()[0], Path(__file__).with_name("knn.png"))
    from sklearn.datasets import load_iris

    data = load_iris()
    rows, labels = np.rint(data.data * 10).astype(np.int16), data.target
    is_test = np.arange(len(rows)) % 3 == 0
    found = predict(rows[~is_test], labels[~is_test], rows[is_test])
    same = predict(
        rows[~is_test], labels[~is_test], rows[is_test], lambda a, b: a.astype(int) @ b.astype(int)
    )
    print(f"{np.mean(found == labels[is_test]):.1%} of {is_test.sum()} flowers are right")
    print("equal to numpy:", np.array_equal(found, same))

    petals = rows[:, 2:]
    length, width = (np.arange(0, petals[:, axis].max() + 5, dtype=np.int16) for axis in (0, 1))
    grid = np.stack(np.meshgrid(length, width), axis=-1).reshape(-1, 2)
    areas = predict(petals, labels, grid).reshape(len(width), len(length))
    drawn, axes = pictures.figure(6, 4)
    axes.contourf(length / 10, width / 10, areas, levels=[-0.5, 0.5, 1.5, 2.5], alpha=0.3)
    axes.scatter(petals[:, 0] / 10, petals[:, 1] / 10, c=labels, edgecolors="black")
    axes.set(xlabel="petal length / cm", ylabel="petal width / cm", title="5 nearest neighbours")
    pictures.save(drawn, path)
    return 0 if np.array_equal(found, same) else 1


if __name__ == "__main__":
    sys.exit(main())
