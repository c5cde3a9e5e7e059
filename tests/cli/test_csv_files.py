"""Which CSV files are read, what is said of them, and why others are refused."""

import gzip

import numpy as np
import pytest

import xfblas
from xfblas import tables
from xfblas.cli import main
from xfblas.graph import Layer, Network

ROWS = np.random.default_rng(3).standard_normal((40, 4)).round(4).astype(np.float32)
LINES = [",".join(f"{value:.4f}" for value in row.tolist()) for row in ROWS]
NAMES = "alpha,beta,gamma,delta"
BODY = "\n".join(LINES) + "\n"
WORDS = [f"{line},kind-{'ab'[index % 2]}" for index, line in enumerate(LINES)]


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A folder with a model of four inputs."""
    folder = tmp_path_factory.mktemp("models")
    generator = np.random.default_rng(4)
    layer = Layer("dense", generator.standard_normal((4, 3)), np.zeros(3), "linear", 1.0)
    with xfblas.compile(Network("small", (layer,), "softmax", (4,)), ROWS) as model:
        model.save(folder / "model.xfblas")
    return folder


@pytest.fixture(params=[65536, 7], ids=["whole", "chunks of 7"])
def predict(request, models, tmp_path, capsys, monkeypatch):
    """``predict(text, *options)``: the exit status, predictions (None after an error), stderr."""
    monkeypatch.setattr(tables, "CHUNK", request.param)
    monkeypatch.chdir(tmp_path)

    def run(text, *options, name="x.csv"):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        arguments = [models / "model.xfblas", name, "-o", "out.npy", "--quiet", *options]
        status = main(["predict", *map(str, arguments)])
        told = capsys.readouterr().err
        return status, np.load("out.npy") if status == 0 else None, told

    return run


@pytest.fixture(scope="module")
def expected(models):
    return xfblas.load(models / "model.xfblas").predict(ROWS, verbose=0)


def joined(lines, delimiter, replaced=","):
    return "\n".join(line.replace(replaced, delimiter) for line in lines) + "\n"


READ = {
    "plain": BODY,
    "names": f"{NAMES}\n{BODY}",
    "names with commas in quotes": f'"a, b",beta,gamma,"d"\n{BODY}',
    "a name over two lines": f'"al\npha",beta,gamma,delta\n{BODY}',
    "a name that is also a missing value": f"alpha,NA,,-\n{BODY}",
    "names with underscores": f"1_1,1_2,1_3,1_4\n{BODY}",
    "Windows": f"{NAMES}\n{BODY}".replace("\n", "\r\n"),
    "old Mac": f"{NAMES}\n{BODY}".replace("\n", "\r"),
    "a byte order mark": b"\xef\xbb\xbf" + f"{NAMES}\n{BODY}".encode(),
    "a byte order mark and numbers": b"\xef\xbb\xbf" + BODY.encode(),
    "no last line break": BODY.rstrip(),
    "quoted numbers": joined([f'"{line}"' for line in LINES], '","'),
    "some quoted": BODY.replace(LINES[20], LINES[20].replace(",", ',"', 1).replace(",", '",', 1)),
    "spaces": f"alpha, beta ,gamma,delta\n{joined(LINES, '  , ')}",
    "semicolons": joined(LINES, ";"),
    "semicolons and names with commas": f"a,b;c,d;e;f\n{joined(LINES, ';')}",
    "tabs": joined([NAMES, *LINES], "\t"),
    "bars": joined(LINES, "|"),
    "one space": joined(LINES, " "),
    "aligned": "\n".join("".join(f"{float(cell):12.4f}" for cell in x.split(",")) for x in LINES),
    "empty lines": f"{NAMES}\n\n" + "\n\n".join(LINES) + "\n\n  \n\n",
    "exponents and signs": BODY.replace(LINES[9], ",".join(f"{v:+.6e}" for v in ROWS[9].tolist())),
    "names of numpy.savetxt": f"# {NAMES}\n{BODY}",
}


@pytest.mark.parametrize("text", READ.values(), ids=READ.keys())
def test_files_that_are_read_alike(predict, expected, text):
    if text == READ["some quoted"]:
        text = BODY.replace(LINES[20], '"' + LINES[20].replace(",", '",', 1))
    status, found, told = predict(text)
    assert (status, told) == (0, "")
    np.testing.assert_array_equal(found, expected)
    for name in ("x.csv.gz", "X.CSV.GZ"):
        packed = gzip.compress(text if isinstance(text, bytes) else text.encode())
        np.testing.assert_array_equal(predict(packed, name=name)[1], expected)


@pytest.mark.parametrize(
    ("first", "options", "rows", "notice"),
    [
        ("0,1,2,3", (), 40, "taken for names of columns, 0 to 3; --no-header"),
        ("0,1,2,3", ("--header",), 40, ""),
        ("0,1,2,3", ("--no-header",), 41, ""),
        ("0,1,2,3\n0,1,2,3", (), 42, "taken for a row, since what it holds comes again"),
        ("1,2,3,4", (), 41, ""),
        ("1,2,3,4", ("--header",), 40, ""),
        ("1,word,2,3", (), 40, "though 3 of its 4 cells are numbers; --no-header"),
        ("1990,1991,1992,total", (), 40, "though 3 of its 4 cells"),
        ("a,b,c,d", ("--header",), 40, ""),
    ],
)
def test_a_first_line_is_names_or_a_row(predict, first, options, rows, notice):
    status, found, told = predict(f"{first}\n{BODY}", *options)
    assert status == 0 and len(found) == rows
    assert notice in told and told.count("\n") == bool(notice)


def test_numbers_of_rows_beside_numbers_for_names(predict, expected):
    """What DataFrame.to_csv writes of a frame without names, where 0 may mean two columns."""
    text = "\n".join([",0,1,2,3", *(f"{index},{line}" for index, line in enumerate(LINES))])
    status, found, told = predict(text, "--drop", "")
    assert status == 0 and told.count("\n") == 1 and "names of columns, 0 to 3; --no-head" in told
    np.testing.assert_array_equal(found, expected)
    status, _, told = predict(text, "--drop", "0")
    assert status == 2 and "a column '0', and its column number 0 has no name: expected ''" in told
    status, _, told = predict("\n".join([",0,1,2,3", *(f"row,{line}" for line in LINES)]))
    assert status == 2 and "--drop '' leaves the column out" in told.splitlines()[-1]
    status, _, told = predict(text, "--no-header", "--drop", "0")
    assert status == 0 and told == ""


@pytest.mark.parametrize(
    ("lines", "dropped"),
    [
        (WORDS, "4"),
        ([f"M,{line}" for line in LINES], "0"),
        ([f"{index},{'RM'[index % 2]},{line}" for index, line in enumerate(LINES)], "0,1"),
        ([f"2024-01-{index % 28 + 1},{line}" for index, line in enumerate(LINES)], "0"),
        ([f"id{index},{line}" for index, line in enumerate(LINES)], "0"),
        (
            [f"only here,{LINES[0]},7,7", *(f"{x},{line},7,7" for x, line in enumerate(LINES[1:]))],
            "0,5,6",
        ),
    ],
    ids=["label last", "label first", "number and label", "dates", "numbered", "equal numbers"],
)
def test_rows_with_words_and_no_names(predict, expected, lines, dropped):
    """Public data often comes so; the first row must not be lost."""
    status, found, told = predict("\n".join(lines), "--drop", dropped)
    assert status == 0 and told.count("\n") == 1 and "is taken for a row" in told
    np.testing.assert_array_equal(found, expected)
    assert len(predict("\n".join(lines), "--drop", dropped, "--header")[1]) == 39


def test_names_and_words(predict, expected):
    for first in (f"{NAMES},kind", "0,1,2,3,kind", "5.1,5.2,5.3,5.4,kind", ",,,,kind"):
        status, found, told = predict("\n".join([first, *WORDS]), "--drop", "4")
        assert status == 0 and told.count("\n") == (first[0] in "05")
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "word", ["NA", "", "nan", "NaN", "N/A", "?", "null", "None", " ", ".", "-"]
)
@pytest.mark.parametrize("row", [0, 1, 25, 39])
@pytest.mark.parametrize("names", [None, NAMES])
def test_missing_values_are_told_with_row_and_column(predict, word, row, names):
    cells = LINES[row].split(",")
    lines = [*LINES[:row], ",".join([*cells[:2], word, *cells[3:]]), *LINES[row + 1 :]]
    status, _, told = predict("\n".join([names, *lines] if names else lines))
    column = "column 'gamma'" if names else "column 2"
    shown = repr(word) if word.strip() else "nothing"
    line = row + 1 + bool(names)
    assert status == 2 and told.count("\n") == 1
    assert f"{column} has {shown} in row {row + 1} of the data (line {line}), a missing" in told


def test_rows_of_missing_values(predict):
    for first in ("NA,NA,NA,NA", "?,1,2,3", ",,,"):
        status, _, told = predict(f"{first}\n{BODY}")
        assert status == 2 and "row 1 of the data (line 1), a missing value" in told


RAGGED = "cells, but the first line has"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (f"{BODY}1,2,3\n", f"line 41 has 3 {RAGGED} 4: column 3 has nothing in row 41"),
        (f"{NAMES}\n{BODY}1,2,3\n", f"line 42 has 3 {RAGGED} 4: column 'delta' has nothing in row"),
        (f"{BODY}1,2,3,4,5\n{BODY}", f"line 41 has 5 {RAGGED} 4: "),
        (f"{BODY}1,2,3,4,\n", f"line 41 has 5 {RAGGED} 4"),
        (f"{LINES[0]},\n{BODY}", f"line 2 has 4 {RAGGED} 5"),
        (f"{BODY}1,234,5,6,7\n", f"line 41 has 5 {RAGGED} 4"),
        (f"{BODY}7\n", f"line 41 has 1 {RAGGED} 4"),
        (f"{BODY}# the end\n", f"line 41 has 1 {RAGGED} 4"),
        # write.table of R: a cell more in each row than in the line of names
        (
            '"a" "b" "c" "d"\n' + joined([f'"{i}" {x}' for i, x in enumerate(LINES)], " "),
            f"line 2 has 5 {RAGGED} 4: names of rows",
        ),
        (f"{NAMES}\n" + BODY.replace(".", ","), f"line 2 has 8 {RAGGED} 4: "),
        (f'{BODY}1,"2,3,4\n{BODY}', f"line 41 has 2 {RAGGED} 4"),
    ],
)
def test_rows_of_another_width(predict, text, part):
    status, _, told = predict(text)
    assert status == 2 and told.count("\n") == 1 and f"x.csv cannot be read as CSV: {part}" in told
    assert predict(text, "--header")[0] == predict(text, "--no-header")[0] == 2


@pytest.mark.parametrize(
    ("cell", "part"),
    [
        ("word", "column 1 has 'word' in row 21 of the data (line 21), expected a finite number"),
        ("1e400", "column 1 has '1e400' in row 21"),
        ("1e39", "column 1 has '1e39'"),
        ("inf", "column 1 has 'inf'"),
        ("-Infinity", "column 1 has '-Infinity'"),
        ("0x1A", "column 1 has '0x1A'"),
        ("1_000", "column 1 has '1_000'"),
        ("5%", "column 1 has '5%'"),
        ("2024-01-31", "column 1 has '2024-01-31'"),
        ("12:30", "column 1 has '12:30'"),
        ("1+2j", "column 1 has '1+2j'"),
        ("True", "column 1 has 'True'"),
        ("1 000", "column 1 has '1 000'"),
        (
            '"1,000"',
            "column 1 has '1,000' in row 21 of the data (line 21), expected a finite number ",
        ),
    ],
)
def test_cells_that_are_no_finite_numbers(predict, cell, part):
    cells = LINES[20].split(",")
    lines = [*LINES[:20], ",".join([cells[0], cell, *cells[2:]]), *LINES[21:]]
    status, _, told = predict("\n".join(lines))
    assert status == 2 and told.count("\n") == 1 and part in told and "(1 such rows)" in told
    assert ("a decimal point, and no commas" in told) == ("," in cell)


def test_decimal_commas(predict):
    text = joined(LINES, ";").replace(".", ",")
    for names in ("", "a;b;c;d\n"):
        status, _, told = predict(names + text)
        assert status == 2 and "a number has a decimal point, and no commas" in told
        assert f"has '{LINES[0].split(',')[0].replace('.', ',')}' in row 1 of" in told


@pytest.mark.parametrize(
    ("text", "name", "part"),
    [
        ("", "x.csv", "begins with an empty line"),
        (f"\n{BODY}", "x.csv", "begins with an empty line"),
        (f"{NAMES}\n{BODY}".encode("utf-16"), "x.csv", "no text in UTF-8 after line 0"),
        (BODY.encode() + b"\xb5,1,2,3\n", "x.csv", "no text in UTF-8 after line"),
        (BODY, "x.csv.gz", "no text in UTF-8 after line 0: Not a gzipped file"),
        (gzip.compress(BODY.encode(), mtime=0)[:-30], "x.csv.gz", "no text in UTF-8 after line"),
        (f'{BODY}1,2,3,"{"x" * 140000}"\n', "x.csv", "line 41: field larger"),
        (f"{BODY}1,2,\0,4\n", "x.csv", r"column 2 has '\x00'"),
    ],
    ids=["empty", "empty line", "utf-16", "latin-1", "not gz", "cut gz", "long cell", "zero byte"],
)
def test_files_that_cannot_be_read(predict, text, name, part):
    status, _, told = predict(text, name=name)
    assert status == 2 and told.count("\n") == 1 and part in told and name in told


def test_one_row_and_no_rows(predict, expected):
    for text in (LINES[0], f"{NAMES}\n{LINES[0]}"):
        np.testing.assert_array_equal(predict(text)[1], expected[:1])
    assert len(predict(f"{NAMES}\n")[1]) == 0


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """A model of one input."""
    path = tmp_path_factory.mktemp("single") / "model.xfblas"
    layer = Layer("dense", np.array([[2.0]]), np.ones(1), "linear", 1.0)
    rows = np.linspace(-9, 9, 50, dtype=np.float32)[:, None]
    with xfblas.compile(Network("single", (layer,), "linear", (1,)), rows) as model:
        model.save(path)
    return path


@pytest.mark.parametrize(
    ("text", "rows", "part"),
    [
        ("1\n2\n3\n\n \n", 3, ""),
        ("x\n1\n2\n", 2, ""),
        ("0\n1\n2\n", 2, "taken for names of columns, 0 to 0"),
        ("0\n1\n0\n", 3, "taken for a row, since"),
        ("1\n\n2\n", None, "column 0 has nothing in row 2 of the data (line 2)"),
        ("x\n1\n\n2\n", None, "column 'x' has nothing in row 2 of the data (line 3)"),
        ('x\n1\n""\n2\n', None, "column 'x' has nothing in row 2 of the data (line 3)"),
        ("NA\n1\n2\n", None, "column 0 has 'NA' in row 1"),
        ("1\n2;3\n", None, "column 0 has '2;3' in row 2"),
        ("1\n2,3\n", None, f"line 2 has 2 {RAGGED} 1"),
    ],
)
def test_a_single_column(single, tmp_path, capsys, text, rows, part):
    (tmp_path / "x.csv").write_text(text)
    status = main(["predict", str(single), str(tmp_path / "x.csv"), "--quiet"])
    shown = capsys.readouterr()
    assert part in shown.err and shown.err.count("\n") == bool(part)
    if rows is None:
        assert status == 2
    else:
        names = bool(shown.out) and shown.out.startswith("output")
        assert status == 0 and len(shown.out.splitlines()) == rows + names


LABELLED = "\n".join(["Run," + NAMES + ",Class,Run", *(f"1,{line},yes,2" for line in LINES)])


@pytest.mark.parametrize(
    "drop",
    [
        ["--drop", "0,Class,6"],
        ["--drop", "0, Class ,6"],
        ["--drop", "0", "--drop", "Class,6"],
        ["--drop", '"Class",0,6'],
        ["--drop=5", "--drop=6", "--drop=0"],
    ],
)
def test_several_columns_are_dropped(predict, expected, drop):
    status, found, told = predict(LABELLED, *drop)
    assert (status, told) == (0, "")
    np.testing.assert_array_equal(found, expected)


def test_names_with_commas_are_dropped(predict, expected):
    text = "\n".join([f'"a, b",{NAMES},"Class,Run"', *(f"1,{line},2" for line in LINES)])
    for drop in (["--drop", "a, b", "--drop", "Class,Run"], ["--drop", '"a, b",5']):
        np.testing.assert_array_equal(predict(text, *drop)[1], expected)


@pytest.mark.parametrize(
    ("drop", "part"),
    [
        ("Run", "has 2 columns 'Run', expected a number of 0, 6 to say which"),
        ("Klass", "has no column 'Klass', expected one of Run, alpha, beta, gamma, delta, Class"),
        ("Class,", "has no column ''"),
        ("7", "has no column '7'"),
        ("0,1,2,3,4,5,6", "every column is dropped"),
        ("0,6", "column 'Class' has 'yes' in row 1 of the data (line 2), expected a finite number"),
        ("0,6", "--drop Class leaves the column out"),
        (
            "5",
            "expected (rows, 4): leave out what is no input, such as a label (in commands: --drop)",
        ),
    ],
)
def test_columns_that_cannot_be_dropped_or_should(predict, drop, part):
    status, _, told = predict(LABELLED, "--drop", drop)
    assert status == 2 and told.count("\n") == 1 and part in told


def test_messages_list_ten_columns_at_most(predict):
    names = [f"feature {index}" for index in range(130)]
    text = ",".join(names) + "\n" + ",".join("1" * 130) + "\n"
    _, _, told = predict(text, "--drop", "Feature 77")
    assert "expected one of feature 77, feature 7" in told and "and 120 more" in told
    assert told.count("feature") == 10
    _, _, told = predict(",".join("1" * 130), "--drop", "x")
    assert "expected one of 0 to 129" in told


def test_a_quote_within_a_cell_hides_no_separator(predict):
    status, _, told = predict(f'{LINES[0]},a\n{LINES[1]},a"b,c"d\n', "--drop", "4", "--no-header")
    assert status == 2 and f"line 2 has 6 {RAGGED} 5" in told
