"""CSV files of rows, read a chunk at a time."""

import contextlib
import csv
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.tables import column_choice
from xfblas.tables.column_choice import drop_hint, is_single, label_of
from xfblas.tables.first_line import (
    delimiter_of,
    has_commas,
    holds_names,
    is_missing,
    number,
)
from xfblas.tables.text_lines import TextLines

#: Lines that tell what separates cells, and rows that tell whether the first line is one of them.
FIRST_LINES = 10
FIRST_ROWS = 65536


class CsvTable:
    """A CSV file, with or without a line of names, also compressed by gzip.

    Args:
        path: of the file.
        drop, strict: columns to leave out, see :func:`~xfblas.tables.column_choice.kept`.
        header: whether the first line is names; None to tell by the file, see
            :func:`~xfblas.tables.first_line.holds_names`.
        row_count: how many rows it should have, where that is known: it tells as well.

    Attributes:
        path: of the file.
        names: of all columns that are left; None where the file has no line of names.
        columns: places in the file of the columns that are left, from 0.
        rows: None, since only reading the file tells.

    Raises:
        InvalidValueError: it is no text, begins with an empty line, or a column to drop is not
            there; later, with the number of the line, for a row that is longer or shorter than the
            first line and for a cell that is no finite number in float32.
    """

    rows = None

    def __init__(self, path: Path, drop=(), header=None, *, strict=True, row_count=None):
        self.path = path
        with TextLines(path) as lines:
            first = list(itertools.islice(lines, FIRST_LINES))
        if not "".join(first[:1]).replace('"', "").strip():
            raise InvalidValueError(
                f"{path} cannot be read as CSV: No columns, it begins with an empty line, expected "
                "numbers or names"
            )
        self._delimiter = delimiter_of(first)
        self._count, self._all_names = None, None
        with TextLines(path) as lines:
            records = self._records(lines)
            cells = [cell.strip() for cell in next(records)[1]]
            self._count, first_lines = len(cells), lines.taken
            later = _readable(records)
            if row_count is not None:
                later = list(later)
                header = {row_count: True, row_count - 1: False}.get(len(later), header)
            if header is None:
                header = holds_names(path, cells, itertools.islice(later, FIRST_ROWS))
        # numpy.savetxt writes names as a comment.
        self._all_names = [cells[0].removeprefix("# "), *cells[1:]] if header else None
        self._first_lines = first_lines if header else 0
        self.columns = column_choice.kept(path, self._count, self._all_names, drop, strict=strict)
        self.names = tuple(self._all_names[index] for index in self.columns) if header else None

    def chunks(self, size: int) -> Iterator[np.ndarray]:
        """Float64 arrays (m, columns) of at most ``size`` rows, in the order of the file."""
        with self._data_lines() as lines:
            row = 0
            while part := list(itertools.islice(lines, size)):
                before = lines.taken - len(part)
                numbers = self._quick(part)
                if numbers is None:
                    numbers = self._careful(part, lines, before, row)
                row += len(numbers)
                if len(numbers):
                    yield numbers

    def texts(self, column) -> list[str]:
        """The cells of one column of the file, by its name or number.

        Raises:
            InvalidValueError: there is no such column, or a cell is empty.
        """
        index = column_choice.position(self.path, column, self._count, self._all_names)
        found: list[str] = []
        empty = []
        with self._data_lines() as lines:
            for line, cells in self._records(lines, lines.taken):
                found.append(cells[index].strip())
                if not found[-1]:
                    empty.append((len(found), line))
        if empty:
            raise InvalidValueError(
                f"{self.path}: {self._cell(index, '', *empty[0])}, expected a label "
                f"({len(empty)} such rows)"
            )
        return found

    def _data_lines(self) -> TextLines:
        lines = TextLines(self.path)
        for _ in range(self._first_lines):
            next(lines)
        return lines

    def _records(self, lines, before=0, row=0, limit=None):
        """The number of the line and the cells of each row, after so many lines and rows.

        A row begins in one of the first ``limit`` lines; it may end in a later one.
        """
        if self._delimiter == " ":
            lines = (line.strip() for line in lines)
        reader = csv.reader(lines, delimiter=self._delimiter, skipinitialspace=True)
        while limit is None or reader.line_num < limit:
            line = before + reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise InvalidValueError(
                    f"{self.path} cannot be read as CSV: line {line}: {error}"
                ) from None
            row += 1
            if len(cells) <= 1 and not "".join(cells).strip():
                if self._count == 1 and any(rest.strip() for rest in lines):
                    raise InvalidValueError(
                        f"{self.path}: {self._cell(0, '', row, line)}, expected a value"
                    )
                row -= 1
                continue
            if self._count not in (None, len(cells)):
                raise self._other_width(len(cells), row, line)
            yield line, cells

    def _quick(self, lines: list[str]) -> np.ndarray | None:
        """The numbers of plain lines; None where a closer look is needed."""
        mark = self._delimiter
        plain = [_unquoted(line, mark) if '"' in line else line for line in lines]
        if any(line.isspace() for line in plain):
            return None
        if mark == " ":
            counts = (len(line.split()) - 1 for line in plain)
        else:
            counts = (line.count(mark) for line in plain)
        if set(counts) != {self._count - 1}:
            return None
        try:
            found = np.loadtxt(
                lines,
                np.float64,
                delimiter=None if mark == " " else mark,
                usecols=self.columns,
                ndmin=2,
                quotechar='"',
                comments=None,
            )
        except ValueError:
            return None
        return found if is_single(found).all() else None

    def _careful(self, part, lines, before, row) -> np.ndarray:
        """The numbers of any lines, or an error that names the first cell that holds none."""
        found = list(self._records(itertools.chain(part, lines), before, row, len(part)))
        texts = [[cells[index] for index in self.columns] for _, cells in found]
        numbers = np.array([list(map(number, row)) for row in texts], np.float64)
        numbers = numbers.reshape(len(texts), len(self.columns))
        wrong = ~is_single(numbers)
        if not wrong.any():
            return numbers
        index, column = np.argwhere(wrong)[0]
        text, place = texts[index][column].strip(), self.columns[column]
        rows = int(wrong[:, column].sum())
        hint = ""
        if has_commas(text):
            hint = ": a number has a decimal point, and no commas"
        elif rows == len(texts):
            hint = f": {drop_hint(self._all_names, place)}"
        kind = ", a missing value" if is_missing(text) else ""
        raise InvalidValueError(
            f"{self.path}: not numbers in the {len(part)} lines from line {before + 1} on: "
            f"{self._cell(place, text, row + index + 1, found[index][0])}{kind}, expected a finite "
            f"number ({rows} such rows){hint}"
        )

    def _cell(self, column: int, text: str, row: int, line: int) -> str:
        label, shown = label_of(self._all_names, column), repr(text) if text else "nothing"
        return f"{label} has {shown} in row {row} of the data (line {line})"

    def _other_width(self, width: int, row: int, line: int) -> InvalidValueError:
        if width < self._count:
            why = self._cell(width, "", row, line)
        else:
            why = "names of rows, decimal commas, or a separator within a cell"
        return InvalidValueError(
            f"{self.path} cannot be read as CSV: line {line} has {width} cells, but the first line "
            f"has {self._count}: {why}"
        )


def _unquoted(line: str, mark: str) -> str:
    """The line without what stands in quotes; an empty one where that takes a closer look."""
    parts = line.split('"')
    begins = all(not before or before.endswith(mark) for before in parts[:-1:2])
    # Between spaces a cell that is empty would be none.
    return "".join(parts[::2]) if begins and len(parts) % 2 and mark != " " else " "


def _readable(records) -> Iterator[list[str]]:
    """The cells of rows up to one that cannot be read, which is told when it is needed."""
    with contextlib.suppress(InvalidValueError):
        for _, cells in records:
            yield cells
