"""Trained models in files of QKeras and HGQ2, read without these packages."""

import sys
from pathlib import Path

import numpy as np
import pytest

import xfblas
from xfblas.graph import read_graph

pytestmark = pytest.mark.native
FOLDER = Path(__file__).parent / "files"
FILES = sorted([*FOLDER.glob("*.h5"), *FOLDER.glob("*.keras")])


@pytest.fixture(scope="module")
def digits():
    """Rows of digits, as make_files.py has them."""
    datasets = pytest.importorskip("sklearn.datasets")
    return (datasets.load_digits().data / 16).astype(np.float32)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_probabilities_are_the_packages_own(path, digits):
    """Without a warning: every layer has its model's integers."""
    expected = np.load(FOLDER / f"{path.stem}.npz")["y"]
    digits = digits.reshape(-1, 8, 8, 1) if path.name.startswith("maps") else digits
    rows = digits[: len(expected)]
    with xfblas.compile(path, digits) as model:
        assert np.abs(model.predict(rows) - expected).max() < 1e-6
        _, layers = model.trace(rows)
    assert not {"qkeras", "hgq", "tensorflow"} & set(sys.modules)
    if "qkeras" in path.name:
        assert set(np.unique(layers["pixels"] * 16)) <= set(range(32))
        assert set(np.unique(layers["relu1"] * 16)) <= set(range(64))


def test_a_saved_model_predicts_the_same(digits, tmp_path):
    path = FOLDER / "qkeras_0.9.h5"
    with xfblas.compile(path, digits) as model:
        expected = model.predict(digits)
        model.save(tmp_path / "digits.xfblas")
    with xfblas.load(tmp_path / "digits.xfblas") as model:
        assert np.array_equal(model.predict(digits), expected)


def test_weights_are_integers_of_the_model(digits):
    with xfblas.compile(FOLDER / "qkeras_0.9.h5", digits) as model:
        networks = model.networks
    weights = networks["fc1"].layers[0].weights
    kernel = read_graph(FOLDER / "qkeras_0.9.h5").engine_steps[0].network.layers[0].kernel
    assert np.abs(kernel * 32 - np.rint(kernel * 32)).max() == 0 and np.abs(kernel).max() <= 1
    assert np.array_equal(weights, weights[:, :24]) and len(np.unique(weights)) <= 64
    ratio = weights[kernel != 0] / kernel[kernel != 0]
    assert np.array_equal(np.log2(ratio), np.rint(np.log2(ratio)))


def test_a_session_of_configurations(digits):
    """A layer that is a quantizer has one name, as its values have."""
    path = FOLDER / "qkeras_0.9.h5"
    config = xfblas.config_from_keras_model(path, granularity="name")
    names = ["pixels", "fc1", "relu1", "fc2", "fc2_quantized_relu", "fc3", "softmax"]
    assert list(config["LayerName"])[1:] == names
    expected = np.load(FOLDER / "qkeras_0.9.npz")["y"]
    rows = {"input_data_tb": digits[: len(expected)], "output_data_tb": expected}
    with xfblas.convert_from_keras_model(path, hls_config=config, **rows) as converted:
        assert list(converted.trace(digits[:3])[1]) == names
        (line,) = converted.build(csim=False)["OutputComparison"]
    assert line["LargestDifference"] < 1e-6 and line["DifferingLabels"] == 0
