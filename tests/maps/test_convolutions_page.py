"""docs/convolutions.md, run with a small classifier of images."""

import numpy as np
import pytest
from pages import digits, run_page

pytestmark = pytest.mark.filterwarnings("ignore")


def test_the_page(keras, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    L = keras.layers
    x, _ = digits()
    layers = [L.Conv2D(8, 3, activation="relu"), L.MaxPooling2D(), L.Flatten(), L.Dense(10)]
    model = keras.Sequential([keras.Input((8, 8, 1)), *layers])
    names = {"model": model, "images": x.reshape(-1, 8, 8, 1)}
    run_page("convolutions.md", names)
    assert np.shape(names["logits"]) == (1797, 10)
