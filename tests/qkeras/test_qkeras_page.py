"""docs/qkeras.md, line by line, with the model that it speaks of."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

DOCUMENT = Path(__file__).parents[2] / "docs/qkeras.md"
FILES = Path(__file__).parent / "files"
pytestmark = pytest.mark.native


def test_the_page_runs(tmp_path, monkeypatch, capsys):
    datasets = pytest.importorskip("sklearn.datasets")
    x, labels = datasets.load_digits(return_X_y=True)
    shutil.copy(FILES / "qkeras_0.9.h5", tmp_path / "digits.h5")
    monkeypatch.chdir(tmp_path)
    names = {"x": (x / 16).astype(np.float32)}
    for block in re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL):
        exec(block, names)
    names["model"].close()
    expected = np.load(FILES / "qkeras_0.9.npz")["y"]
    assert np.abs(names["probabilities"][: len(expected)] - expected).max() < 1e-6
    assert (names["probabilities"].argmax(axis=1) == labels).mean() > 0.9
    assert set(np.unique(names["relu1"] * 16)) <= set(range(64))
    assert len(np.unique(np.abs(names["weights"]))) <= 6
    assert "it rounds half to even" in capsys.readouterr().out
