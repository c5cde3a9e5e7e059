"""What a report says of a softmax by tables: errors, flipped labels, costs and pictures."""

import json

import numpy as np
import pytest

import xfblas
from xfblas.layers.activations import HOST_FUNCTIONS
from xfblas.quantization.softmax_tables import blocks_of

IMPLEMENTATIONS = ["stable", "latency", "legacy", "argmax"]


@pytest.fixture(scope="module", params=IMPLEMENTATIONS)
def measured(request, network, rows, labels):
    with xfblas.compile(network, rows[:200], softmax=request.param) as model:
        found = xfblas.report(model, rows, labels)
        return request.param, found, model.predict(rows, verbose=0), model.trace(rows)[1], model


def test_errors_are_those_of_predict(measured, rows):
    name, report, found, _, model = measured
    (softmax,) = report.softmaxes
    (own,) = [choice for choice in softmax.choices if choice.is_current]
    (quantized,) = model.networks.values()
    logits = quantized.logits(quantized.simulate(quantized.quantize_input(rows)).output)
    expected = HOST_FUNCTIONS["softmax"](logits.astype(np.float64))
    assert [one.implementation for one in softmax.choices] == IMPLEMENTATIONS
    assert own.implementation == name and softmax.rows == len(rows)
    assert own.error == pytest.approx(np.abs(found - expected).max(), abs=1e-7)
    assert own.mean_error == pytest.approx(np.abs(found - expected).mean(), abs=1e-7)
    assert own.flipped == (found.argmax(axis=1) != expected.argmax(axis=1)).sum()
    (output,) = report.outputs
    plain = report.observed[0].spec
    assert plain.name and output.agreement > 0.98
    if name == "stable":
        assert own.error < 0.01


def test_areas_are_those_of_ranks(measured, labels):
    """The area under a ROC curve is the share of pairs in the right order, ties a half."""
    name, report, found, *_ = measured
    (softmax,) = report.softmaxes
    for column in range(4):
        right, wrong = found[labels == column, column], found[labels != column, column]
        above = (right[:, None] > wrong).mean() + (right[:, None] == wrong).mean() / 2
        # Scores are counted in 4,096 parts of their range.
        assert softmax.areas["tables"][column] == pytest.approx(above, abs=5e-3), name


def test_forms(measured, tmp_path):
    pytest.importorskip("matplotlib")
    name, report, *_ = measured
    text = report.to_text()
    assert "softmax by tables, against softmax in float" in text and f"{name} (this one)" in text
    report.to_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    for title in ("Softmax: residuals", "Softmax: ROC curves", "Softmax by tables"):
        assert title in page
    report.to_json(tmp_path / "report.json")
    written = json.loads((tmp_path / "report.json").read_text())
    assert len(written["softmaxes"][0]["choices"]) == 4
    assert written["places"][-1]["place"] == "engine"


def test_float_softmax_has_no_table(network, rows):
    report = xfblas.report(network, rows)
    assert report.softmaxes == () and "softmax by tables" not in report.to_text()


def test_costs(network, rows):
    settings = {"implementation": "stable", "exp_table": "fixed<18,2>", "table_size": 2048}
    report = xfblas.report(network, rows, softmax=settings)
    stable, _, legacy, argmax = report.softmaxes[0].choices
    assert stable.table_bits == 2048 * (17 + 17) and stable.blocks == 2 + 2
    assert (stable.multipliers, legacy.multipliers, argmax.multipliers) == (2, 1, 1)
    wide = {**settings, "exp_table": "ufixed<18,1>", "inv_table": "ufixed<18,1>"}
    report = xfblas.report(network, rows, softmax=wide)
    assert report.softmaxes[0].choices[0].multipliers == 3
    assert (stable.row_cycles, legacy.row_cycles) == (5, 17)
    assert argmax.table_bits == argmax.blocks == 0


@pytest.mark.parametrize(
    "depth, width, blocks",
    [(512, 36, 1), (1024, 18, 1), (1024, 19, 2), (2048, 17, 2), (4096, 17, 4), (2, 2, 1)],
)
def test_memories(depth, width, blocks):
    assert blocks_of(depth, width) == blocks
