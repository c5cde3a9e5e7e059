"""docs/qkeras.md, line by line, with the model that it speaks of."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from pages import digits, run_page

FILES = Path(__file__).parent / "files"
pytestmark = pytest.mark.native


def test_the_page_runs(tmp_path, monkeypatch, capsys):
    x, labels = digits()
    shutil.copy(FILES / "qkeras_0.9.h5", tmp_path / "digits.h5")
    shutil.copy(FILES / "maps_qkeras_0.9.h5", tmp_path / "images.h5")
    monkeypatch.chdir(tmp_path)
    names = {"x": x}
    run_page("qkeras.md", names)
    names["model"].close()
    expected = np.load(FILES / "maps_qkeras_0.9.npz")["y"]
    assert np.abs(names["probabilities"][: len(expected)] - expected).max() < 1e-6
    assert (names["probabilities"].argmax(axis=1) == labels).mean() > 0.9
    assert names["maps"]["conv1"].shape == (100, 6, 6, 8)
    assert set(np.unique(names["maps"]["relu1"] * 16)) <= set(range(64))
    assert names["filters"].shape[0] == 9
    assert set(np.unique(names["relu1"] * 16)) <= set(range(64))
    assert len(np.unique(np.abs(names["weights"]))) <= 6
    assert "it rounds half to even" in capsys.readouterr().out
