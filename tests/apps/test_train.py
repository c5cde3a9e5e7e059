"""Training: what is saved takes raw features, repeats, and is read without Keras."""

import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
from train import train_model

from xfblas.errors import InvalidValueError
from xfblas.graph import read_network


@pytest.fixture
def keras(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    return pytest.importorskip("keras", reason='keras is missing: pip install ".[keras]"')


def clouds(rows=240):
    """Three classes in features of very different range, one of which never changes."""
    generator = np.random.default_rng(3)
    labels = generator.integers(0, 3, rows)
    centres = np.array([[0.0, 0.0], [0.02, 3000.0], [0.04, 0.0]])
    spread = generator.standard_normal((rows, 2)) * [0.003, 500.0]
    return np.column_stack([centres[labels] + spread, np.full(rows, 5.0)]), labels


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_saved_model_takes_raw_features(keras, tmp_path):
    features, labels = clouds()
    path = train_model(features, labels, 3, tmp_path / "new" / "best_model.h5", epochs=30)
    assert [file.name for file in path.parent.iterdir()] == ["best_model.h5"]
    network = read_network(path)
    assert (network.forward(features).argmax(axis=1) == labels).mean() > 0.97
    assert [layer.kernel.shape for layer in network.layers] == [(3, 100), (100, 25), (25, 3)]
    # The feature that tells nothing has no weight, so another value of it changes nothing.
    np.testing.assert_array_equal(network.layers[0].kernel[2], 0)
    with h5py.File(path) as file:
        assert "optimizer_weights" not in file and "training_config" not in file.attrs
    loaded = keras.models.load_model(path)
    x = features.astype(np.float32)
    np.testing.assert_allclose(network.forward(x), loaded.predict(x, verbose=0), atol=1e-5)
    again = train_model(features, labels, 3, tmp_path / "again.h5", epochs=30)
    for one, other in zip(network.layers, read_network(again).layers, strict=True):
        np.testing.assert_array_equal(one.kernel, other.kernel)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"features": np.ones(4)}, r"features have shape \(4,\)"),
        ({"labels": np.zeros(3, int)}, r"labels \(3,\)"),
        ({"labels": np.zeros(4)}, "labels of type float64"),
        ({"labels": np.array([0, 1, 2, 1])}, "labels go from 0 to 2, expected 0 to 1"),
        ({"class_count": 1}, "there are 1 classes"),
        ({"features": np.full((4, 2), np.nan)}, "not all finite"),
        ({"path": "model.keras"}, r"expected a name that ends in \.h5"),
        ({"path": "model.weights.h5"}, r"expected a name that ends in \.h5"),
    ],
)
def test_wrong_arguments(tmp_path, change, text):
    arguments = {
        "features": np.ones((4, 2)),
        "labels": np.array([0, 1, 0, 1]),
        "class_count": 2,
        "path": tmp_path / "m.h5",
    }
    with pytest.raises(InvalidValueError, match=text):
        train_model(**arguments | change)
    assert not list(tmp_path.iterdir())


def test_missing_keras_is_one_line(app, tmp_path):
    """An import hook stands for a machine without Keras."""
    program = (
        "import sys; sys.modules['keras'] = None; sys.path.insert(0, sys.argv[1])\n"
        "import numpy, train\n"
        "try: train.train_model(numpy.ones((4, 2)), numpy.array([0, 1, 0, 1]), 2, sys.argv[2])\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    command = [sys.executable, "-c", program, str(app), str(tmp_path / "m.h5")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("NotSupportedError training needs Keras")
    assert 'pip install ".[keras]"' in done.stdout and "KERAS_BACKEND=jax" in done.stdout
    assert len(done.stdout.splitlines()) == 1


TRAIN = """
import sys; sys.path.insert(0, sys.argv[1])
import numpy, train
x, y = numpy.ones((4, 2)), numpy.array([0, 1, 0, 1])
try: print(train.train_model(x, y, 2, sys.argv[2], epochs=1))
except Exception as error: print(type(error).__name__, error)
"""


@pytest.mark.parametrize(
    ("backend", "expected"),
    [
        (None, "m.h5"),  # nobody chose one, and the one that Keras looks for may be missing
        ("nosuch", "NotSupportedError training needs Keras with the backend nosuch"),
    ],
)
def test_the_backend_of_training(app, keras, tmp_path, backend, expected):
    environment = {**os.environ, "KERAS_HOME": str(tmp_path)}
    environment.pop("KERAS_BACKEND", None)
    if backend is not None:
        environment["KERAS_BACKEND"] = backend
    command = [sys.executable, "-c", TRAIN, str(app), str(tmp_path / "m.h5")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert expected in done.stdout and len(done.stdout.splitlines()) == 1
    assert (backend is None) == (tmp_path / "m.h5").is_file()
