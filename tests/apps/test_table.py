"""CSV files of every form, and what is wrong with those that cannot be used."""

import numpy as np
import pytest
from table import load_table

from xfblas.errors import InvalidValueError


@pytest.fixture
def csv(tmp_path):
    """Writes a file's text and returns its path."""

    def write(text, encoding="utf-8"):
        path = tmp_path / "some.csv"
        path.write_text(text, encoding=encoding)
        return path

    return write


def test_features_labels_and_names(csv):
    table = load_table(csv("Run,a,Class,b\n0,1,yes,2.5\n1,-3,no,1e3\n2,5,yes,0\n"))
    np.testing.assert_array_equal(table.features, [[1, 2.5], [-3, 1000], [5, 0]])
    assert table.features.dtype == np.float32 and table.features.flags.c_contiguous
    assert table.labels.tolist() == [1, 0, 1] and table.labels.dtype == np.int64
    assert table.classes == ("no", "yes")
    assert table.columns == ("a", "b")


def test_numbers_as_labels_are_sorted_by_value(csv):
    table = load_table(csv("x,Class\n1,10\n2,9\n3,-1\n4,10\n"))
    assert table.classes == ("-1", "9", "10")
    assert table.labels.tolist() == [2, 1, 0, 2]


def test_labels_that_look_like_missing_values(csv):
    """pandas would read NA, None and null as nothing."""
    table = load_table(csv("x,Class\n1,NA\n2,None\n3,null\n4,1.5\n"))
    assert table.classes == ("1.5", "NA", "None", "null")


def test_other_columns_and_a_byte_order_mark(csv):
    path = csv("\ufeffkind, value, id\na, 1, 7\nb, 2, 8\n")
    table = load_table(path, target="kind", id_column="id")
    assert table.columns == ("value",) and table.classes == ("a", "b")
    np.testing.assert_array_equal(table.features, [[1], [2]])
    assert load_table(path, target="kind").columns == ("value", "id")


def test_quotes_windows_lines_and_no_last_line_break(csv):
    table = load_table(csv('"a","Class"\r\n1,"x, y"\r\n2,z'))
    assert table.classes == ("x, y", "z")


def test_separators_and_more_columns_to_leave_out(csv):
    """The commands' own reader: what they take, the app takes."""
    text = "Run,a,Class,day,b\n0,1,x,monday,2\n1,3,y,tuesday,4\n"
    for delimiter in ",;\t| ":
        path = csv(text.replace(",", delimiter))
        table = load_table(path, drop=["day"])
        np.testing.assert_array_equal(table.features, [[1, 2], [3, 4]])
        assert table.columns == ("a", "b") and table.classes == ("x", "y")
        assert load_table(path, drop=["a,day"]).columns == ("b",)


def test_no_line_of_names(csv):
    path = csv("5.1,3.5,setosa\n7,3.2,versicolor\n5,3,setosa\n")
    with pytest.warns(UserWarning, match="is taken for a row"):
        table = load_table(path, target="2")
    assert table.labels.tolist() == [0, 1, 0] and table.columns == ("0", "1")
    assert len(load_table(path, target="setosa", header=True).labels) == 2
    assert len(load_table(path, target="2", header=False).labels) == 3


def test_one_row(csv):
    assert load_table(csv("a,Class\n1,x\n")).features.shape == (1, 1)


@pytest.mark.filterwarnings("ignore:.* the first line is taken for a row:UserWarning")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Run,a,b\n0,1,2\n", "no target column 'Class'; it has: Run, a, b"),
        ("Run;a;b\n0;1;2\n", "no target column 'Class'; it has: Run, a, b"),
        ("5,x\n6,x\n", "no target column 'Class'; it has: 0, 1"),
        ("a,Class,Class\n1,x,y\n", "has 2 columns 'Class', expected a number of 1, 2"),
        ("a,b,Class\n1;5,2,x\n", "column 'a' has '1;5' in row 1"),
        ("", "cannot be read as CSV: No columns"),
        ("Run,a,Class\n", "column names but no rows"),
        ("Run,Class\n0,x\n", "no feature columns"),
        ("a,Class\n1,x\n2,y\nmany,x\nfew,y\n", "column 'a' has 'many' in row 3 .*2 such rows"),
        ("a,Class\n1,x\n,y\n", "column 'a' has nothing in row 2 .*expected a finite number"),
        ("a,b,Class\n1,2,x\n1,  ,x\n", "column 'b' has nothing in row 2"),
        ("a,Class\n1,x\nnan,y\n", "column 'a' has 'nan' in row 2"),
        ("a,Class\n1,x\ninf,y\n", "column 'a' has 'inf' in row 2"),
        ("a,Class\n1e39,x\n", "column 'a' has '1e.*39' in row 1"),
        ("a,Class\n1,x\n2,\n", "column 'Class' has nothing in row 2 .*expected a label"),
        ("a,Class\n1,x\n2\n", "column 'Class' has nothing in row 2"),
        ("a,Class\n1,x\n2,y,3\n", "cannot be read as CSV"),
        ("a,Class\n1,x,3\n2,y,3\n", "cannot be read as CSV"),
    ],
)
def test_wrong_files(csv, text, expected):
    with pytest.raises(InvalidValueError, match=expected) as caught:
        load_table(csv(text))
    assert "some.csv" in str(caught.value)


def test_absent_files_and_columns(csv, tmp_path):
    with pytest.raises(InvalidValueError, match="there is no such file"):
        load_table(tmp_path / "absent.csv")
    with pytest.raises(InvalidValueError, match="no such file"):
        load_table(tmp_path)
    path = csv("a,Class\n1,x\n")
    assert load_table(path, id_column="Run").columns == ("a",)
    with pytest.raises(InvalidValueError, match="no id column 'Key'; it has: a, Class"):
        load_table(path, id_column="Key")
    with pytest.raises(InvalidValueError, match="no column 'Key', expected one of a, Class"):
        load_table(path, drop=["Key"])
    many = csv(",".join(f"f{index}" for index in range(130)) + "\n" + "1," * 129 + "1\n")
    with pytest.raises(InvalidValueError, match=r"it has: f0, f1, .*, f9 and 120 more"):
        load_table(many)
    path.write_text("a,Class\n1,x\n")
    path.write_bytes(b"a,Class\n1,\xff\xfe\n")
    with pytest.raises(InvalidValueError, match="cannot be read as CSV"):
        load_table(path)
