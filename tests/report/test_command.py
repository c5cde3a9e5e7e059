"""xfblas report: files in, tables and files out."""

import json
import sys

import numpy as np
import pytest
from keras_models import rows_for

import xfblas
from xfblas.cli import main

NAMES = [f"feature {index}" for index in range(12)]
WORDS = np.array(["ash", "birch", "cedar", "dogwood"])


@pytest.fixture(scope="module")
def folder(keras_model, tmp_path_factory):
    """A model, its rows, and labels in every kind of file; every seventh label is wrong."""
    folder = tmp_path_factory.mktemp("report")
    model = keras_model("plain")
    model.save(folder / "model.keras")
    x = rows_for(model, 150)
    labels = model.predict(x, verbose=0).argmax(axis=1)
    labels[::7] = (labels[::7] + 1) % 4
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", labels)
    np.savetxt(folder / "y.csv", labels, "%d")
    (folder / "words.csv").write_text("\n".join(["tree", *WORDS[labels]]))
    lines = [",".join([*map(repr, row.tolist()), WORDS[y]]) for row, y in zip(x, labels)]  # noqa: B905
    (folder / "named.csv").write_text("\n".join([",".join([*NAMES, "tree"]), *lines]))
    (folder / "bare.csv").write_text(
        "\n".join(",".join([*map(repr, row.tolist()), str(y)]) for row, y in zip(x, labels))  # noqa: B905
    )
    with xfblas.compile(folder / "model.keras", x) as compiled:
        compiled.save(folder / "model.xfblas")
    return folder


@pytest.fixture(autouse=True)
def _within(folder, monkeypatch):
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "200")


def run(capsys, *arguments):
    """Exit status, standard output, error output."""
    status = main(["report", *(str(argument) for argument in arguments)])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def test_tables_on_the_terminal(capsys):
    status, text, _ = run(capsys, "model.keras", "--data", "x.npy", "--labels", "y.npy")
    assert status == 0
    for part in ("labels agree", "100.00 % (0 of 150 rows differ)", "accuracy", "85.33 %"):
        assert part in text
    for part in ("what to try", "instructions", "where layers run", "softmax", "dense, relu"):
        assert part in text


def test_tables_without_rich(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "rich.console", None)
    status, text, _ = run(capsys, "model.keras", "--data", "x.npy")
    assert status == 0 and "labels agree" in text and "│" not in text and "┃" not in text


@pytest.mark.parametrize(
    "arguments",
    [
        ["--data", "x.npy", "--labels", "y.npy"],
        ["--data", "x.npy", "--labels", "y.csv"],
        ["--data", "x.npy", "--labels", "words.csv"],
        ["--data", "named.csv", "--label", "tree"],
        ["--data", "bare.csv", "--label", "12"],
        ["--data", "named.csv", "--label", "tree", "--calibration", "named.csv"],
        ["--data", "named.csv", "--label", "tree", "--calibration", "x.npy"],
    ],
)
def test_labels_of_every_kind(capsys, folder, tmp_path, arguments):
    out = tmp_path / "report.json"
    status, text, _ = run(capsys, "model.keras", *arguments, "--json", out)
    assert status == 0 and f"wrote {out}" in text
    found = json.loads(out.read_text())["outputs"][0]
    expected = xfblas.report(folder / "model.keras", np.load("x.npy"), np.load("y.npy"))
    assert found["confusion"] == expected.outputs[0].confusion
    assert found["accuracy"] == pytest.approx(expected.outputs[0].accuracy)
    assert found["classes"] == (
        list(WORDS) if {"tree", "words.csv"} & set(arguments) else ["0", "1", "2", "3"]
    )


def test_options_reach_the_quantization(capsys):
    arguments = ["model.keras", "--data", "x.npy", "--json", "-", "--bits", 8, "--margin", 1.2]
    status, text, _ = run(capsys, *arguments)
    found = json.loads(text)
    assert status == 0 and found["bits"] == 8 and found["calibration"]["margin"] == "1.2"
    assert all(line["accumulator"] in (32, None) for line in found["layers"])


def test_a_saved_model_is_compared_with_other_choices(capsys):
    arguments = ["model.xfblas", "--data", "x.npy", "--json", "-", "--compare"]
    status, text, _ = run(capsys, *arguments)
    found = json.loads(text)["alternatives"]
    assert status == 0 and sum(one["is_current"] for one in found[:2]) == 1


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["model.keras", "--data", "none.npy"], "none.npy: there is no such file"),
        (["model.keras", "--data", "x.npy", "--labels", "none.csv"], "none.csv: there is no such"),
        (["model.keras", "--data", "named.csv", "--label", "leaf"], "no column 'leaf', expected"),
        (["model.keras", "--data", "bare.csv", "--label", "13"], "no column '13'"),
        (["model.keras", "--data", "named.csv"], "not numbers"),
        (["model.keras", "--data", "x.npy", "--labels", "x.npy"], "y"),
        (
            ["model.keras", "--data", "named.csv", "--labels", "y.csv", "--label", "tree"],
            "--labels and --label",
        ),
        (["model.xfblas", "--data", "x.npy", "--bits", "8"], "--bits was given, but model.xfblas"),
        (["model.keras", "--data", "x.npy", "--bits", "32"], "float32"),
        (["model.keras", "--data", "x.npy", "--html", "none/report.html"], "none"),
        (["none.keras", "--data", "x.npy"], "none.keras"),
    ],
)
def test_errors_are_one_line(capsys, arguments, text):
    status, _, error = run(capsys, *arguments)
    assert status == 2 and error.startswith("xfblas: ") and error.count("\n") == 1
    assert text in error


def test_html_without_matplotlib(capsys, monkeypatch, tmp_path):
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    # Before anything is read or computed.
    monkeypatch.setattr("xfblas.tables.open_table", lambda *_: pytest.fail("too late"))
    out = tmp_path / "report.html"
    status, _, error = run(capsys, "model.keras", "--data", "x.npy", "--html", out)
    assert status == 2 and "pip install matplotlib" in error and not out.exists()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--html", "none/report.html"], "--html is none/report.html, but there is no folder"),
        (["--html", "."], "--html is ., which is a folder"),
        (["--json", "none/report.json"], "--json is none/report.json, but there is no folder"),
    ],
)
def test_files_are_looked_at_before_anything_is_computed(capsys, monkeypatch, arguments, text):
    monkeypatch.setattr("xfblas.tables.open_table", lambda *_: pytest.fail("too late"))
    status, _, error = run(capsys, "model.keras", "--data", "x.npy", *arguments)
    assert status == 2 and text in error
