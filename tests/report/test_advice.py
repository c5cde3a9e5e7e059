"""The rules that turn numbers into advice."""

import pytest

import xfblas
from xfblas.graph import ModelGraph
from xfblas.reporting.advice import advise
from xfblas.reporting.alternatives import Alternative
from xfblas.reporting.layer_report import LayerReport
from xfblas.reporting.output_report import OutputReport

FINE = {
    "name": "d2",
    "step": "d1",
    "output": "out",
    "place": "engine",
    "reason": "dense, relu",
    "activation": "relu",
    "inputs": 20,
    "outputs": 10,
    "values": 5000,
    "largest": 3.0,
    "decibels": 85.0,
    "lost": 0.5,
    "cosine": 0.9999,
    "columns": 10,
    "depth": 20,
    "range": 6.0,
    "used": 0.5,
    "weight_bits": 16,
    "weight_outlier": 4.0,
    "proved_bits": 36,
    "used_bits": 33,
    "accumulator": 48,
    "saturations": 0,
    "wraps": 0,
}
OUTPUT = {
    "name": "out",
    "rows": 500,
    "decibels": 85.0,
    "cosine": 1.0,
    "largest_difference": 1e-4,
    "kind": "classes",
    "agreement": 1.0,
    "differing": 0,
}


def advice(network, bits=16, alternatives=(), rows=1000, output=None, **changes):
    layers = [LayerReport(**{**FINE, **changes})]
    outputs = [OutputReport(**{**OUTPUT, **(output or {})})]
    graph = ModelGraph.from_network(network)
    return advise(layers, outputs, alternatives, bits, {"rows": rows}, graph)


def test_nothing_is_said_of_what_is_fine(network):
    assert advice(network) == []


@pytest.mark.parametrize(
    ("changes", "finding", "remedy"),
    [
        (
            {"saturations": 20, "lost": 11.0, "used": 1.4},
            "loses 11.0 dB: its values saturate on 0.4 % of 5000",
            "raise margin, or pass more calibration rows",
        ),
        (
            {"saturations": 20, "used": 0.9},
            "its values saturate on 0.4 %",
            "raise margin",
        ),
        (
            {"clipped_inputs": 3, "inputs_seen": 3000},
            "3 of its inputs (0.1 %) lie beyond",
            "raise margin",
        ),
        ({"wraps": 7}, "7 values (0.14 %) wrapped", "cannot wrap"),
        (
            {"weight_outlier": 20.0, "lost": 9.0},
            "loses 9.0 dB: its largest weight is 20 times the usual",
            "a higher goal",
        ),
        (
            {"weight_bits": 11, "lost": 8.0, "accumulator": 32},
            "its weights have 11 of 16 bits, because its sums of 20 products must fit 32 bits",
            "accumulator=48",
        ),
        ({"used": 0.02}, "its values reach 2% of their range, so that 5 bits lie idle", "margin"),
        ({"lost": 12.0}, "a small difference of large sums", "Normalization"),
        ({"lost": 12.0, "bits": 8, "weight_bits": 8}, "a small difference", "take 16 bits"),
        ({"rows": 30}, "the scales come from 30 rows", "200 rows or more"),
        ({"output": {"agreement": 0.9, "differing": 50}}, "50 of 500 rows have another label", ""),
        ({"proved_bits": None}, "the public library's scheme", "method='gemx'"),
        (
            {"bits": 8, "weight_bits": 8, "output": {"decibels": 20.0}},
            "the logits reach 20.0 dB, less than 25 dB",
            "--compare",
        ),
        ({"place": "host", "activation": "layers in float"}, "the host computes these", "reason"),
    ],
)
def test_each_rule(network, changes, finding, remedy):
    found = advice(network, **changes)
    assert any(finding in one.finding and remedy in one.remedy for one in found), found


def test_what_the_comparison_shows(network):
    def choices(current):
        values = ((16, 48, 84.0), (16, 32, 80.0), (8, 32, 20.0))
        return [
            Alternative(bits, accumulator, decibels, 1.0, None, 100, index == current)
            for index, (bits, accumulator, decibels) in enumerate(values)
        ]

    narrow = advice(network, alternatives=choices(1))
    assert narrow[0].finding == "an accumulator of 32 bits costs 4.0 dB"
    assert "accumulator=48" in narrow[0].remedy
    small = advice(network, bits=8, alternatives=choices(2), weight_bits=8)
    assert small[0].finding == "int8 loses 64.0 dB against int16, 48 bits"
    assert small[0].remedy == "take 16 bits"
    assert advice(network, alternatives=choices(0)) == []


def test_the_worst_comes_first(network):
    found = advice(network, rows=100, saturations=50, used=1.2, lost=3.0)
    assert [one.where for one in found] == ["d2", "model"]
    assert [one.weight for one in found] == sorted((one.weight for one in found), reverse=True)


def test_advice_that_is_followed_helps(network, rows):
    few = xfblas.report(network, rows, calibration=rows[:8], margin=1.0)
    saturated = [one for one in few.advice if "saturate" in one.finding]
    assert saturated[0].remedy == "raise margin, or pass more calibration rows"
    for better in ({"calibration": rows[:8], "margin": 8.0}, {"calibration": rows, "margin": 1.2}):
        found = xfblas.report(network, rows, **better)
        assert found.outputs[0].decibels > few.outputs[0].decibels + 6
        assert not any("saturate" in one.finding for one in found.advice)
