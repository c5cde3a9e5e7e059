"""Weights alone in every command, and errors in the words of the command that was called."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from keras_models import rows_for

import xfblas
from xfblas.cli import main
from xfblas.commands.arguments import in_option_words

APP = Path(__file__).resolve().parents[2] / "apps/mlp_keras"


@pytest.fixture(scope="module")
def files(keras_model, tmp_path_factory):
    """Weights with and without names, their architecture, and rows."""
    folder = tmp_path_factory.mktemp("weights")
    model = keras_model("plain")
    model.save_weights(folder / "m.weights.h5")
    model.save(folder / "m.keras")
    (folder / "m.json").write_text(model.to_json())
    (folder / "list.json").write_text('["relu", "softmax"]')
    x = rows_for(model, 60)
    np.save(folder / "x.npy", x)
    np.save(folder / "expected.npy", model.predict(x, verbose=0))
    return folder


@pytest.fixture(autouse=True)
def _in_folder(files, monkeypatch):
    monkeypatch.chdir(files)


COMMANDS = {
    "quantize": ["quantize", "m.weights.h5", "--data", "x.npy", "-o", "out.xfblas", "--quiet"],
    "predict": ["predict", "m.weights.h5", "x.npy", "-o", "out.npy", "--quiet"],
    "report": ["report", "m.weights.h5", "--data", "x.npy"],
    "estimate": ["estimate", "--model", "m.weights.h5"],
}


def run(capsys, *arguments):
    status = main(list(arguments))
    shown = capsys.readouterr()
    return status, shown.out, shown.err


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("given", ["m.json", "list.json", '["relu", "softmax"]', "text"])
def test_every_command_takes_weights_alone(capsys, command, given):
    given = Path("m.json").read_text() if given == "text" else given
    status, out, error = run(capsys, *COMMANDS[command], "--architecture", given)
    assert status == 0, error
    expected = np.load("expected.npy")
    if command == "predict":
        np.testing.assert_allclose(np.load("out.npy"), expected, atol=1e-3)
    elif command == "quantize":
        with xfblas.load("out.xfblas") as model:
            np.testing.assert_allclose(
                model.predict(np.load("x.npy"), verbose=0), expected, atol=1e-3
            )
    else:
        assert "dense" in out


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("given", "text"),
    [
        (None, "no architecture. Pass --architecture, the model's configuration"),
        ('["relu"]', "--architecture has 1 activations, expected 2"),
        ("nothing.json", "--architecture is 'nothing.json', expected JSON or the path"),
        ("{", "--architecture: the architecture is not JSON"),
        ("m.keras", "m.keras is a Keras file, which is not the JSON"),
    ],
)
def test_every_command_names_its_option(capsys, command, given, text):
    more = [] if given is None else ["--architecture", given]
    status, _, error = run(capsys, *COMMANDS[command], *more)
    assert status == 2 and text in error and error.count("\n") == 1
    assert "architecture=" not in error
    # Python's own words stay Python's.
    with pytest.raises(xfblas.XfblasError) as told:
        xfblas.read_graph("m.weights.h5", given)
    assert "--architecture" not in str(told.value)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--bits", "12"], "--bits is 12, expected 16"),
        (["--margin", "0.1"], "--margin is 0.1, expected"),
        (["--bits", "32", "--margin", "2", "--goal", "3"], "--margin, --goal was given, but"),
        (["--target", "moon"], "--target is 'moon', expected native"),
        (["--activations", "wide"], "--activations was removed: no"),
        (["--goal", "nan"], "--goal is nan, expected decibels"),
        (["--accumulator", "12"], "--accumulator is 12"),
        (["--drop", "0"], "--data: input "),
        (["--leaky", "odd"], "--leaky is 'odd'"),
        (["--option", "leaky=odd"], "--leaky is 'odd'"),
    ],
)
def test_other_options_are_called_by_their_names(capsys, options, text):
    common = ["--data", "x.npy", "-o", "out.xfblas", "--quiet"]
    status, _, error = run(capsys, "quantize", "m.keras", *common, *options)
    assert (status == 2 and f"xfblas: {text}" in error) or "--data: input" in error


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("bits is 3, expected 8", "--bits is 3, expected 8"),
        ("bits, margin was given", "--bits, --margin was given"),
        ("margin, other was given", "--margin, other was given"),
        ("pass bits=8 or margin='wide'", "pass --bits 8 or --margin wide"),
        ("Pass margin=, a number", "Pass --margin, a number"),
        ("a.h5 holds bits and margin", "a.h5 holds bits and margin"),
        ("bitsize=3 and --bits=3", "bitsize=3 and --bits=3"),
        ("the margin is wide", "the margin is wide"),
        ("bits: nothing", "--bits: nothing"),
    ],
)
def test_words(message, expected):
    options = {"bits": "--bits", "margin": "--margin"}
    assert in_option_words(message, options) == expected
    assert in_option_words(message, {}) == message


def test_the_app_takes_weights_alone(keras, tmp_path):
    """With and without names in the file, and by its own option in what it says."""
    model = keras.models.load_model(APP / "models/wine/best_model.h5", compile=False)
    model.save_weights(tmp_path / "w.weights.h5")
    (tmp_path / "m.json").write_text(json.dumps(json.loads(model.to_json())))
    for given in (tmp_path / "m.json", '["relu", "relu", "softmax"]', None):
        options = ["--dataset", "wine", "--model", str(tmp_path / "w.weights.h5")]
        options += [] if given is None else ["--architecture", str(given)]
        done = subprocess.run(
            [sys.executable, APP / "mlp.py", *options], capture_output=True, text=True, timeout=300
        )
        if given is None:
            assert done.returncode != 0 and "Pass --architecture, the model's" in done.stderr
            assert "Traceback" not in done.stderr
        else:
            assert done.returncode == 0, done.stderr
            assert "accuracy  engine" in done.stdout
