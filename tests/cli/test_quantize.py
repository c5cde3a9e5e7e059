"""xfblas quantize: a Keras file and rows in, a .xfblas file out."""

import re

import numpy as np
import pytest
from keras_models import decibels, rows_for

import xfblas
from xfblas.cli import main


@pytest.fixture(scope="module")
def files(keras_model, tmp_path_factory):
    """A folder with a model and its rows in every kind of file."""
    folder = tmp_path_factory.mktemp("files")
    model = keras_model("plain")
    model.save(folder / "model.keras")
    x = rows_for(model, 120)
    np.save(folder / "x.npy", x)
    names = [f"feature {index}" for index in range(12)]
    np.savetxt(folder / "plain.csv", x, "%.9g", delimiter=",")
    lines = [f"{index},{','.join(map(repr, row.tolist()))},word" for index, row in enumerate(x)]
    (folder / "named.csv").write_text("\n".join(["id," + ",".join(names) + ",Class", *lines]))
    return folder


def run(capsys, *arguments):
    """Exit status, standard output, error output."""
    status = main([str(argument) for argument in arguments])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def test_the_file_predicts_as_the_library_does(files, tmp_path, capsys):
    out = tmp_path / "model.xfblas"
    status, text, _ = run(
        capsys, "quantize", files / "model.keras", "--data", files / "x.npy", "-o", out
    )
    assert status == 0
    assert "engine int16" in text and f"wrote {out}" in text
    x = np.load(files / "x.npy")
    expected = xfblas.compile(files / "model.keras", x).predict(x, verbose=0)
    np.testing.assert_array_equal(xfblas.load(out).predict(x, verbose=0), expected)


def test_progress_goes_to_the_error_output(files, tmp_path, capsys):
    arguments = ["quantize", files / "model.keras", "--data", files / "x.npy", "-o", tmp_path / "m"]
    status, text, told = run(capsys, *arguments, "--goal", 0)
    assert status == 0 and re.search(r"[\d.]+ dB at \d+ products a row, with a margin of", told)
    assert "a margin of" not in text
    status, text, told = run(capsys, *arguments, "--quiet")
    assert status == 0 and told == ""
    # Programs that call the library see nothing, unless they ask logging for it.
    xfblas.compile(files / "model.keras", np.load(files / "x.npy")).close()
    assert capsys.readouterr().err == ""


def test_softmax_by_tables(files, tmp_path, capsys):
    out = tmp_path / "model.xfblas"
    given = ["quantize", files / "model.keras", "--data", files / "x.npy", "-o", out, "--quiet"]
    assert run(capsys, *given, "--softmax", "stable")[0] == 0
    with xfblas.load(out) as model:
        assert [one.softmax.implementation for one in model.networks.values()] == ["stable"]
    status, _, error = run(capsys, *given, "--softmax", "fast")
    assert status == 2 and "--softmax is 'fast', expected one of float, stable" in error


@pytest.mark.filterwarnings("always::xfblas.CalibrationWarning")
def test_rows_that_tell_too_little(files, tmp_path, capsys):
    """One line on the error output, or with --strict an error and no file."""
    np.save(tmp_path / "zeros.npy", np.zeros((40, 12)))
    x = np.load(files / "x.npy")
    x[:, 3] = 20240131
    np.save(tmp_path / "still.npy", x)
    out = tmp_path / "model.xfblas"
    for name, text in (("zeros", "none of its 12 inputs varied in 40 rows"),
                       ("still", "feature 3 (always 20240132)")):  # fmt: skip
        data = tmp_path / f"{name}.npy"
        arguments = ["quantize", files / "model.keras", "--data", data, "-o", out, "--quiet"]
        status, shown, error = run(capsys, *arguments)
        assert status == 0 and f"wrote {out}" in shown
        assert error.count("\n") == 1 and error.startswith("xfblas: the calibration rows tell")
        assert text in error
        out.unlink()
        status, shown, error = run(capsys, *arguments, "--strict")
        assert status == 2 and text in error and error.count("\n") == 1 and shown == ""
        assert not out.exists()
        arguments = ["predict", files / "model.keras", data, "--quiet", "--strict"]
        assert run(capsys, *arguments)[0] == 2
    good = ["quantize", files / "model.keras", "--data", files / "x.npy", "-o", out]
    assert run(capsys, *good, "--strict", "--quiet") == (0, run(capsys, *good, "--quiet")[1], "")
    status, _, error = run(capsys, "predict", out, files / "x.npy", "--strict")
    assert status == 2 and "--strict was given" in error and "is quantized already" in error


