"""Models of convolutions from every kind of file, and in .xfblas files."""

import h5py
import map_models
import numpy as np
import pytest

import xfblas
from xfblas.errors import InvalidValueError
from xfblas.graph import HostStep, MapStep, read_graph

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def classifier(keras):
    L = keras.layers
    generator = np.random.default_rng(7)
    layers = [
        L.Conv2D(6, 3, padding="same", activation="relu", name="one"),
        L.SeparableConv2D(8, 3, strides=2, padding="same", name="two"),
        L.BatchNormalization(name="norm"),
        L.ReLU(name="relu"),
        L.DepthwiseConv2D(3, padding="same", activation="tanh", name="three"),
        L.Conv2DTranspose(4, 2, strides=2, activation="elu", name="four"),
        L.GlobalAveragePooling2D(name="mean"),
        L.Dense(3, activation="softmax", name="five"),
    ]
    model = keras.Sequential([keras.Input((8, 12, 2)), *layers])
    map_models.shake(model, generator)
    return model, map_models.images(model, generator, 24)


@pytest.mark.parametrize("kind", ["m.keras", "m.h5", "m.weights.h5"])
def test_files_of_keras(classifier, tmp_path, kind):
    model, frames = classifier
    path, architecture = tmp_path / kind, None
    if kind == "m.weights.h5":
        model.save_weights(path)
        architecture = model.to_json()
    else:
        model.save(path)
    expected = np.asarray(model.predict(frames, verbose=0))
    found = read_graph(path, architecture).forward(frames)[0]
    assert np.abs(found - expected).max() <= 3e-6
    with (
        xfblas.compile(model, calibration=frames) as live,
        xfblas.compile(path, calibration=frames, architecture=architecture) as compiled,
    ):
        np.testing.assert_array_equal(compiled.predict(frames), live.predict(frames))


@pytest.mark.parametrize("bits", [16, 8])
def test_saved_models_are_the_same(classifier, tmp_path, bits):
    model, frames = classifier
    first, second = tmp_path / "a.xfblas", tmp_path / "b.xfblas"
    with xfblas.compile(model, calibration=frames, bits=bits) as compiled:
        compiled.save(first)
        predicted, traced = compiled.predict(frames), compiled.trace(frames)[1]
        lines = []
        compiled.summary(lines.append)
    with xfblas.load(first) as loaded:
        np.testing.assert_array_equal(loaded.predict(frames), predicted)
        assert {k: v.tobytes() for k, v in loaded.trace(frames)[1].items()} == {
            k: v.tobytes() for k, v in traced.items()
        }
        again = []
        loaded.summary(again.append)
        loaded.save(second)
    assert again == lines
    assert first.read_bytes() == second.read_bytes()


def test_damaged_files(classifier, tmp_path):
    """Every dataset of the quantized maps in turn, lost or of another size."""
    model, frames = classifier
    path = tmp_path / "m.xfblas"
    with xfblas.compile(model, calibration=frames) as compiled:
        compiled.save(path)
    content = path.read_bytes()
    names = []
    with h5py.File(path) as file:
        file.visititems(
            lambda name, one: names.append(name) if isinstance(one, h5py.Dataset) else None
        )
    names = [name for name in names if name.startswith("networks")]
    assert len(names) > 20
    for name in names[:: max(1, len(names) // 12)]:
        for is_lost in (True, False):
            path.write_bytes(content)
            with h5py.File(path, "r+") as file:
                values = file[name][()]
                if is_lost and name.endswith("input_offset"):
                    continue  # There may be none.
                del file[name]
                if not is_lost:
                    file[name] = np.zeros((7, 3, 2), np.float32)
                del values
            with pytest.raises(InvalidValueError):
                xfblas.load(path, trusted=True)


def test_frames_that_do_not_fit(classifier):
    model, frames = classifier
    with xfblas.compile(model, calibration=frames) as compiled:
        for wrong in (frames[:, :7], frames[..., :1], frames[0, 0], frames.reshape(24, -1)):
            with pytest.raises(InvalidValueError, match=r"expected \(rows, 8, 12, 2\)"):
                compiled.predict(wrong)
        bad = frames.copy()
        bad[3, 2, 1, 0] = np.nan
        with pytest.raises(InvalidValueError, match="nan"):
            compiled.predict(bad)
        assert compiled.predict(frames[:0]).shape == (0, 3)
        assert compiled.predict(frames[:1]).shape == (1, 3)
    with pytest.raises(InvalidValueError, match=r"calibration: .*expected \(rows, 8, 12, 2\)"):
        xfblas.compile(model, calibration=frames[:, :7])


def test_what_is_left_to_the_host(keras):
    """A gate of channels cuts the model; both sides and the branches run on the engine."""
    L = keras.layers
    start = keras.Input((8, 8, 3))
    tensor = L.Conv2D(6, 3, padding="same", activation="relu", name="before")(start)
    gate = L.Dense(6, "sigmoid", name="gate")(L.GlobalAveragePooling2D()(tensor))
    tensor = L.Multiply(name="gated")([tensor, L.Reshape((1, 1, 6))(gate)])
    tensor = L.Conv2D(4, 3, padding="same", name="after")(tensor)
    two = L.Conv2D(2, 1, name="other")(tensor)
    model = keras.Model(start, [L.Activation("softmax")(tensor), two])
    generator = np.random.default_rng(3)
    map_models.shake(model, generator)
    frames = map_models.images(model, generator, 16)
    with xfblas.compile(model, calibration=frames) as compiled:
        steps = compiled.graph.steps
        assert [step.name for step in steps if isinstance(step, MapStep)] == [
            "before",
            "after",
            "other",
        ]
        assert any(isinstance(step, HostStep) and step.output == "gated" for step in steps)
        for expected, found in zip(
            model.predict(frames, verbose=0), compiled.predict(frames), strict=True
        ):
            assert np.abs(found - expected).max() <= 2e-3 * np.abs(expected).max()


def test_layers_placed_on_the_host(classifier):
    model, frames = classifier
    with xfblas.compile(model, calibration=frames, on_host=["three"]) as compiled:
        host = [step.layer if hasattr(step, "layer") else step.output
                for step in compiled.graph.steps if isinstance(step, HostStep)]  # fmt: skip
        assert any(name.startswith("three") for name in host)
        expected = np.asarray(model.predict(frames, verbose=0))
        assert np.abs(compiled.predict(frames) - expected).max() < 1e-3
    with xfblas.compile(model, bits=32) as compiled:
        assert not compiled.graph.map_steps
        assert np.abs(compiled.predict(frames) - expected).max() < 1e-5
