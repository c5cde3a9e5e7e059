"""docs/streaming.md: its lines, its picture and its figures."""

import numpy as np
import pytest
from pages import DOCS, run_page

from xfblas.image.boards import read_board
from xfblas.image.stream_picture import network_svg
from xfblas.image.stream_plan import budget_of, plan_network
from xfblas.performance.stream_estimate import estimate_stream

pytestmark = pytest.mark.native


def test_the_page_runs(capsys):
    names = {}
    run_page("streaming.md", names)
    x, weights = names["x"].astype(np.float64), names["weights"]
    expected = np.tanh(np.tanh(x @ weights[0][0]) @ weights[1][0])
    assert np.abs(names["y"] - expected).max() < 1e-5
    assert list(names["found"]) == ["s1", "x1", "s2", "x2"]
    assert "layer1     784 -> 64" in capsys.readouterr().out


def test_picture_and_figures():
    board, text = read_board("u250"), (DOCS / "streaming.md").read_text()
    networks = {
        data_type: plan_network([784, 64, 10], "tanh", data_type, budget_of(board, data_type))
        for data_type in ("float", "short")
    }
    assert (DOCS / "streaming.svg").read_text() == network_svg(networks["float"])
    found = {name: estimate_stream(board, net, 1000, ("x2",)) for name, net in networks.items()}
    for row, figures in {
        "multipliers": [net.multipliers for net in networks.values()],
        "cycles of the batch": [each.cycles for each in found.values()],
        "the naive design's ticks": [each.naive_cycles for each in found.values()],
        "times as many": [round(each.gain) for each in found.values()],
    }.items():
        assert f"| {row} | " + " | ".join(f"{each:,}" for each in figures) + " |" in text
    assert min(each.gain for each in found.values()) > 100