def test_rows_of_every_kind_give_the_same_file(files, tmp_path, capsys):
    x = np.load(files / "x.npy")
    found = []
    for data in (["x.npy"], ["plain.csv"], ["named.csv", "--drop", "id", "--drop", "Class"]):
        out = tmp_path / "model.xfblas"
        arguments = ["--data", files / data[0], *data[1:], "-o", out]
        assert run(capsys, "quantize", files / "model.keras", *arguments)[0] == 0
        found.append(xfblas.load(out).predict(x, verbose=0))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_options_reach_the_quantization(files, tmp_path, capsys):
    out, x = tmp_path / "model.xfblas", np.load(files / "x.npy")
    options = [
        "--bits",
        8,
        "--margin",
        1.3,
        "--goal",
        50,
        "--option",
        "bias-correction=False",
    ]
    arguments = ["--data", files / "x.npy", "-o", out, *options]
    assert run(capsys, "quantize", files / "model.keras", *arguments)[0] == 0
    with xfblas.load(out) as loaded:
        assert loaded.device.dtype == np.int8
        assert loaded.calibration == {
            "rows": 120,
            "margin": "1.3",
            "goal": "50.0",
            "bias_correction": "False",
        }
    for name, option in (("weights", ["--weights", "mse"]), ("relu", ["--option", "relu=prelu"])):
        arguments = ["--data", files / "x.npy", "-o", out, *option]
        status, _, told = run(capsys, "quantize", files / "model.keras", *arguments)
        assert status != 0 and f"{name} was removed" in told
    options = ["--accumulator", 32]
    arguments = ["--data", files / "x.npy", "-o", out, *options]
    assert run(capsys, "quantize", files / "model.keras", *arguments)[0] == 0
    network = next(iter(xfblas.load(out).networks.values()))
    assert all(summary.sum_bits <= 32 for summary in network.summaries)
    assert run(capsys, "quantize", files / "model.keras", "--bits", 32, "-o", out)[0] == 0
    found = xfblas.load(out).predict(x, verbose=0)
    assert decibels(found, xfblas.read_network(files / "model.keras").forward(x)) > 100


def test_a_file_of_weights_alone(keras_model, files, tmp_path, capsys):
    model = keras_model("plain")
    model.save_weights(tmp_path / "model.weights.h5")
    (tmp_path / "model.json").write_text(model.to_json())
    arguments = ["--data", files / "x.npy", "-o", tmp_path / "model.xfblas"]
    status, _, error = run(capsys, "quantize", tmp_path / "model.weights.h5", *arguments)
    assert status == 2 and "architecture" in error
    arguments += ["--architecture", tmp_path / "model.json"]
    assert run(capsys, "quantize", tmp_path / "model.weights.h5", *arguments)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "--data is missing"),
        (["--data", "none.csv"], "none.csv: there is no such file"),
        (["--data", "named.csv"], "not numbers in the 120 lines from line 2"),
        (["--data", "named.csv", "--drop", "id"], "not numbers"),
        (["--data", "named.csv", "--drop", "Id"], "no column 'Id', expected one of id, feature 0"),
        (["--data", "plain.csv", "--drop", "12"], "no column '12', expected one of 0 to 11"),
        (["--data", "plain.csv", "--drop", "3"], "shape (120, 11), expected (rows, 12)"),
        (["--data", "x.npy", "--bits", "12"], "bits is 12"),
        (["--data", "x.npy", "--margin", "0.5"], "margin is 0.5"),
        (["--data", "x.npy", "--option", "word"], "--option is 'word', expected name=value"),
        (["--data", "x.npy", "--option", "surprise=1"], "surprise"),
        (["--data", "x.npy", "--option", "=1"], "--option is '=1', expected name=value"),
        (["--data", "x.npy", "--option", "bits=8"], "--option names bits, expected --bits"),
        (
            ["--data", "x.npy", "--option", "target=csim"],
            "--option names target, expected --target",
        ),
        (["--data", "x.npy", "--option", "calibration=1"], "is not an option of quantize"),
        (["--data", "x.npy", "--option", "model=3"], "model is not an option of quantize"),
        (["--data", "x.npy", "--option", "names=1"], "names is not an option of quantize"),
        (["--data", "x.npy", "--goal", "70", "--option", "goal=83"], "--goal was given twice"),
        (["--data", "x.npy", "--option", "margin=2", "--option", "margin=3"], "given twice"),
        (["--data", "x.npy", "--xclbin", "none.xclbin"], "none.xclbin"),
        (["--data", "empty.csv"], "begins with an empty line"),
        (["--data", "header.csv"], "has no rows"),
        (["--data", "model.keras"], "model.keras"),
        (["--data", "text.npy"], "text.npy is not an array of numbers"),
    ],
)
def test_errors_are_one_line(files, tmp_path, capsys, monkeypatch, arguments, text):
    monkeypatch.chdir(files)
    (files / "empty.csv").write_text("")
    (files / "header.csv").write_text(",".join(f"c{index}" for index in range(12)) + "\n")
    (files / "text.npy").write_text("text")
    out = tmp_path / "model.xfblas"
    status, _, error = run(capsys, "quantize", "model.keras", "-o", out, *arguments)
    assert status == 2 and error.startswith("xfblas: ") and error.count("\n") == 1
    assert text in error
    assert not out.exists()


