"""xfblas profile: a trace and a page of one prediction."""

import json

import numpy as np
import pytest
from keras_models import rows_for

import xfblas
from xfblas.cli import main


@pytest.fixture(scope="module")
def files(keras_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    for kind in ("plain", "image", "branched"):
        model = keras_model(kind)
        model.save(folder / f"{kind}.keras")
        if kind != "branched":
            np.save(folder / f"{kind}.npy", rows_for(model, 150))
    x = np.load(folder / "plain.npy")
    with xfblas.compile(keras_model("plain"), x) as compiled:
        compiled.save(folder / "plain.xfblas")
    with xfblas.compile(keras_model("branched"), rows_for(keras_model("branched"), 60)) as compiled:
        compiled.save(folder / "branched.xfblas")
    np.savetxt(folder / "plain.csv", x, "%.9g", delimiter=",")
    return folder


@pytest.fixture(autouse=True)
def _in_folder(files, monkeypatch):
    monkeypatch.chdir(files)


def run(capsys, *arguments):
    status = main(["profile", *map(str, arguments)])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("plain.xfblas", "plain.npy"),
        ("plain.xfblas", "plain.csv"),
        ("plain.keras", "plain.npy", "--calibration", "plain.csv"),
        ("plain.keras", "plain.npy", "--bits", "8"),
        ("image.keras", "image.npy"),
    ],
)
def test_trace_and_page(arguments, tmp_path, capsys):
    trace, page = tmp_path / "trace.json", tmp_path / "trace.html"
    status, out, error = run(capsys, *arguments, "-o", trace, "--html", page)
    assert (status, error) == (0, "")
    events = json.loads(trace.read_text())["traceEvents"]
    spans = [event for event in events if event["ph"] == "X"]
    macs = {event["name"]: event["args"]["m"] for event in spans if "MACs" in event["args"]}
    assert len(macs) == 2 and set(macs.values()) == {150}
    assert json.dumps(events[0]["args"]["name"]) in page.read_text()
    assert "150 rows in" in out and f"wrote {trace}\nwrote {page}\n" in out
    for name in macs:
        assert f"    {name}: " in out


def test_no_file_is_needed(capsys):
    status, out, _ = run(capsys, "plain.xfblas", "plain.npy")
    assert status == 0 and "rows/s" in out and "wrote" not in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("plain.xfblas", "plain.npy", "-o", "plain.npy"), "which is the same file as the data"),
        (("plain.xfblas", "plain.npy", "--html", "plain.xfblas"), "the same file as the model"),
        (("plain.xfblas", "plain.npy", "-o", "t", "--html", "t"), "--html is t, which is"),
        (("plain.xfblas", "plain.npy", "-o", "-"), "--output is -, expected a file to write"),
        (("plain.xfblas", "plain.npy", "-o", "t.xfblas"), "what is written is no .xfblas file"),
        (("plain.xfblas", "plain.npy", "-o", "none/t.json"), "but there is no folder"),
        (("plain.xfblas", "plain.npy", "--bits", "8"), "plain.xfblas is quantized already"),
        (("branched.xfblas", "plain.npy"), "a file of rows holds one input only"),
        (("plain.xfblas", "image.npy"), "(150, 4, 3)"),
        (("plain.xfblas", "none.npy"), "there is no such file"),
    ],
)
def test_refused(arguments, message, files, capsys):
    before = {path.name: path.read_bytes() for path in files.iterdir()}
    (files / "t").write_text("")
    status, out, error = run(capsys, *arguments)
    (files / "t").unlink()
    assert status != 0 and message in error and error.count("\n") == 1, (out, error)
    assert {path.name: path.read_bytes() for path in files.iterdir()} == before
