"""What shells and notebooks show of public objects: a line for each, whatever its size."""

import pydoc
import sys

import numpy as np
import pytest

import xfblas
from xfblas.graph import Layer, Network


@pytest.fixture(scope="module")
def shown():
    """Public objects of a model of 12 layers, by what they are."""
    generator = np.random.default_rng(3)
    sizes = [(40, 60), *[(60, 60)] * 10, (60, 20)]
    layers = tuple(
        Layer(f"dense_{i}", generator.standard_normal(s) / 8, np.zeros(s[1]), "relu", 0.0)
        for i, s in enumerate(sizes)
    )
    network = Network("deep", layers, "softmax", (40,))
    x = generator.standard_normal((300, 40)).astype(np.float32)
    y = generator.integers(0, 20, 300)
    with xfblas.open() as device, xfblas.compile(network, x, goal=0, device=device) as compiled:
        quantized = next(iter(compiled.networks.values()))
        trace = quantized.simulate(quantized.quantize_input(x))
        report = xfblas.report(compiled, x, y)
        unit = device.compute_units[0]
        yield {
            "device": device,
            "unit": unit,
            "matrix": unit.send(np.ones((300, 400), np.int16)),
            "layer": layers[0],
            "compiled model": compiled,
            "runtime": xfblas.KerasRT(
                Network("small", layers[:2], "softmax", (40,)), calibration=x, compute_unit=unit
            ),
            "networks": compiled.networks,
            "quantized network": quantized,
            "quantized layer": quantized.layers[0],
            "summary": quantized.summaries[0],
            "input coding": quantized.input_coding,
            "trace": trace,
            "trace of a layer": trace.layers[0],
            "report": report,
            "report of a layer": report.layers[0],
            "report of an output": report.outputs[0],
        }


def test_a_line_each(shown):
    for name, value in shown.items():
        text = repr(value)
        assert "\n" not in text and len(text) < 250, (name, text)
        assert "array(" not in text and " object at " not in text, (name, text)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("device", ["Fcn", "int16", "native", "default_short"]),
        ("matrix", ["int16", "(300, 400)"]),
        ("layer", ["dense_0", "40x60", "relu"]),
        ("runtime", ["xfblas.KerasRT", "int16", "2 layers", "native"]),
        ("quantized network", ["int16", "40 features", "12 layers", "20 outputs"]),
        ("quantized layer", ["dense_0", "40x60", "post", ">>"]),
        ("summary", ["dense_0", "weights of", "sums of"]),
        ("trace", ["12 layers", "300 rows", "saturations"]),
        ("report", ["deep int16", "300 rows", "labels agree", "accuracy", " dB", "print()"]),
        ("report of a layer", ["dense_0", "40x60", "engine", " dB"]),
        ("report of an output", ["300 rows", "labels agree", " dB"]),
    ],
)
def test_what_the_lines_say(shown, name, words):
    assert [word for word in words if word not in repr(shown[name])] == []


def test_a_report_of_many_outputs_stays_short(keras_model):
    from dataclasses import replace

    from keras_models import rows_for

    model = keras_model("branched")
    x = rows_for(model, 40)
    report = xfblas.report(model, x)
    assert "classes labels agree" in repr(report) and "value logits" in repr(report)
    assert "5 more outputs" in repr(replace(report, outputs=report.outputs * 4))


def test_a_notebook_shows_the_page(shown):
    pytest.importorskip("matplotlib")
    html = shown["report"]._repr_html_()
    # In a frame, so that neither page changes how the other looks.
    assert html.startswith("<iframe srcdoc=") and html.endswith("</iframe>")
    assert "&lt;svg" in html and "<style" not in html and "<script" not in html


def test_a_notebook_without_matplotlib_shows_the_tables(shown, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    html = shown["report"]._repr_html_()
    assert html.startswith("<pre>") and "labels agree" in html and "pip install matplotlib" in html


def test_help_names_what_a_report_can_do(shown):
    for subject in (shown["report"], xfblas.report):
        text = pydoc.render_doc(subject)
        for method in ("print", "to_html", "to_json", "to_text", "to_dict"):
            assert method in text
