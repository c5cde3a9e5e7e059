"""What is told of each step over maps: its sizes, its rate and its saturations."""

import numpy as np
import pytest

import xfblas
from xfblas.timeline import HOST

pytestmark = pytest.mark.native


@pytest.mark.parametrize("bits", [8, 16])
def test_every_step(keras, bits):
    layers = keras.layers
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((12, 10, 3)),
            layers.Conv2D(8, 3, padding="same", activation="relu", name="first"),
            layers.MaxPooling2D(2, name="pool"),
            layers.DepthwiseConv2D(3, name="alone"),
            layers.Conv2D(2, 2, name="last"),
        ]
    )
    generator = np.random.default_rng(4)
    calibration = generator.normal(0, 1, (20, 12, 10, 3)).astype(np.float32)
    frames = 3 * calibration[:7]
    with xfblas.compile(model, calibration, bits=bits) as compiled:
        expected = compiled.predict(frames, verbose=0)
        found, timeline = compiled.timeline(frames)
        (engine,) = compiled._engine._engines.values()
        (runner,) = engine._runners
        elements = runner.trace(engine.maps.frames_of(frames))
        network = runner.network
        again = compiled.predict(frames, verbose=0)
    assert (found == expected).all() and (again == expected).all()
    spans = {span.name: span for span in timeline.spans}
    assert {"round inputs", "write frames", "read results", "outputs"} <= set(spans)
    ends = (np.iinfo(network.dtype).min, np.iinfo(network.dtype).max)
    last = 2 * network.output_windows
    sizes = {"first": (120, 27, 8), "pool": (30, 4, 8), "alone": (12, 9, 8), "last": (6, 32, last)}
    assert set(sizes) == {step.name for step in network.steps}
    for name, (m, k, n) in sizes.items():
        told = dict(spans[name].arguments)
        assert spans[name].track == "compute unit 0"
        assert (told["frames"], told["m"], told["k"], told["n"]) == (7, 7 * m, k, n)
        assert told["MACs"] == (0 if name == "pool" else 7 * m * k * n)
        assert told["saturations"] == np.isin(elements[name], ends).sum()
        assert name == "pool" or 0 < told["efficiency"] <= 1
    assert sum(spans[name].arguments["saturations"] for name in sizes) > 0
    assert max(spans[name].arguments.get("efficiency", 0) for name in sizes) == 1


def test_several_programs_are_told_apart(keras):
    model = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Conv2D(2, 3, name="only")])
    frames = np.random.default_rng(5).normal(0, 1, (600, 4, 4, 1)).astype(np.float32)
    with xfblas.compile(model, frames, bits=16) as compiled:
        found, timeline = compiled.timeline(frames)
        assert (found == compiled.predict(frames, verbose=0)).all()
    spans = [span for span in timeline.spans if span.name == "only" and span.track != HOST]
    parts = [span.arguments for span in spans]
    assert len(parts) > 1 and sum(part["frames"] for part in parts) == 600
    before = [sum(part["frames"] for part in parts[:index]) for index in range(len(parts))]
    assert [part["first frame"] for part in parts] == before
