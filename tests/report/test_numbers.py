"""Every number of a report against one computed in another way."""

import json

import numpy as np
import pytest
from keras_models import decibels, rows_for

import xfblas
from xfblas.errors import InvalidValueError
from xfblas.graph import Layer, Network


@pytest.mark.parametrize("bits", [16, 8])
def test_layers_are_as_near_as_the_engine_shows(network, rows, bits):
    with xfblas.compile(network, rows[:300], bits=bits) as compiled:
        found = xfblas.report(compiled, rows)
        _, layers = compiled.trace(rows)
    floats = network.layer_outputs(rows)
    assert [line.name for line in found.layers[:3]] == ["dense_0", "dense_1", "dense_2"]
    for line, expected in zip(found.layers, floats, strict=False):
        assert line.place == "engine"
        np.testing.assert_allclose(line.decibels, decibels(layers[line.name], expected), atol=0.05)
        assert line.largest == pytest.approx(np.abs(expected).max())
        product = np.vdot(layers[line.name].astype(float), expected)
        size = np.linalg.norm(layers[line.name].astype(float)) * np.linalg.norm(expected)
        assert line.cosine == pytest.approx(product / size, abs=1e-6)
        assert line.values == expected.size
    for before, line in zip(found.layers, found.layers[1:], strict=False):
        assert line.lost == pytest.approx(before.decibels - line.decibels)
    assert found.layers[3].place == "host" and "softmax" in found.layers[3].reason
    assert found.bits == bits and found.rows == 400


@pytest.mark.parametrize("options", [{}, {"bits": 8}, {"accumulator": 32}])
def test_bits_of_sums_are_proved_before_they_are_used(network, rows, options):
    found = xfblas.report(network, 3 * rows, calibration=rows, **options)
    for line in found.layers[:3]:
        assert 2 < line.used_bits <= line.proved_bits <= line.accumulator
        assert line.accumulator == 32 or not options
        assert (line.sums == "32 bits") == (line.proved_bits <= 32)
        assert line.wraps == 0
        assert line.post_scale >= 1 and line.post_shift >= 0 and line.scale_low <= line.scale_high


def test_saturations_and_clipped_inputs_are_counted(network, rows):
    with xfblas.compile(network, rows[:20] / 4, margin=1.0) as compiled:
        found = xfblas.report(compiled, rows)
        quantized = next(iter(compiled.networks.values()))
        trace = quantized.simulate(quantized.quantize_input(rows))
        offset = 0 if quantized.input_offset is None else quantized.input_offset
        limit = quantized.input_limit or 32767
        beyond = np.abs((rows - offset) * quantized.input_scale) > limit + 0.5
    assert [line.saturations for line in found.layers[:3]] == [
        layer.saturations for layer in trace.layers
    ]
    assert trace.saturations > 0 and beyond.any()
    assert found.layers[0].clipped_inputs == beyond.sum()
    assert found.layers[0].inputs_seen == rows.size
    for line in found.layers[:3]:
        assert (line.used > 1) >= (line.saturations > 0)
    within = xfblas.report(network, rows, calibration=rows)
    assert all(line.saturations == 0 and line.used <= 1 for line in within.layers[:3])
    assert within.layers[0].clipped_inputs == 0


def test_the_range_is_what_the_elements_hold(network, rows):
    with xfblas.compile(network, rows, leaky="split") as compiled:
        found = xfblas.report(compiled, rows)
        quantized = next(iter(compiled.networks.values()))
        trace = quantized.simulate(quantized.quantize_input(rows))
    assert any(summary.split_slope for summary in quantized.summaries)
    for line, summary, layer, done in zip(
        found.layers, quantized.summaries, quantized.layers, trace.layers, strict=False
    ):
        ends, columns = np.iinfo(np.int16), layer.weights.shape[1]
        values = len(summary.scale)
        # Of a split layer one half is 0 while the other has a value.
        halves = (slice(None),) if summary.split_slope is None else np.split(np.arange(values), 2)
        held = np.empty(0)
        for half in halves:
            integers = np.full((1, columns), summary.zero_point, np.int16)
            for end in (ends.min, ends.max):
                for first in range(0, summary.windows * values, values):
                    integers[:, first : first + values][:, half] = end
                held = np.append(held, np.abs(summary.values(integers)))
        assert np.isclose(held, line.range, rtol=1e-3).any()
        assert line.range >= line.largest
        if summary.windows == 1:
            sizes = np.abs(done.output[:, :values].astype(int) - summary.zero_point)
            assert line.used == pytest.approx(sizes.max() / (32767 - summary.zero_point), abs=1e-3)


