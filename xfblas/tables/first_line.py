"""What the first line of a CSV file is: what separates its cells, and whether they are names."""

import csv
import math
import re
from collections.abc import Iterable

from xfblas.notices import notify

DELIMITERS = ";\t|, "
#: Words that stand for a value that is not there; in small letters.
MISSING = {
    *("", "na", "n/a", "#n/a", "#na", "<na>", "nan", "-nan", "null", "none", "nat", "missing"),
    *("?", ".", "-", "--", "1.#qnan", "-1.#ind"),
}


def number(text: str) -> float:
    """The number that a cell holds; NaN where it holds none."""
    try:
        # Python would take 1_000 for a thousand, and the name 1_2 for twelve.
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan


def is_number(text: str) -> bool:
    """Whether a cell holds a number, which may be infinite."""
    return not math.isnan(number(text))


def has_commas(text: str) -> bool:
    """Whether a cell would hold a number, were it not for commas in it."""
    return "," in text and is_number(text.replace(",", ""))


def is_missing(text: str) -> bool:
    """Whether a cell holds a word for a value that is not there."""
    return text.strip().lower() in MISSING


def delimiter_of(lines: list[str]) -> str:
    """What separates the cells: what cuts each of the first lines into as many as the first one.

    Where nothing or more than one thing does so, an order decides: numbers with a decimal comma
    have semicolons or tabs between them.
    """
    found = [mark for mark in DELIMITERS if mark in lines[0].strip()]
    for mark in found:
        rows = csv.reader([line.strip() for line in lines], delimiter=mark, skipinitialspace=True)
        try:
            if len({len(row) for row in rows if row}) == 1:
                return mark
        except csv.Error:  # told where the file is read
            continue
    return found[0] if found else ","


def holds_names(path, cells: list[str], later: Iterable[list[str]]) -> bool:
    """Whether a first line is names and no row; what is not plain is told as a notice.

    It is names where a cell is neither a number nor a word for a missing value, or where the cells
    are 0, 1, 2... to the last, also after an empty first one, which stands above the numbers of
    rows. But names do not come again: where numbers stand beside words, as in a row with a label or
    a date, and words of the same form are in the same columns further down, it is a row.

    Args:
        path: of the file.
        cells: of its first line.
        later: the cells of the lines after it.
    """
    numbers = [cell for cell in cells if is_number(cell) or has_commas(cell)]
    words = {
        index: _form(cell)
        for index, cell in enumerate(cells)
        if not (is_number(cell) or has_commas(cell) or is_missing(cell))
    }
    if words and not numbers and len(cells) > 1:
        return True
    if words:
        left = set(words)
        for row in later:
            left -= {index for index in left if _form(row[index].strip()) == words[index]}
            if not left:
                break
        comes_again = not left or len(set(numbers)) < len(numbers)
        why = f", though {len(numbers)} of its {len(cells)} cells are numbers" if numbers else ""
    elif (numbered := cells[not cells[0] :]) == [str(index) for index in range(len(numbered))]:
        comes_again = any([cell.strip() for cell in row] == cells for row in later)
        why = f", 0 to {len(numbered) - 1}"
    else:
        return False
    if comes_again:
        notify(
            f"{path}: the first line is taken for a row, since what it holds comes again further "
            "down; --header takes it for names of columns"
        )
    elif why:
        notify(
            f"{path}: the first line is taken for names of columns{why}; --no-header takes it for "
            "a row"
        )
    return not comes_again


def _form(text: str) -> str:
    """A word without its numbers, so that all dates and all numbered names are alike."""
    return re.sub(r"\d+", "9", text)