def test_all_layers_that_cannot_run_are_told_in_one_line(keras, files, tmp_path, capsys):
    layers = [keras.Input((4, 3)), keras.layers.GRU(2, return_sequences=True), keras.layers.LSTM(2)]
    keras.Sequential(layers).save(tmp_path / "model.keras")
    arguments = ["--data", files / "x.npy", "-o", tmp_path / "model.xfblas"]
    status, _, error = run(capsys, "quantize", tmp_path / "model.keras", *arguments)
    assert status == 2 and error.count("\n") == 1 and "gru" in error and "lstm" in error


def test_models_that_cannot_be_read(files, tmp_path, capsys):
    for model, text in (
        (files / "none.keras", "no such file"),
        (files / "plain.csv", "begins with"),
    ):
        arguments = ["--data", files / "x.npy", "-o", tmp_path / "model.xfblas"]
        status, _, error = run(capsys, "quantize", model, *arguments)
        assert status == 2 and text in error and error.count("\n") == 1
    arguments = ["--data", files / "x.npy", "-o", tmp_path / "nowhere" / "model.xfblas"]
    status, _, error = run(capsys, "quantize", files / "model.keras", *arguments)
    assert status == 2 and "nowhere" in error and error.count("\n") == 1


def test_folder_of_images(keras, tmp_path, capsys):
    """As a list of its images; one that cannot be read is an error, or left out by its name."""
    image = pytest.importorskip("PIL.Image")
    layers = keras.layers
    given = keras.Input((4, 6, 3))
    keras.Model(given, layers.Dense(3)(layers.Flatten()(given))).save(tmp_path / "m.keras")
    pixels = np.random.default_rng(3).integers(0, 256, (6, 4, 6, 3), np.uint8)
    (tmp_path / "images").mkdir()
    for index, picture in enumerate(pixels):
        image.fromarray(picture).save(tmp_path / "images" / f"{index}.png")
    command = ["quantize", tmp_path / "m.keras", "--data", tmp_path / "images", "--quiet", "-o"]
    assert run(capsys, *command, tmp_path / "a.xfblas")[0] == 0
    (tmp_path / "images" / "2.png").write_text("no image")
    status, _, error = run(capsys, *command, tmp_path / "b.xfblas")
    assert status == 2 and "2.png cannot be read" in error and not (tmp_path / "b.xfblas").exists()
    status, _, error = run(capsys, *command, tmp_path / "b.xfblas", "--skip-bad")
    assert status == 0 and "left out" in error and "2.png" in error
    for name, rows in (("a", pixels), ("b", np.delete(pixels, 2, axis=0))):
        with xfblas.load(tmp_path / f"{name}.xfblas") as found:
            assert found.calibration["rows"] == len(rows)
            with xfblas.compile(tmp_path / "m.keras", rows.astype(np.float32)) as expected:
                np.testing.assert_array_equal(
                    found.predict(pixels, verbose=0), expected.predict(pixels, verbose=0)
                )


def test_skip_bad_is_for_folders(files, tmp_path, capsys):
    command = ["quantize", files / "model.keras", "--data", files / "x.npy", "--skip-bad", "-o"]
    status, _, error = run(capsys, *command, tmp_path / "m.xfblas")
    assert status == 2 and "--data is no folder of images" in error
