"""docs/convert.md, line by line, with the model that it speaks of."""

import pytest
from pages import digits, digits_model, run_page

pytestmark = [pytest.mark.native, pytest.mark.filterwarnings("ignore")]


def test_the_page_runs(keras, tmp_path, monkeypatch, capsys):
    x, y = digits()
    model = digits_model(keras, x, y)
    monkeypatch.chdir(tmp_path)
    names = {"model": model, "x": x, "y": y}
    run_page("convert.md", names)
    names["converted"].close()
    expected = model.predict(x, verbose=0).argmax(axis=1)
    assert (names["labels"] == expected).mean() > 0.99
    assert {"fc1", "fc1_relu", "fc3_softmax"} <= set(names["layers"])
    assert len(names["report"]["CSimResults"][0]) == 16
    (compared,) = names["report"]["OutputComparison"]
    assert compared["DifferingLabels"] == 0 and compared["LargestDifference"] < 0.01
    shown = capsys.readouterr().out
    assert "fc1: Precision.weight auto -> int12" in shown
    assert "of its inputs lie beyond the range" in shown
    assert (tmp_path / "model.svg").is_file()
    bent = names["bent"].predict(x, verbose=0).argmax(axis=1)
    assert names["chains"] == 1 and (names["same"] == bent).mean() > 0.99
    assert "gelu +-" in shown and "elu +-" in shown and "relu +-" in shown
    found = [line.table_worst for line in names["tables"].layers if line.table]
    assert len(found) == 3 and max(found) < 0.01
    assert names["programs"] == [1, 4]
    names["frames"].close()
    expected = names["network"].predict(names["images"], verbose=0).argmax(axis=1)
    assert (names["classes"] == expected).mean() > 0.99
    assert {"conv1", "conv1_relu", "norm", "act", "skip", "pool", "fc"} <= set(names["maps"])
    assert names["frame_report"]["CSimTarget"] == "simulation"
    assert int(names["frame_report"]["CSynthesisReport"]["BestLatency"]) > 0
    assert "norm" in shown and "saturate" in shown
    assert (tmp_path / "maps.svg").is_file()
    held = {each.name: each for each in names["ranges"][1]}
    assert held["act/w"].sizes.max() <= 127 < held["conv1/w"].sizes.max()
