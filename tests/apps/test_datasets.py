"""The exported data sets, and the trained models that are kept for them."""

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("sklearn", reason='scikit-learn is missing: pip install ".[apps]"')

import sklearn.datasets
from datasets import NAMES, export
from table import load_table

from xfblas.errors import InvalidValueError
from xfblas.graph import read_network

CLASSES = {
    "digits": tuple("0123456789"),
    "wine": ("class_0", "class_1", "class_2"),
    "cancer": ("benign", "malignant"),
}


@pytest.mark.parametrize("name", NAMES)
def test_export_keeps_every_value(tmp_path, name):
    source = getattr(sklearn.datasets, {"cancer": "load_breast_cancer"}.get(name, f"load_{name}"))()
    path = export(name, tmp_path / "new" / "folder")
    assert [file.name for file in path.parent.iterdir()] == [f"{name}.csv"]
    header = path.read_text().splitlines()[0].split(",")
    assert header[0] == "Run" and header[-1] == "Class"
    table = load_table(path)
    np.testing.assert_array_equal(table.features, source.data.astype(np.float32))
    assert table.classes == CLASSES[name]
    texts = [str(source.target_names[label]) for label in source.target]
    assert [table.classes[label] for label in table.labels] == texts
    assert table.columns == tuple(source.feature_names)


@pytest.mark.parametrize("name", NAMES)
def test_kept_model_predicts_its_data(app, tmp_path, name):
    model = app / "models" / name / "best_model.h5"
    assert model.stat().st_size < 150_000
    table = load_table(export(name, tmp_path))
    network = read_network(model)
    assert [layer.name for layer in network.layers] == ["d1", "d2", "d3"]
    assert [layer.activation for layer in network.layers] == ["relu", "relu", "linear"]
    assert network.output_activation == "softmax"
    probabilities = network.forward(table.features)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    assert (probabilities.argmax(axis=1) == table.labels).mean() >= 0.97


def test_unknown_name(tmp_path):
    with pytest.raises(InvalidValueError, match="'iris' is unknown, expected one of digits"):
        export("iris", tmp_path)


def test_command(app, tmp_path):
    command = [sys.executable, app / "datasets.py", "--out", tmp_path]
    done = subprocess.run([*command, "wine"], capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path / 'wine.csv'}\n"
    done = subprocess.run([*command, "iris"], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("datasets.py: data set 'iris' is unknown")
    assert len(done.stderr.splitlines()) == 1
