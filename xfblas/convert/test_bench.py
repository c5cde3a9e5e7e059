"""Test vectors: inputs, and the outputs that a model should have for them."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xfblas.checks import require_path
from xfblas.errors import InvalidValueError
from xfblas.files import written
from xfblas.tables import all_rows, open_table

#: Text with white space between numbers, a row in a line.
TEXT = (".dat", ".txt")


@dataclass(frozen=True)
class TestBench:
    """Test vectors.

    Attributes:
        inputs: (m, ...) or what ``predict`` takes; None without.
        outputs: (m, ...) likewise.
    """

    __test__ = False  # pytest would take the name for a test's.

    inputs: Any = None
    outputs: Any = None

    @classmethod
    def of(cls, inputs: Any, outputs: Any) -> "TestBench":
        """Arrays, or the rows of files.

        Raises:
            InvalidValueError: there is no such file, or it cannot be read.
        """
        return cls(_rows("input_data_tb", inputs), _rows("output_data_tb", outputs))

    def write(self, folder: Path) -> None:
        """Writes ``input_data_tb.npy`` and ``output_data_tb.npy``, where there are any."""
        for name, values in (("input_data_tb", self.inputs), ("output_data_tb", self.outputs)):
            if values is not None:
                with written(folder / f"{name}.npy") as file:
                    np.save(file, np.asarray(values), allow_pickle=False)


def _rows(name: str, given: Any) -> Any:
    if not isinstance(given, (str, bytes, os.PathLike)):
        return given
    path = Path(require_path(name, given))
    if path.suffix.lower() not in TEXT:
        return all_rows(open_table(path))
    if not path.is_file():
        raise InvalidValueError(f"{name}: there is no file {path}")
    try:
        return np.loadtxt(path, np.float32, ndmin=2)
    except ValueError as error:
        raise InvalidValueError(f"{name}: {path}: {error}") from None
