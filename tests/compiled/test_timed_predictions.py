"""Timelines of predictions: the same outputs, each layer of all rows, and spans that fit."""

import itertools

import numpy as np
import pytest

import xfblas
from xfblas.errors import InvalidValueError, NotInitializedError
from xfblas.graph import Layer, Network
from xfblas.program.network_engine import NetworkEngine
from xfblas.timeline import HOST, Timeline

KINDS = ("plain", "deep", "image")


def rows_for(model, count=500):
    shape = [size or 1 for size in model.input_shape[1:]]
    return np.random.default_rng(4).normal(0, 1, (count, *shape)).astype(np.float32)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", [16, 8, 32])
def test_outputs_are_those_of_predict(keras_model, kind, bits):
    model = keras_model(kind)
    x = rows_for(model)
    with xfblas.compile(model, x, bits=bits) as compiled:
        y, timeline = compiled.timeline(x)
        np.testing.assert_array_equal(y, compiled.predict(x, verbose=0))
    assert isinstance(timeline, Timeline) and timeline.spans
    names = {span.name for span in timeline.spans if span.track != HOST}
    assert names or bits == 32


def test_every_layer_has_all_rows(keras_model):
    """Blocks of rows add up, figures are the layer's, and one span on a thread ends first."""
    model = keras_model("plain")
    x = rows_for(model, 1001)
    with xfblas.compile(model, x) as compiled:
        _, timeline = compiled.timeline(x)
    chain = next(span for span in timeline.spans if span.track == HOST and span.arguments)
    first, second = (layer.name for layer in model.layers)
    for layer, k, n in ((first, 12, 16), (second, 16, 4)):
        spans = [span for span in timeline.spans if (span.name, span.track) != (layer, HOST)]
        spans = [span for span in spans if span.arguments.get("k") == k]
        assert {span.name for span in spans} == {layer}
        assert sum(span.arguments["m"] for span in spans) == 1001, layer
        assert sum(span.arguments["MACs"] for span in spans) == 1001 * k * n
        assert {span.arguments["n"] for span in spans} == {n}
        assert all(chain.start <= span.start and span.end <= chain.end + 1 for span in spans)
    for track in timeline.tracks[1:]:
        ends = sorted((span.start, span.end) for span in timeline.spans if span.track == track)
        nested = [b for a, b in itertools.pairwise(ends) if b[0] < a[1]]
        # On a card's track layers lie within their program.
        assert not nested or any(span.name == "program" for span in timeline.spans)


@pytest.mark.native
def test_saturations_are_counted():
    """Inputs far beyond those of calibration end at the limits, each of them counted."""
    layer = Layer("only", np.eye(8), np.zeros(8), "linear", 1.0)
    network = Network("n", (layer,), "linear", (8,))
    x = np.random.default_rng(1).uniform(-1, 1, (400, 8)).astype(np.float32)
    with xfblas.compile(network, x) as compiled:
        quantized = next(iter(compiled.networks.values()))
        for rows in (x, x * 100):
            engine = NetworkEngine.on_units(compiled.device.sharing_units, quantized, None)
            elements = engine.run(quantized.quantize_input(rows))
            limits = np.iinfo(elements.dtype)
            expected = ((elements == limits.min) | (elements == limits.max)).sum()
            assert (expected > 100) == (rows is not x)
            _, timeline = compiled.timeline(rows)
            found = [span.arguments.get("saturations", 0) for span in timeline.spans]
            assert sum(found) == expected


def test_profiled_prediction(keras_model):
    model = keras_model("plain")
    x = rows_for(model)
    with xfblas.compile(model, x) as compiled:
        y, seconds, rate = compiled.predict(x, verbose=0, profile=True)
        np.testing.assert_array_equal(y, compiled.predict(x, verbose=0))
        assert type(seconds) is float and seconds > 0
        assert rate == pytest.approx(len(x) / seconds)
        stream = (x[first : first + 100] for first in range(0, 500, 100))
        y, seconds, rate = compiled.predict(stream, verbose=0, profile=True)
        assert len(y) == 500 and rate == pytest.approx(500 / seconds)


def test_refused(keras_model):
    model = keras_model("plain")
    x = rows_for(model)
    compiled = xfblas.compile(model, x)
    with pytest.raises(InvalidValueError, match="profile is 'yes', expected True or False"):
        compiled.predict(x, profile="yes")
    with pytest.raises(InvalidValueError, match="x has no rows"):
        compiled.timeline(x[:0])
    with pytest.raises(InvalidValueError, match="shape"):
        compiled.timeline(x[:, :5])
    x[3, 2] = np.nan
    with pytest.raises(InvalidValueError, match=r"has nan at \(3, 2\)"):
        compiled.timeline(x)
    compiled.close()
    with pytest.raises(NotInitializedError):
        compiled.timeline(x)
