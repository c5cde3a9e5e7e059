"""docs/softmax.md, line by line, with the model that it speaks of."""

import numpy as np
import pytest
from pages import digits, digits_model, run_page

pytestmark = [pytest.mark.native, pytest.mark.filterwarnings("ignore")]


def test_the_page_runs(keras, tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    x, y = digits()
    model = digits_model(keras, x, y)
    monkeypatch.chdir(tmp_path)
    names = {"model": model, "x": x, "y": y}
    run_page("softmax.md", names)
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
