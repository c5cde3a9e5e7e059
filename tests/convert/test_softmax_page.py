"""docs/softmax.md, line by line, with the model that it speaks of."""

import re
from pathlib import Path

import numpy as np
import pytest

DOCUMENT = Path(__file__).parents[2] / "docs/softmax.md"
pytestmark = [pytest.mark.native, pytest.mark.filterwarnings("ignore")]


def test_the_page_runs(keras, tmp_path, monkeypatch, capsys):
    datasets = pytest.importorskip("sklearn.datasets")
    pytest.importorskip("matplotlib")
    x, y = datasets.load_digits(return_X_y=True)
    x = (x / 16).astype(np.float32)
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
    monkeypatch.chdir(tmp_path)
    names = {"model": model, "x": x, "y": y}
    for block in re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL):
        exec(block, names)
    expected = model.predict(x, verbose=0)
    assert np.abs(names["probabilities"] - expected).max() < 0.02
    (softmax,) = names["report"].softmaxes
    stable, latency, legacy, argmax = softmax.choices
    assert stable.is_current and stable.error < 0.006 and stable.flipped <= 4
    assert latency.error < 0.6 and legacy.error < 0.05 and argmax.flipped == 0
    assert [one.multipliers for one in softmax.choices] == [2, 2, 1, 1]
    assert [one.table_bits for one in softmax.choices] == [2 * 4096 * 17] * 3 + [0]
    page = (tmp_path / "softmax.html").read_text()
    assert "Softmax: residuals" in page and "Softmax: ROC curves" in page
    shown = capsys.readouterr().out
    assert "softmax stable by tables" in shown and "labels flipped" in shown
    assert "fc3_softmax: Softmax float -> {'implementation': 'stable'" in shown
    report = names["build"]["CSynthesisReport"]
    assert report["SoftmaxBRAM18"] == "2" and report["SoftmaxDSP"] == "2"
    assert len(names["build"]["CSimResults"][0]) == 16
    assert np.abs(names["found"] - expected).max() < 0.1
