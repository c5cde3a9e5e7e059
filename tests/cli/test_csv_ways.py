"""The quick way of reading CSV takes nothing that the careful one would read otherwise."""

import warnings

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from xfblas.errors import InvalidValueError
from xfblas.tables.csv_table import CsvTable

NUMBERS = ["1", "-2.5", "3e2", " 4", "5 ", '"6"', '" 7"', "+8.", ".5"]
OTHERS = ["word", "", " ", "nan", "inf", "1e400", "1_0", "0x1", "1,5", '"1,5"', "#", "\u0661"]
#: Texts for a column that is left out; a point stands for what separates cells.
TEXTS = ["word", '"a.b"', '""', '"x""y"', 'a"b', 'a"b.c"d', '"a\nb"', '"a', "", '"a"b', '"." ']
TEXTS += ["a", "b c", '" "']
CELLS = st.sampled_from(NUMBERS * 9 + OTHERS)
ENDS = st.sampled_from(["\n"] * 5 + ["\r\n", "\n\n", " \n"])


def outcome(path, drop, header, size, way=None):
    """The rows, or the text of the error."""
    try:
        table = CsvTable(path, drop, header)
        if way is not None:
            table._quick = way
        chunks = list(table.chunks(size))
    except InvalidValueError as error:
        return str(error)
    return np.concatenate(chunks).tolist() if chunks else []


@settings(max_examples=1000)
@given(data=st.data())
def test_both_ways_agree(tmp_path_factory, data):
    mark = data.draw(st.sampled_from(",;\t| "))
    width = data.draw(st.integers(1, 4))
    drop = data.draw(st.integers(0, width - 1)) if width > 1 else None
    text = "\ufeff" if data.draw(st.booleans()) else ""
    for _ in range(data.draw(st.integers(1, 6))):
        cells = data.draw(st.lists(CELLS, min_size=width, max_size=width))
        if drop is not None:
            cells[drop] = data.draw(st.sampled_from(TEXTS)).replace(".", mark)
        if data.draw(st.integers(0, 9)) == 0:
            cells = [*cells, data.draw(CELLS)][data.draw(st.integers(0, 2)) :]
        text += mark.join(cells) + data.draw(ENDS)
    path = tmp_path_factory.mktemp("ways") / "x.csv"
    path.write_bytes(text.encode())
    drop = [] if drop is None else [str(drop)]
    header, size = data.draw(st.sampled_from([None, True, False])), data.draw(st.integers(1, 9))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = outcome(path, drop, header, size)
        careful = outcome(path, drop, header, size, lambda lines: None)
    assert found == careful
