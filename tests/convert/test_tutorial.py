"""docs/convert.md, line by line, with the model that it speaks of."""

import re
from pathlib import Path

import numpy as np
import pytest

DOCUMENT = Path(__file__).parents[2] / "docs/convert.md"
pytestmark = [pytest.mark.native, pytest.mark.filterwarnings("ignore")]


def test_the_page_runs(keras, tmp_path, monkeypatch, capsys):
    datasets = pytest.importorskip("sklearn.datasets")
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
    names["converted"].close()
    expected = model.predict(x, verbose=0).argmax(axis=1)
    assert (names["labels"] == expected).mean() > 0.99
    assert {"fc1", "fc1_relu", "fc3_softmax"} <= set(names["layers"])
    assert len(names["report"]["CSimResults"][0]) == 16
    shown = capsys.readouterr().out
    assert "fc1: Precision.weight auto -> int12" in shown
    assert "of its inputs lie beyond the range" in shown
    assert (tmp_path / "model.svg").is_file()
    bent = names["bent"].predict(x, verbose=0).argmax(axis=1)
    assert names["chains"] == 1 and (names["same"] == bent).mean() > 0.99
    assert "gelu +-" in shown and "elu +-" in shown and "relu +-" in shown
    found = [line.table_worst for line in names["tables"].layers if line.table]
    assert len(found) == 3 and max(found) < 0.01
