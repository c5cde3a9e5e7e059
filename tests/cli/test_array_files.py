"""``.npy`` and parquet files: what their types mean, and where something is missing."""

import datetime
import decimal

import numpy as np
import pytest

import xfblas
from xfblas import tables
from xfblas.cli import main
from xfblas.graph import Layer, Network

ROWS = np.random.default_rng(5).integers(-9, 10, (40, 4)).astype(np.float32)
NAMES = ["alpha", "beta", "gamma", "delta"]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "model.xfblas"
    layer = Layer("dense", np.arange(12.0).reshape(4, 3) / 9, np.zeros(3), "linear", 1.0)
    with xfblas.compile(Network("small", (layer,), "softmax", (4,)), ROWS) as compiled:
        compiled.save(path)
    return path


@pytest.fixture
def predict(model, tmp_path, capsys, monkeypatch):
    """``predict(name, *options)``: the exit status, predictions, stderr; in chunks of 16 rows."""
    monkeypatch.setattr(tables, "CHUNK", 16)
    monkeypatch.chdir(tmp_path)

    def run(name, *options):
        arguments = ["predict", str(model), name, "-o", "out.npy", "--quiet", *options]
        status = main(arguments)
        return status, np.load("out.npy") if status == 0 else None, capsys.readouterr().err

    return run


@pytest.fixture(scope="module")
def expected(model):
    return xfblas.load(model).predict(ROWS, verbose=0)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4", ">f8", "i1", ">i2", "i8", "g", "U4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_every_type_and_order(predict, expected, dtype, order):
    np.save("x.npy", ROWS.astype(int).astype(dtype, order=order))
    status, found, told = predict("x.npy")
    assert (status, told) == (0, "")
    np.testing.assert_array_equal(found, expected)
    wide = np.hstack([ROWS, ROWS[:, :2]]).astype(int).astype(dtype, order=order)
    np.save("x.npy", wide)
    np.testing.assert_array_equal(predict("x.npy", "--drop", "4,5")[1], expected)


@pytest.mark.parametrize(
    ("array", "part"),
    [
        (ROWS + 0j, "x.npy is not an array of numbers: it is complex64"),
        (ROWS.astype("M8[s]"), "it is datetime64[s]"),
        (ROWS.astype("m8[s]"), "it is timedelta64[s]"),
        (np.zeros(40, [("a", "f4"), ("b", "f4")]), "it is [('a', '<f4'), ('b', '<f4')]"),
        (ROWS.astype(object), "x.npy is not an array of numbers: Array can't be memory-mapped"),
        (np.full((40, 4), "word"), "cannot be read as numbers"),
        (ROWS[0], "has shape (4,), expected rows: (rows, columns)"),
        (
            np.where(np.arange(160).reshape(40, 4) == 102, np.nan, ROWS),
            "column 2 has nan in row 26",
        ),
        (np.where(np.arange(40)[:, None] == 37, -np.inf, ROWS), "column 0 has -inf in row 38 of"),
        (
            np.where(np.arange(40)[:, None] == 37, 1e39, ROWS.astype(float)),
            "column 0 has 1e+39 in row 38 of",
        ),
        (
            np.hstack([ROWS, ROWS[:, :1]]),
            "has shape (16, 5), expected (rows, 4): leave out what is",
        ),
    ],
)
def test_arrays_that_are_refused(predict, array, part):
    np.save("x.npy", array)
    status, _, told = predict("x.npy")
    assert status == 2 and told.count("\n") == 1
    assert part in told


def test_an_archive_is_no_array(predict, tmp_path):
    np.savez(tmp_path / "x.npz", x=ROWS)
    (tmp_path / "x.npz").rename(tmp_path / "x.npy")
    status, _, told = predict("x.npy")
    assert status == 2 and "an archive of several arrays, expected one array" in told


@pytest.fixture
def write():
    """``write(columns, values)``: a parquet file of the rows, one column replaced."""
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

    def run(name=None, values=None, type=None, names=NAMES):
        columns = [pyarrow.array(ROWS[:, index]) for index in range(4)]
        if name is not None:
            columns[names.index(name)] = pyarrow.array(list(values), type)
        table = pyarrow.Table.from_arrays(columns, list(names))
        parquet.write_table(table, "x.parquet")

    return run


def test_parquet_files_of_every_number(predict, expected, write):
    pyarrow = pytest.importorskip("pyarrow")
    values = ROWS[:, 1].astype(int).tolist()
    for type, given in (
        (pyarrow.int8(), values),
        (pyarrow.float16(), [np.float16(value) for value in values]),
        (pyarrow.decimal128(9, 2), [decimal.Decimal(value) for value in values]),
        (pyarrow.string(), [f"{value}.0" for value in values]),
        (pyarrow.dictionary(pyarrow.int8(), pyarrow.float64()), [float(v) for v in values]),
    ):
        write("beta", given, type)
        status, found, told = predict("x.parquet")
        assert (status, told) == (0, "")
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("values", "part"),
    [
        ([datetime.datetime(2024, 1, 1)] * 40, "column 'beta' is datetime64[us], expected real"),
        ([datetime.timedelta(1)] * 40, "column 'beta' is timedelta64[us], expected real"),
        ([datetime.date(2024, 1, 1)] * 40, "column 'beta' is datetime64[D], expected real"),
        ([datetime.time(1)] * 40, "column 'beta' cannot be read as numbers"),
        (["word"] * 40, "--drop beta leaves the column out"),
        ([[1.0]] * 40, "column 'beta' cannot be read as numbers"),
        ([1.0] * 20 + [None] + [2.0] * 19, "column 'beta' has nan in row 21 of the data"),
        ([1] * 20 + [None] + [2] * 19, "column 'beta' has nan in row 21 of the data"),
        ([True] * 20 + [None] + [False] * 19, "column 'beta' has nan in row 21 of the data"),
        ([float("inf")] * 40, "column 'beta' has inf in row 1 of the data"),
        ([None] * 40, "column 'beta' has nan in row 1 of the data"),
    ],
)
def test_parquet_columns_that_are_refused(predict, write, values, part):
    write("beta", values)
    status, _, told = predict("x.parquet")
    assert status == 2 and told.count("\n") == 1 and part in told and "x.parquet" in told


def test_parquet_columns_with_odd_names(predict, expected, write):
    """A name means what is within it too, where names have points or occur twice."""
    for names in (["a", "a.b", "a.b.c", "b"], ["b", "a", "a.b", "0"], ["a", "a", "b", "b"]):
        write(names=names)
        np.testing.assert_array_equal(predict("x.parquet")[1], expected)
    write(names=["a", "a", "b", "c"])
    assert "has 2 columns 'a', expected a number of 0, 1" in predict("x.parquet", "--drop", "a")[2]
    assert "expected (rows, 4)" in predict("x.parquet", "--drop", "0,b")[2]


def test_files_without_rows(predict, tmp_path):
    np.save("x.npy", ROWS[:0])
    (tmp_path / "x.csv").write_text("a,b,c,d\n")
    for name in ("x.npy", "x.csv"):
        for options in ((), ("--labels",)):
            status, found, told = predict(name, *options)
            assert status == 0 and "has no rows, so the output has none" in told
            assert found.shape == (0, 1 if options else 3)
