"""Labels from files of every kind, also in files that do not say whether they have names."""

import numpy as np
import pytest

from xfblas.errors import InvalidValueError
from xfblas.tables.labels import read_labels

WORDS = ["ash", "birch", "ash", "cedar"]


@pytest.fixture
def read(tmp_path):
    """``read(text, ...)``: the labels in a CSV file as a list, and the names of the classes."""

    def run(text, column=None, header=None, rows=None):
        (tmp_path / "y.csv").write_text(text)
        labels, names = read_labels(tmp_path / "y.csv", column, header, rows)
        return labels.tolist(), names

    return run


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("first", ["", "tree\n", "ash\n", "7\n"])
def test_the_number_of_rows_tells_whether_there_is_a_name(read, first):
    names = ["ash", "birch", "cedar"]
    assert read(first + "\n".join(WORDS), rows=4) == ([0, 1, 0, 2], names)
    for text in ("0\n1\n0\n2", "0\n1\n2\n3", "1\n2\n3\n4"):
        expected = ([int(line) for line in text.split()], None)
        assert read(first + text, rows=4) == expected


def test_without_the_number_of_rows_the_file_tells(read):
    names = ["ash", "birch", "cedar"]
    assert read("\n".join(["tree", *WORDS])) == ([0, 1, 0, 2], names)
    with pytest.warns(UserWarning, match="taken for a row"):
        assert read("\n".join(WORDS)) == ([0, 1, 0, 2], names)
    with pytest.warns(UserWarning, match="taken for a row"):
        assert read("0\n1\n0\n2") == ([0, 1, 0, 2], None)
    with pytest.warns(UserWarning, match="taken for names"):
        assert read("0\n1\n2") == ([1, 2], None)
    assert read("0\n1\n2", header=False) == ([0, 1, 2], None)
    assert read("1\n1\n2", header=True) == ([1, 2], None)
    assert read("a,b\n1,0\n0,1\n") == ([[1, 0], [0, 1]], None)


@pytest.mark.parametrize(
    ("text", "column", "part"),
    [
        ("tree\nash\n\nbirch\n", None, "column 'tree' has nothing in row 2 of the data"),
        ("x,tree\n1,ash\n2,\n3,ash\n", "tree", "column 'tree' has nothing in row 2 of the data"),
        ("x,tree\n1,ash\n2\n3,ash\n", "tree", "line 3 has 1 cells, but the first line has 2"),
        ("x,tree\n1,1\n2,NA\n3,0\n", "tree", "label in row 2 of the data is 'NA', expected a num"),
        ("x,y\n1,1\n2,nan\n", None, "column 'y' has 'nan' in row 2"),
        ("x,y,y\n1,1,2\n", "y", "has 2 columns 'y', expected a number of 1, 2"),
        (",".join(f"f{i}" for i in range(130)) + "\n" + "1," * 129 + "1", "g", "and 120 more"),
    ],
)
def test_labels_that_are_missing(read, text, column, part):
    with pytest.raises(InvalidValueError, match=part) as told:
        read(text, column)
    assert "y.csv" in str(told.value)


def test_words_that_look_missing_may_be_classes(read):
    assert read("x,tree\n1,NA\n2,oak\n", "tree") == ([0, 1], ["NA", "oak"])


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([0, 1, 2], np.uint8), ([0, 1, 2], None)),
        (np.array([[0.0], [1.0]]), ([0, 1], None)),
        (np.array([0.5, 1.0]), ([0.5, 1], None)),
        (np.array([True, False]), ([1, 0], ["False", "True"])),
        (np.array(["b", "a"]), ([1, 0], ["a", "b"])),
        (np.array([[1, 0], [0, 1]]), ([[1, 0], [0, 1]], None)),
    ],
)
def test_arrays(tmp_path, array, expected):
    np.save(tmp_path / "y.npy", array)
    labels, names = read_labels(tmp_path / "y.npy")
    assert (labels.tolist(), names) == expected


@pytest.mark.parametrize(
    ("array", "part"),
    [
        (np.array([0, np.nan]), "label in row 2 of the data is 'nan'"),
        (np.array([[0, 1], [np.nan, 1]]), "column 0 has nan in row 2 of the data"),
        (np.array(["2024"], "M8[Y]"), "not an array of numbers: it is datetime64"),
        (np.array([1j]), "not an array of numbers: it is complex128"),
    ],
)
def test_arrays_that_are_no_labels(tmp_path, array, part):
    np.save(tmp_path / "y.npy", array)
    with pytest.raises(InvalidValueError, match=part):
        read_labels(tmp_path / "y.npy")


def test_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "y.parquet"
    parquet.write_table(
        pyarrow.table({"x": [1.0, 2, 3, 4], "tree": WORDS, "n": [1, 0, 1, 1]}), path
    )
    assert read_labels(path, "tree")[0].tolist() == [0, 1, 0, 2]
    assert read_labels(path, "n")[0].tolist() == read_labels(path, "2")[0].tolist() == [1, 0, 1, 1]
    parquet.write_table(pyarrow.table({"tree": ["ash", None]}), path)
    with pytest.raises(InvalidValueError, match="'tree' has nothing in row 2 of the data"):
        read_labels(path)
