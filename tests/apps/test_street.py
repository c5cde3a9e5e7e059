"""The app from scenes to files, with a model in place of the engine's."""

import json
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import street as app_module
from PIL import Image
from scenes import scenes
from train_unet import HELD_OUT, SEED, dice_and_entropy
from unet import CLASSES, build_unet, preprocess

import xfblas
from xfblas.errors import InvalidValueError
from xfblas.timeline import Timeline


class Engine:
    """Gives what Keras gives, but for pixels of every 50th column, which become road."""

    def __init__(self, keras, path, calibration, bits):
        self.model = keras.models.load_model(path, compile=False)
        self.calibration, self.bits = calibration, bits
        self.device = SimpleNamespace(target="stand-in")
        self.closed = False

    def predict(self, x, verbose):
        found = np.array(self.model.predict_on_batch(x))
        found[:, :, ::50, 2] = 1e6
        return found

    def timeline(self, x):
        timeline = Timeline("unet")
        with timeline.measure("conv", "compute unit 0", m=len(x)):
            found = self.predict(x, 0)
        return found, timeline

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.closed = True


@pytest.fixture(scope="module")
def model(keras, tmp_path_factory):
    keras.utils.set_random_seed(4)
    path = tmp_path_factory.mktemp("model") / "narrow.keras"
    build_unet(width=1 / 64).save(path)
    return path


@pytest.fixture
def engines(keras, monkeypatch):
    """Engines that the app made."""
    made = []

    def compile(path, calibration, bits):
        made.append(Engine(keras, path, calibration, bits))
        return made[-1]

    monkeypatch.setattr(xfblas, "compile", compile)
    return made


def run(model, folder, *more):
    arguments = ["--model", model, "--out", folder, "--calibration-frames", "3", *more]
    return app_module.main([str(argument) for argument in arguments])


def test_journey(keras, model, engines, tmp_path, capsys):
    """What is printed is what the masks give, and all files are there."""
    assert run(model, tmp_path / "out", "--frames", "6", "--bits", "16") == 0
    out = capsys.readouterr().out
    (engine,) = engines
    assert engine.closed and engine.bits == 16
    np.testing.assert_array_equal(engine.calibration, preprocess(scenes(3, SEED)[0]))
    images, labels = scenes(6, HELD_OUT)
    logits = np.asarray(engine.model.predict_on_batch(preprocess(images)))
    masks = {"float": logits.argmax(-1)}
    masks["int16"] = masks["float"].copy()
    masks["int16"][:, :, ::50] = 2
    for index, name in enumerate(CLASSES):
        expected = []
        for mask in masks.values():
            hit = ((mask == index) & (labels == index)).sum()
            either = ((mask == index) | (labels == index)).sum()
            expected.append(f"{hit / either:.4f}")
        assert re.search(rf"^{name} iou +{expected[0]} +{expected[1]}$", out, re.MULTILINE), out
    agreement = (masks["float"] == masks["int16"]).mean()
    assert f"pixels    {agreement:.4%} as float" in out
    assert "work      0.036 GMAC a frame, 0.072 GOP" in out
    assert len(re.findall(r"frames/s from images to masks", out)) == 2
    assert "frames/s on the device" in out and "MiB at most" in out
    picture = np.asarray(Image.open(tmp_path / "out" / "batch_results.png"))
    np.testing.assert_array_equal(picture[18:274, 6:518], images[0])
    spans = json.loads((tmp_path / "out" / "trace.json").read_text())["traceEvents"]
    assert spans[-1]["name"] == "conv" and spans[-1]["args"] == {"m": 4}
    assert "conv" in (tmp_path / "out" / "trace.html").read_text()


def cityscapes_folder(root, count):
    images, labels = scenes(count, 9)
    ids = np.array([24, 26, 7, 11], np.uint8)
    for index in range(count):
        for kind, ending, pixels in (
            ("leftImg8bit", "leftImg8bit", images[index]),
            ("gtFine", "gtFine_labelIds", ids[labels[index]]),
        ):
            path = root / kind / "val" / "bonn" / f"bonn_{index:06d}_{ending}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(path)
    return images, labels


def test_cityscapes_folder(model, engines, tmp_path, capsys):
    """The first pictures calibrate, the others are predicted; a bad one is left out if asked."""
    images, _ = cityscapes_folder(tmp_path / "c", 6)
    more = ("--cityscapes", tmp_path / "c", "--frames", "3")
    assert run(model, tmp_path / "out", *more) == 0
    np.testing.assert_array_equal(engines[-1].calibration, preprocess(images[:3]))
    picture = np.asarray(Image.open(tmp_path / "out" / "batch_results.png"))
    np.testing.assert_array_equal(picture[18:274, 6:518], images[3])
    (tmp_path / "c/leftImg8bit/val/bonn/bonn_000001_leftImg8bit.png").write_text("no picture")
    with pytest.raises(InvalidValueError, match=r"bonn_000001_leftImg8bit\.png cannot be read"):
        run(model, tmp_path / "out", *more)
    with pytest.warns(UserWarning, match="left out: .*bonn_000001"):
        assert run(model, tmp_path / "out", *more, "--skip-bad") == 0
    # Of five pictures that are left half calibrate, as of those that were asked for.
    np.testing.assert_array_equal(engines[-1].calibration, preprocess(images[[0, 2]]))


def test_too_few_pictures(model, engines, tmp_path):
    cityscapes_folder(tmp_path / "c", 1)
    with pytest.raises(InvalidValueError, match="has 1 picture of val, expected 2 or more"):
        run(model, tmp_path / "out", "--cityscapes", tmp_path / "c")


def test_no_model(tmp_path):
    with pytest.raises(InvalidValueError, match=r"--model is .*none\.keras, and there is no such"):
        run(tmp_path / "none.keras", tmp_path)


@pytest.mark.parametrize("option", ["--frames", "--calibration-frames"])
def test_no_frames(option, capsys):
    with pytest.raises(SystemExit):
        app_module.parse_arguments([option, "0"])
    assert f"{option} is 0, expected 1 or more" in capsys.readouterr().err


def test_errors_are_lines(street, tmp_path):
    command = [sys.executable, street / "street.py", "--model", tmp_path / "none.keras"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.startswith("street.py: --model is")
    assert len(done.stderr.splitlines()) == 1


def test_loss(keras):
    """Against its formula by loops over classes, and least where the prediction is right."""
    rng = np.random.default_rng(8)
    labels = rng.integers(0, 4, (2, 3, 5, 1))
    logits = rng.normal(0, 1, (2, 3, 5, 4)).astype(np.float32)
    loss = dice_and_entropy(keras)
    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    weights = (2.5, 1.5, 1.0, 1.0)
    entropy = -np.mean(
        [
            weights[c] * np.log(p[c])
            for c, p in zip(labels.ravel(), shares.reshape(-1, 4), strict=True)
        ]
    )
    dice = []
    for index in range(4):
        true, found = labels[..., 0] == index, shares[..., index]
        dice.append((2 * (true * found).sum() + 1) / (true.sum() + found.sum() + 1))
    assert float(loss(labels, logits)) == pytest.approx(entropy + 1 - np.mean(dice), rel=1e-5)
    right = 20 * np.eye(4, dtype=np.float32)[labels[..., 0]]
    assert float(loss(labels, right)) == pytest.approx(0, abs=1e-4)