def test_halves_of_a_leaky_layer_hold_its_sums(rows):
    """A slope of 0.2 takes two columns; the second holds sums five times as large as outputs."""
    layers = (
        Layer("negative", -np.eye(12), np.zeros(12), "leaky_relu", 0.2),
        Layer("last", np.eye(12), np.zeros(12), "linear", 1.0),
    )
    network = Network("halves", layers, "linear", (12,))
    x = np.abs(rows)
    with xfblas.compile(network, x, leaky="split") as compiled:
        line = xfblas.report(compiled, x).layers[0]
        quantized = next(iter(compiled.networks.values()))
        output = quantized.simulate(quantized.quantize_input(x)).layers[0].output
    summary = quantized.summaries[0]
    assert summary.split_slope == pytest.approx(0.2) and summary.outputs == 24
    sizes = np.abs(output.astype(int) - summary.zero_point)
    assert line.used == pytest.approx(sizes.max() / (32767 - summary.zero_point), abs=1e-3)
    assert line.largest == pytest.approx(0.2 * x.max(), rel=1e-4)
    assert line.largest < line.range < 12 * line.largest


def test_sums_seen_are_those_of_both_signs(rows):
    layer = Layer("up", np.eye(12), np.zeros(12), "linear", 1.0)
    network = Network("one", (layer,), "linear", (12,))
    for x in (np.abs(rows), -np.abs(rows)):
        with xfblas.compile(network, rows) as compiled:
            line = xfblas.report(compiled, x).layers[0]
            quantized = next(iter(compiled.networks.values()))
            trace = quantized.simulate(quantized.quantize_input(x)).layers[0]
        low, high = trace.sum_low, trace.sum_high
        bits = line.used_bits
        assert -(2 ** (bits - 1)) <= low and high < 2 ** (bits - 1)
        assert low < -(2 ** (bits - 2)) or high >= 2 ** (bits - 2)


def test_wraps_of_the_public_scheme_are_counted(network, rows):
    found = xfblas.report(network, 4 * rows, calibration=rows, method="gemx")
    assert sum(line.wraps for line in found.layers[:3]) > 0
    assert found.layers[0].proved_bits is None
    assert "wrapped" in found.advice[0].finding and found.advice[0].where.startswith("dense_")
    # What lies beyond the input's range wraps there too, but is no fault of a layer.
    assert found.outputs[0].decibels < 20


def test_labels_accuracy_and_confusion(network, rows, labels):
    with xfblas.compile(network, rows[:50], bits=8, margin=1.0) as compiled:
        found = xfblas.report(compiled, rows, labels).outputs[0]
        predicted = compiled.predict(rows, verbose=0)
    expected = network.forward(rows)
    kept, plain = predicted.argmax(axis=1), expected.argmax(axis=1)
    assert found.kind == "classes" and found.rows == 400
    assert found.differing == (kept != plain).sum()
    assert found.agreement == pytest.approx((kept == plain).mean())
    assert found.accuracy == pytest.approx((kept == labels).mean())
    assert found.accuracy_float == pytest.approx(0.9)
    for row in range(4):
        for column in range(4):
            count = ((labels == row) & (kept == column)).sum()
            assert found.confusion[row][column] == count
    assert found.confusion_of == "labels" and found.classes == ["0", "1", "2", "3"]
    assert found.largest_difference == pytest.approx(np.abs(predicted - expected).max(), rel=1e-3)
    for kind, values, right in (
        ("float", expected, plain == labels),
        ("quantized", predicted, kept == labels),
    ):
        curve = found.calibration[kind]
        assert sum(count for _, _, count in curve) == 400
        confidence = values.max(axis=1)
        assert sum(p * n for p, _, n in curve) == pytest.approx(confidence.sum(), rel=1e-4)
        assert sum(share * n for _, share, n in curve) == pytest.approx(right.sum())
        last = (confidence * 10).astype(int) >= 9
        assert curve[-1][2] == last.sum()


def test_labels_may_be_one_hot_named_or_missing(network, rows, labels):
    with xfblas.compile(network, rows) as compiled:
        plain = xfblas.report(compiled, rows, labels).outputs[0]
        one_hot = xfblas.report(compiled, rows, np.eye(4)[labels], classes=list("abcd")).outputs[0]
        column = xfblas.report(compiled, rows, labels[:, np.newaxis]).outputs[0]
        without = xfblas.report(compiled, rows).outputs[0]
    assert one_hot.confusion == plain.confusion == column.confusion
    assert one_hot.classes == list("abcd")
    assert without.accuracy is None and without.confusion_of == "float"
    assert without.agreement == plain.agreement and not without.calibration


