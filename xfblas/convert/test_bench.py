"""Test vectors: inputs, and the outputs that a model should have for them."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xfblas.checks import require_path
from xfblas.errors import InvalidValueError
from xfblas.files import written
from xfblas.graph import ModelGraph
from xfblas.rows.arguments import converted_inputs, output_sources
from xfblas.rows.row_source import as_real
from xfblas.tables import all_rows, open_table

#: Text with white space between numbers, a row in a line.
TEXT = (".dat", ".txt")
NAMES = ("input_data_tb", "output_data_tb")


@dataclass(frozen=True)
class TestBench:
    """Test vectors.

    Attributes:
        inputs: (m, ...) or what ``predict`` takes; None without.
        outputs: (m, ...) likewise; of a bench that was checked a list with an array for each
            output.
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
        return cls(*(rows_of(*pair) for pair in zip(NAMES, (inputs, outputs), strict=True)))

    def fitted(self, graph: ModelGraph) -> "TestBench":
        """The same, once it was seen to fit a model.

        Raises:
            InvalidValueError: it does not; names the argument, its shape and what was expected.
        """
        if self.inputs is None:
            if self.outputs is not None:
                raise InvalidValueError(
                    "input_data_tb is None, but output_data_tb was given: expected the inputs that "
                    "it belongs to"
                )
            return self
        rows = len(self.arrays(graph)[0])
        if self.outputs is None:
            return self
        return TestBench(self.inputs, _fitted_outputs(self.outputs, graph, rows))

    def arrays(self, graph: ModelGraph) -> list[np.ndarray]:
        """All rows of every input, as the model takes them."""
        return converted_inputs(NAMES[0], self.inputs, graph.inputs)

    def write(self, folder: Path, graph: ModelGraph) -> dict[str, list[str]]:
        """Writes ``input_data_tb.npy`` and ``output_data_tb.npy``, several numbered.

        Returns:
            The names of the files of each, in order.
        """
        inputs = [] if self.inputs is None else self.arrays(graph)
        found = {}
        for name, values in zip(NAMES, (inputs, self.outputs or []), strict=True):
            endings = [""] if len(values) == 1 else [f"_{index}" for index in range(len(values))]
            found[name] = [f"{name}{ending}.npy" for ending in endings]
            for file_name, array in zip(found[name], values, strict=True):
                with written(folder / file_name) as file:
                    np.save(file, array, allow_pickle=False)
        return found


def rows_of(name: str, given: Any) -> Any:
    """What an argument holds: the rows of a file where it is the path of one.

    Raises:
        InvalidValueError: there is no such file, or it cannot be read.
    """
    if not isinstance(given, (str, bytes, os.PathLike)):
        return given
    path = Path(require_path(name, given))
    if path.suffix.lower() not in TEXT:
        try:
            return all_rows(open_table(path))
        except InvalidValueError as error:
            raise InvalidValueError(f"{name}: {error}") from None
    if not path.is_file():
        raise InvalidValueError(f"{name}: there is no file {path}")
    try:
        return np.loadtxt(path, np.float32, ndmin=2)
    except ValueError as error:
        raise InvalidValueError(f"{name}: {path}: {error}") from None


def _fitted_outputs(given: Any, graph: ModelGraph, rows: int) -> list[np.ndarray]:
    keys = [spec.key or spec.name for spec in graph.outputs]
    found = []
    for spec, source in zip(graph.outputs, output_sources(NAMES[1], given, keys), strict=True):
        if source is None:
            raise InvalidValueError(
                f"{NAMES[1]} has nothing for {spec.name}, expected values of every output"
            )
        values = as_real(source.name, source.chunk(0, source.rows))
        if values.shape == (rows,) and spec.shape[-1:] == (1,):
            values = values[:, np.newaxis]
        sizes = zip(values.shape[1:], spec.shape, strict=False)
        is_fit = values.ndim == len(spec.shape) + 1 and all(w in (None, n) for n, w in sizes)
        if not is_fit or len(values) != rows:
            wanted = ", ".join("any" if size is None else str(size) for size in spec.shape)
            raise InvalidValueError(
                f"{source.name} has shape {values.shape}, expected ({rows}, {wanted}): what "
                f"{spec.name} should give for each of the {rows} rows of {NAMES[0]}"
            )
        found.append(np.asarray(values, np.float64))
    return found
