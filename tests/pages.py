"""Pages of docs/ whose lines are run, with the model that they speak of."""

import re
from pathlib import Path

import numpy as np
import pytest

DOCS = Path(__file__).parents[1] / "docs"


def run_page(name, names):
    """Runs the blocks of Python of a page, one after the other, in a dict of names."""
    for block in re.findall(r"```python\n(.*?)```", (DOCS / name).read_text(), re.DOTALL):
        exec(block, names)


def digits():
    """scikit-learn's digits, float32 from 0 to 1, and their labels."""
    datasets = pytest.importorskip("sklearn.datasets")
    x, y = datasets.load_digits(return_X_y=True)
    return (x / 16).astype(np.float32), y


def digits_model(keras, x, y):
    """An MLP that was trained on them: fc1 and fc2 with relu, fc3 with softmax."""
    L = keras.layers
    layers = [
        keras.Input((64,)),
        L.Dense(48, "relu", name="fc1"),
        L.Dense(32, "relu", name="fc2"),
        L.Dense(10, "softmax", name="fc3"),
    ]
    model = keras.Sequential(layers)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=8, verbose=0)
    return model