def test_chunks_do_not_change_anything(network, rows, labels, monkeypatch):
    with xfblas.compile(network, rows[:100] / 2, margin=1.0) as compiled:
        whole = xfblas.report(compiled, rows, labels).to_dict()
        assert all(line["saturations"] > 1 for line in whole["layers"][:3])
        monkeypatch.setattr("xfblas.reporting.report.ROWS", 37)
        parts = xfblas.report(compiled, rows, labels).to_dict()
        batches = ((rows[i : i + 50], labels[i : i + 50]) for i in range(0, 400, 50))
        stream = xfblas.report(compiled, batches).to_dict()
    for other in (parts, stream):
        for line, expected in zip(other["layers"], whole["layers"], strict=True):
            assert line.keys() == expected.keys()
            for name, value in expected.items():
                assert line[name] == (
                    pytest.approx(value, rel=2e-3, abs=1e-4) if isinstance(value, float) else value
                ), name
        assert other["outputs"][0]["confusion"] == whole["outputs"][0]["confusion"]


@pytest.mark.parametrize("kind", ["plain", "deep", "image", "sequence", "branched"])
def test_models_of_every_shape(keras_model, tmp_path, kind):
    model = keras_model(kind)
    x = rows_for(model, 120)
    with xfblas.compile(model, x) as compiled:
        found = xfblas.report(compiled, x)
        compiled.save(tmp_path / "model.xfblas")
        expected = compiled.predict(x, verbose=0)
        described = {name: place for name, place, _ in compiled.graph.describe()}
    keras_said = model.predict(x, verbose=0)
    expected = expected if isinstance(expected, list) else [expected]
    keras_said = keras_said if isinstance(keras_said, list) else [keras_said]
    for output, values, said in zip(found.outputs, expected, keras_said, strict=True):
        difference = np.abs(values - said).max()
        assert output.largest_difference == pytest.approx(difference, rel=0.02, abs=2e-6)
        assert output.decibels > 58
    assert {line.step: line.place for line in found.layers} == described
    saved = xfblas.report(str(tmp_path / "model.xfblas"), x)
    assert saved.to_dict() == found.to_dict()
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["model"] == model.name


def test_numbers_are_no_classes(keras_model):
    model = keras_model("branched")
    x = rows_for(model, 80)
    y = {name: np.zeros((80, 1)) for name in ("classes", "value")}
    y["value"] = np.random.default_rng(1).standard_normal((80, 1))
    found = xfblas.report(model, x, y)
    classes, value = found.outputs
    assert classes.kind == "classes" and classes.accuracy is not None
    assert value.kind == "numbers" and value.agreement is None
    said = model.predict(x, verbose=0)[1]
    root = np.sqrt(((said - y["value"]) ** 2).mean())
    assert value.error_float == pytest.approx(root, rel=1e-4)
    assert value.error == pytest.approx(root, rel=1e-3)


def test_what_other_choices_cost(network, rows, labels):
    found = xfblas.report(network, rows, labels, compare=True)
    assert [(one.bits, one.accumulator) for one in found.alternatives] == [
        (16, 48),
        (16, 32),
        (8, 32),
    ]
    finest, narrow, coarse = found.alternatives
    (current,) = [one for one in found.alternatives if one.is_current]
    assert current in (finest, narrow)
    assert current.decibels == pytest.approx(found.outputs[0].decibels)
    assert min(finest.decibels, narrow.decibels) > coarse.decibels + 20
    alone = xfblas.report(network, rows, labels, accumulator=32, compare=True)
    assert [one.is_current for one in alone.alternatives] == [False, True, False]
    assert alone.alternatives[1].decibels == pytest.approx(narrow.decibels, abs=1)
    small = xfblas.report(network, rows, labels, bits=8)
    assert coarse.decibels == pytest.approx(small.outputs[0].decibels)
    assert coarse.agreement == small.outputs[0].agreement


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"y": np.full(400, 4)}, "y holds 4, expected classes from 0 to 3"),
        ({"y": np.zeros(399)}, "numbers of rows differ"),
        ({"x": np.zeros((0, 12), np.float32)}, "no rows"),
        ({"x": np.zeros((5, 11), np.float32)}, "expected (rows, 12)"),
        ({"bits": 32}, "float32 image"),
        ({"surprise": 1}, "surprise"),
        ({"x": iter([])}, "calibration is None and x is a generator"),
    ],
)
def test_bad_input_is_named(network, rows, change, text):
    arguments = {"model": network, "x": rows, **change}
    if change.get("bits") == 32:
        with xfblas.compile(network, bits=32) as compiled, pytest.raises(InvalidValueError) as told:
            xfblas.report(compiled, rows)
    else:
        with pytest.raises(InvalidValueError) as told:
            xfblas.report(**arguments)
    assert text in str(told.value)


def test_a_quantized_model_takes_no_options(network, rows, tmp_path):
    with xfblas.compile(network, rows) as compiled:
        compiled.save(tmp_path / "model.xfblas")
        with pytest.raises(InvalidValueError, match="margin was given, but the model is quantized"):
            xfblas.report(compiled, rows, margin=2)
        assert not compiled.closed
    with pytest.raises(InvalidValueError, match="bits was given"):
        xfblas.report(tmp_path / "model.xfblas", rows, bits=8)
