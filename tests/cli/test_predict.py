"""xfblas predict: a file of rows in, a file of predictions out."""

import gzip

import numpy as np
import pytest
from keras_models import rows_for
from rounding import network_bound, require_near

import xfblas
from xfblas import tables
from xfblas.cli import main
from xfblas.commands import predict


@pytest.fixture(scope="module")
def files(keras_model, tmp_path_factory):
    """A folder with compiled models and rows."""
    folder = tmp_path_factory.mktemp("files")
    for kind in ("plain", "image", "branched"):
        model = keras_model(kind)
        model.save(folder / f"{kind}.keras")
        x = rows_for(model, 150)
        with xfblas.compile(model, x) as compiled:
            compiled.save(folder / f"{kind}.xfblas")
    model = keras_model("plain")
    x = rows_for(model, 150)
    np.save(folder / "x.npy", x)
    np.savetxt(folder / "x.csv", x, "%.9g", delimiter=",")
    return folder


@pytest.fixture(autouse=True)
def _in_folder(files, monkeypatch):
    monkeypatch.chdir(files)
    # So that 150 rows are several chunks, the last one smaller.
    monkeypatch.setattr(tables, "CHUNK", 64)


def run(capsys, *arguments):
    """Exit status, standard output, error output."""
    status = main(["predict", *map(str, arguments)])
    shown = capsys.readouterr()
    return status, shown.out, shown.err


def expected():
    return xfblas.load("plain.xfblas").predict(np.load("x.npy"), verbose=0)


@pytest.mark.parametrize("data", ["x.npy", "x.csv"])
def test_rows_come_back_in_order_and_whole(data, tmp_path, capsys):
    status, out, error = run(capsys, "plain.xfblas", data, "-o", tmp_path / "out.csv")
    assert status == 0 and out == ""
    assert error == ""  # progress is for terminals
    np.testing.assert_array_equal(
        np.loadtxt(tmp_path / "out.csv", np.float32, delimiter=","), expected()
    )
    assert run(capsys, "plain.xfblas", data, "-o", tmp_path / "out.npy", "--quiet")[2] == ""
    found = np.load(tmp_path / "out.npy")
    np.testing.assert_array_equal(found, expected())
    assert found.dtype == np.float32
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "out.npy"]


def test_to_the_terminal(capsys):
    status, out, error = run(capsys, "plain.xfblas", "x.csv", "--quiet")
    assert status == 0 and error == "" and len(out.splitlines()) == 150
    np.testing.assert_array_equal(
        np.loadtxt(out.splitlines(), np.float32, delimiter=","), expected()
    )


def test_labels(tmp_path, capsys):
    run(capsys, "plain.xfblas", "x.npy", "--labels", "-o", tmp_path / "out.csv", "--quiet")
    labels = expected().argmax(axis=1)
    np.testing.assert_array_equal(np.loadtxt(tmp_path / "out.csv", int), labels)
    run(capsys, "plain.xfblas", "x.npy", "--labels", "-o", tmp_path / "out.npy", "--quiet")
    found = np.load(tmp_path / "out.npy")
    assert found.dtype == np.int64 and (found[:, 0] == labels).all()
    x = np.random.default_rng(0).standard_normal((150, 4, 3)).astype(np.float32)
    np.save(tmp_path / "image.npy", x)
    run(capsys, "image.xfblas", tmp_path / "image.npy", "--labels", "-o", tmp_path / "out.npy")
    above = xfblas.load("image.xfblas").predict(x, verbose=0) > 0.5
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), above)


NAMES = [f"c{index}" for index in range(12)]


def text_of(x, delimiter=",", header=True, end="\n", quoted=False):
    names = [f'"{name}"' if quoted else name for name in NAMES]
    lines = [delimiter.join(names)] if header else []
    mark = '"' if quoted else ""
    lines += [delimiter.join(f"{mark}{value!r}{mark}" for value in row.tolist()) for row in x]
    return end.join(lines) + end


@pytest.mark.parametrize(
    "style",
    [
        {},
        {"header": False},
        {"delimiter": ";"},
        {"delimiter": "\t"},
        {"delimiter": " ", "header": False},
        {"end": "\r\n"},
        {"quoted": True},
    ],
)
def test_csv_files_of_every_style(tmp_path, capsys, style):
    text = text_of(np.load("x.npy"), **style)
    for name, write in (
        ("x.csv", lambda path: path.write_bytes(text.encode())),
        ("mark.csv", lambda path: path.write_bytes(b"\xef\xbb\xbf" + text.encode())),
        ("x.csv.gz", lambda path: path.write_bytes(gzip.compress(text.encode()))),
    ):
        write(tmp_path / name)
        assert run(capsys, "plain.xfblas", tmp_path / name, "-o", tmp_path / "out.csv")[0] == 0
        has_names = style.get("header", True)
        lines = (tmp_path / "out.csv").read_text().splitlines()
        assert len(lines) == 150 + has_names
        if has_names:
            assert lines[0] == "output_0,output_1,output_2,output_3"
        found = np.loadtxt(lines[has_names:], np.float32, delimiter=",")
        np.testing.assert_array_equal(found, expected())


