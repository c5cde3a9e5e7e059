"""Calibration by what a model is trained with: batches with targets and weights, with or without
end.
"""

import numpy as np
import pytest

import xfblas
from xfblas.errors import InvalidValueError

X = np.random.default_rng(3).normal(0, 1, (64, 12)).astype(np.float32)
Y = X[:, :4].argmax(axis=1)


def batches():
    return (X[first : first + 16] for first in range(0, len(X), 16))


STREAMS = {
    "x": lambda: batches(),
    "(x,)": lambda: ((x,) for x in batches()),
    "x, y": lambda: ((x, x[:, :4]) for x in batches()),
    "x, y, w": lambda: ((x, x[:, 0], x[:, 0]) for x in batches()),
    "several targets": lambda: ((x, [x, {"a": x}, None]) for x in batches()),
}


@pytest.mark.parametrize("name", STREAMS)
def test_targets_are_left_aside(keras_model, name):
    model = keras_model("plain")
    with xfblas.compile(model, X) as compiled:
        expected = compiled.predict(X, verbose=0)
    with xfblas.compile(model, STREAMS[name]()) as compiled:
        np.testing.assert_array_equal(compiled.predict(X, verbose=0), expected)


def test_endless_dataset(keras, keras_model):
    """Takes the rows that are wanted and no more."""
    taken = []

    class Endless(keras.utils.PyDataset):
        num_batches = None

        def __getitem__(self, index):
            taken.append(index)
            return np.tile(X, (10, 1)), np.tile(Y, 10)

    with xfblas.compile(keras_model("plain"), Endless()) as compiled:
        assert compiled.predict(X, verbose=0).shape == (64, 4)
    assert taken == list(range(13))  # 8,192 rows of 640 each


def test_endless_prediction_still_needs_steps(keras, keras_model):
    class Endless(keras.utils.PyDataset):
        num_batches = None

        def __getitem__(self, index):
            return X, Y

    with xfblas.compile(keras_model("plain"), X) as compiled:
        with pytest.raises(InvalidValueError, match="x has no end"):
            compiled.predict(Endless(), verbose=0)
        assert len(compiled.predict(Endless(), steps=2, verbose=0)) == 128


def test_loader_of_torch(keras_model):
    data = pytest.importorskip("torch.utils.data")
    torch = pytest.importorskip("torch")
    pairs = data.TensorDataset(torch.tensor(X), torch.tensor(Y))
    with xfblas.compile(keras_model("plain"), data.DataLoader(pairs, batch_size=16)) as compiled:
        assert compiled.predict(X, verbose=0).shape == (64, 4)
