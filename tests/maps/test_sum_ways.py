"""Which way sums over maps go: by default as cheap ones as the goal allows, exact for any frame."""

from dataclasses import replace

import numpy as np
import pytest

import xfblas
from xfblas.errors import InvalidValueError
from xfblas.quantization import decibels
from xfblas.quantization.maps.checks import require_fit
from xfblas.quantization.maps.sum_ways import TEXTS, WAYS, most_noise, ways_for, wider_range
from xfblas.quantization.options import Options


@pytest.fixture(scope="module")
def deep(keras):
    """Sums of 576 and 1152 products, and maps that are busy everywhere."""
    layers = keras.layers
    keras.utils.set_random_seed(8)
    model = keras.Sequential(
        [
            keras.Input((16, 16, 64)),
            layers.Conv2D(128, 3, padding="same", activation="relu"),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.Conv2D(64, 2, activation="relu"),
            layers.Conv2D(4, 1),
        ]
    )
    frames = np.random.default_rng(9).normal(0, 1, (12, 16, 16, 64)).astype(np.float32)
    return model, frames


def counted(compiled, frames):
    """What is predicted, and how many blocks went which way."""
    before = xfblas.native_statistics()
    found = compiled.predict(frames, verbose=0)
    return found, {key: n - before[key] for key, n in xfblas.native_statistics().items()}


@pytest.mark.native
def test_no_sum_is_estimated_by_default(deep):
    model, frames = deep
    exact = np.asarray(model.predict_on_batch(frames)).astype(np.float64)
    with xfblas.compile(model, calibration=frames) as compiled:
        (maps,) = compiled.networks.values()
        assert {"blocks", "wide"} & {one.sums for one in maps.summaries} == {"blocks"}
        found, counts = counted(compiled, frames)
        assert counts["estimated"] == counts["split"] == 0 < sum(counts.values())
        assert decibels(exact, found.astype(np.float64)) >= 62
    with xfblas.compile(model, calibration=frames, accumulator=48) as wide:
        finer, counts = counted(wide, frames)
        assert counts["estimated"] + counts["split"] + counts["tiles"] > 0
        assert decibels(exact, finer.astype(np.float64)) > decibels(exact, found.astype(np.float64))


@pytest.mark.native
def test_frames_beyond_the_sample_are_exact(deep):
    """Their norms are no longer those that weights were chosen for."""
    model, frames = deep
    with xfblas.compile(model, calibration=frames) as compiled:
        (maps,) = compiled.networks.values()
        loud = np.where(np.random.default_rng(3).random(frames.shape) < 0.5, 9, -9)
        found, counts = counted(compiled, loud[:2].astype(np.float32))
        assert counts["estimated"] + counts["split"] + counts["tiles"] > 0
        assert (found == maps.predict(loud[:2].astype(np.float32))).all()


def test_a_goal_and_an_accumulator_decide(deep):
    model, frames = deep
    expected = {
        "goal": (95, {"wide"}), "accumulator": (48, {"wide"}), "bits": (8, {"proved"}),
    }  # fmt: skip
    for name, (value, ways) in expected.items():
        with xfblas.compile(model, calibration=frames[:4], **{name: value}) as compiled:
            (maps,) = compiled.networks.values()
            assert {one.sums for one in maps.summaries} <= ways | {"proved"}
            assert ways <= {one.sums for one in maps.summaries}


def test_what_a_way_may_cost():
    default, fine = Options(), Options(goal=90.0)
    assert ways_for(default, "sum") == WAYS and len(ways_for(default, "depthwise")) == 2
    # 71 dB by default, and a decibel in any case; a lower goal takes no more.
    assert most_noise(default, 1.0, 1e8) == pytest.approx(10**0.9)
    assert most_noise(Options(goal=0.0), 1.0, 1e8) == most_noise(default, 1.0, 1e8)
    assert most_noise(fine, 1.0, 1e8) == pytest.approx(10**0.1)
    assert wider_range(default, 10**8.3, 1.0) == pytest.approx(10**0.3)
    assert wider_range(default, 10**7.0, 1.0) == wider_range(Options(bits=8), 1e9, 1.0) == 1


def test_ways_are_told_and_kept(deep, tmp_path, capsys):
    model, frames = deep
    path = tmp_path / "model.xfblas"
    with xfblas.compile(model, calibration=frames[:4]) as compiled:
        (maps,) = compiled.networks.values()
        compiled.summary()
        told = capsys.readouterr().out
        for one in maps.summaries:
            assert f"sums of {TEXTS[one.sums]}" in told
        compiled.save(path)
    with xfblas.load(path) as again:
        (other,) = again.networks.values()
        assert other.summaries == maps.summaries
    found = xfblas.report(model, frames[:2], calibration=frames[:4])
    told = [line.sums for line in found.layers if line.sums]
    assert told == [TEXTS[one.sums] for one in maps.summaries]
    first, *others = maps.summaries
    with pytest.raises(InvalidValueError, match="sums is quick, expected proved, rows"):
        require_fit(replace(maps, summaries=(replace(first, sums="quick"), *others)))