def test_parquet_in_and_out(tmp_path, capsys):
    parquet = pytest.importorskip("pyarrow.parquet")
    pyarrow = pytest.importorskip("pyarrow")
    x = np.load("x.npy")
    columns = {name: x[:, index] for index, name in enumerate(NAMES)}
    parquet.write_table(pyarrow.table({"id": np.arange(150), **columns}), tmp_path / "x.parquet")
    arguments = [tmp_path / "x.parquet", "--drop", "id", "-o", tmp_path / "out.parquet"]
    assert run(capsys, "plain.xfblas", *arguments)[0] == 0
    found = parquet.read_table(tmp_path / "out.parquet")
    assert found.column_names == [f"output_{index}" for index in range(4)]
    np.testing.assert_array_equal(
        np.column_stack([c.to_numpy() for c in found.columns]), expected()
    )


def test_parquet_without_pyarrow(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    status, _, error = run(capsys, "plain.xfblas", tmp_path / "x.parquet")
    assert status == 2 and "pip install pyarrow" in error
    monkeypatch.setattr(predict, "_compiled", lambda *_: pytest.fail("too late"))
    out = tmp_path / "out.parquet"
    status, _, error = run(capsys, "plain.keras", "x.npy", "-o", out)
    assert status == 2 and "pip install pyarrow" in error and not out.exists()


@pytest.mark.parametrize("output", ["nowhere/out.csv", "."])
def test_the_output_is_looked_at_before_anything_is_computed(capsys, monkeypatch, output):
    monkeypatch.setattr(predict, "_compiled", lambda *_: pytest.fail("too late"))
    status, _, error = run(capsys, "plain.keras", "x.npy", "-o", output)
    assert status == 2 and f"--output is {output}, " in error


def test_a_keras_file_is_quantized_on_the_way(tmp_path, capsys):
    x = np.load("x.npy")
    for options, chosen in (([], {}), (["--bits", 8], {"bits": 8}), (["--bits", 32], {"bits": 32})):
        for data in ([], ["--calibration", "x.csv"]):
            arguments = ["plain.keras", "x.npy", "-o", tmp_path / "out.npy", *options, *data]
            assert run(capsys, *arguments)[0] == 0
            is_float = chosen.get("bits") == 32
            with xfblas.compile("plain.keras", None if is_float else x, **chosen) as compiled:
                found, other = np.load(tmp_path / "out.npy"), compiled.predict(x, verbose=0)
            if is_float:
                # The command predicts in chunks, and the BLAS of some CPUs rounds those otherwise.
                require_near(found, other, network_bound(xfblas.read_network("plain.keras"), x))
            else:
                np.testing.assert_array_equal(found, other)


def test_a_long_file_is_calibrated_from_all_over(monkeypatch):
    monkeypatch.setattr(tables, "CALIBRATION_ROWS", 10)
    monkeypatch.setattr(tables, "CHUNK", 47)
    kept = tables.spread(tables.open_table("x.npy"))
    indices = [int(np.flatnonzero((np.load("x.npy") == row).all(axis=1))[0]) for row in kept]
    assert 10 <= len(indices) <= 20
    assert indices[0] == 0 and indices[-1] >= 130 and len(set(np.diff(indices))) == 1


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["none.xfblas", "x.csv"], "none.xfblas: there is no such file"),
        (["plain.xfblas", "none.csv"], "none.csv: there is no such file"),
        (["plain.xfblas", "plain.keras"], "plain.keras"),
        (["branched.xfblas", "x.csv"], "the model takes left, right"),
        (
            ["plain.xfblas", "x.csv", "--bits", "8"],
            "--bits was given, but plain.xfblas",
        ),
        (["plain.xfblas", "x.csv", "--option", "a=1"], "--option was given"),
        (["plain.xfblas", "x.csv", "--drop", "0"], "expected (rows, 12)"),
        (["plain.xfblas", "middle.csv"], "line 141 has 13 cells, but the first line has 12"),
        (["plain.xfblas", "ragged.csv"], "ragged.csv cannot be read as CSV: line 141 has 13 cells"),
        (["plain.xfblas", "x.csv", "-o", "nowhere/out.csv"], "nowhere"),
        (["plain.xfblas", "x.csv", "--target", "moon"], "moon"),
    ],
)
def test_errors_are_one_line_and_leave_no_file(files, tmp_path, capsys, arguments, text):
    lines = (files / "x.csv").read_text().splitlines()
    (files / "middle.csv").write_text("\n".join([*lines[:140], "word," + lines[140], *lines[141:]]))
    (files / "ragged.csv").write_text("\n".join([*lines[:140], lines[140] + ",1", "1,2"]))
    if "-o" not in arguments:
        arguments = [*arguments, "-o", tmp_path / "out.csv"]
    status, _, error = run(capsys, *arguments, "--quiet")
    assert status == 2 and error.startswith("xfblas: ") and error.count("\n") == 1
    assert text in error
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_names_alone(tmp_path, capsys):
    """Its columns are checked as those of rows are, and it is told that there are no rows."""
    features = np.load("x.npy").shape[1]
    path = tmp_path / "names.csv"
    for count, status, told in ((features - 1, 2, "expected"), (features, 0, "has no rows")):
        path.write_text(",".join(f"a{index}" for index in range(count)) + "\n")
        found, _, error = run(capsys, "plain.xfblas", path)
        assert found == status and told in error
