"""The lines of a text file, which may be compressed."""

import gzip
import zlib
from pathlib import Path

from xfblas.errors import InvalidValueError


class TextLines:
    """An iterator over the lines of a file in UTF-8, also compressed by gzip.

    Args:
        path: of the file.

    Attributes:
        taken: how many lines it gave.

    Raises:
        InvalidValueError: from the iterator: it is no text.
    """

    def __init__(self, path: Path):
        self.path = path
        self.taken = 0
        opened = gzip.open if path.suffix.lower() == ".gz" else open
        # Open from line to line: close, or the end of a with block, closes it.
        self._file = opened(path, "rt", encoding="utf-8-sig", newline="")

    def __next__(self) -> str:
        try:
            line = next(self._file)
        except (UnicodeDecodeError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InvalidValueError(
                f"{self.path} cannot be read as CSV: no text in UTF-8 after line {self.taken}: "
                f"{error}"
            ) from None
        self.taken += 1
        return line

    def __iter__(self):
        return self

    def close(self) -> None:
        """Closes the file; safe to call twice."""
        self._file.close()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()
