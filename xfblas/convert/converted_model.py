"""``ConvertedModel``: a configured model with hls4ml's verbs."""

import os
from pathlib import Path
from typing import Any, Self

import numpy as np

from xfblas.checks import names_keywords
from xfblas.compiled.compiled_model import CompiledModel
from xfblas.compiled.compiler import compile as compile_model
from xfblas.convert.build import CSIM_ROWS, build
from xfblas.convert.project import write_project
from xfblas.convert.settings import Settings
from xfblas.convert.test_bench import TestBench
from xfblas.convert.traces import by_entry
from xfblas.errors import InvalidValueError, NotInitializedError


class ConvertedModel:
    """A model with the verbs of hls4ml. Made by :func:`convert_from_keras_model` and its kin.

    Attributes:
        settings: what the configuration says of each layer.
        test_bench: the test vectors.
        output_dir, project_name, board: see :func:`convert_from_keras_model`.
    """

    def __init__(
        self,
        source: Any,
        settings: Settings,
        test_bench: TestBench,
        calibration: Any,
        output_dir: Path,
        project_name: str,
        board: str,
        where: dict[str, Any],
        architecture: Any = None,
    ):
        self.settings, self.test_bench = settings, test_bench
        self.output_dir, self.project_name, self.board = output_dir, project_name, board
        self._source, self._architecture, self._where = source, architecture, where
        self._calibration = test_bench.inputs if calibration is None else calibration
        self._compiled: CompiledModel | None = None

    def compile(self) -> None:
        """Quantizes the model and puts it on the engine; the first call that needs it does so.

        Raises:
            InvalidValueError: there are neither ``calib_data`` nor ``input_data_tb``.
        """
        self.close()
        self._compiled = self._on(self._where)

    def _on(self, where: dict[str, Any]) -> CompiledModel:
        is_float = self.settings.bits == 32
        if self._calibration is None and not is_float:
            raise InvalidValueError(
                "calib_data is None: typical input rows are needed to derive scales from; pass "
                "them, or input_data_tb, or configure Precision float32"
            )
        options = {} if is_float else dict(self.settings.quantization)
        if self.settings.weight_bits and not is_float:
            options["weight_bits"] = self.settings.weight_bits
        if self.settings.ranges and not is_float:
            options["ranges"] = self.settings.ranges
        if self.settings.softmax:
            options["softmax"] = self.settings.softmax
        return compile_model(
            self._source,
            None if is_float else self._calibration,
            bits=self.settings.bits,
            architecture=self._architecture,
            on_host=self.settings.on_host,
            **where,
            **options,
        )

    @property
    def compiled(self) -> CompiledModel:
        """The :class:`~xfblas.CompiledModel`: evaluate, statistics, summary and the rest."""
        if self._compiled is None:
            self.compile()
        assert self._compiled is not None
        if self._compiled.closed:
            raise NotInitializedError("the converted model was closed: call compile() again")
        return self._compiled

    def predict(self, x: Any, **options: Any) -> Any:
        """The model's output, as :meth:`xfblas.CompiledModel.predict` returns it."""
        return self.compiled.predict(x, **{"verbose": 0, **options})

    def trace(self, x: Any) -> tuple[Any, dict[str, np.ndarray]]:
        """The output, and what each layer gives, without compiling anything again.

        Args:
            x: as for :meth:`predict`.

        Returns:
            What :meth:`predict` returns, and float32 arrays (m, ...) by name: ``dense`` before its
            activation, ``dense_relu`` after it, as configurations call them. Where the
            configuration says ``Trace`` of some, those alone. Layers that are part of others, such
            as a folded normalization, have no values of their own.
        """
        output, found = self.compiled.trace(x, preactivations=True)
        values = by_entry(found, self.settings)
        return output, {name: values[name] for name in self.settings.traced if name in values}

    @names_keywords()
    def build(
        self,
        csim: bool = True,
        synth: bool = False,
        bitfile: bool = False,
        csim_rows: int | None = CSIM_ROWS,
    ) -> dict[str, Any]:
        """Runs the test vectors on the kernels' source, and tells what a board would take.

        Args:
            csim: run the test vectors on target csim, and compare them byte by byte with native.
            synth: have v++ compile the kernels for the board.
            bitfile: have v++ link the whole image.
            csim_rows: of the test vectors, that csim runs from the first one on; None for all. A
                warning tells of those that are left out.

        Returns:
            A report with hls4ml's key names. Where no tool ran, ``CSynthesisReport`` has the cycle
            model's figures, and says so in ``Source``. ``CSimRows`` of ``CSimRowsGiven`` rows ran.
            With ``output_data_tb``, ``OutputComparison`` has for each output the
            ``LargestDifference`` of all rows from it, the ``Row`` of that, and how many
            ``DifferingLabels`` there are.

        Raises:
            InvalidValueError: csim without test vectors, or csim_rows is no such number.
            NotSupportedError: v++ or g++ is needed but not installed.
        """
        return build(self.compiled, self.test_bench, self.board, csim, synth, bitfile, csim_rows)

    def write(self) -> Path:
        """Writes the model and the test vectors into ``output_dir``, and returns that.

        ``xfblas build -p output_dir`` and :func:`build_project` go on from there.
        """
        write_project(
            self.output_dir, self.project_name, self.board, self.compiled, self.test_bench
        )
        return self.output_dir

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the compiled model into one file that :func:`xfblas.load` reads."""
        self.compiled.save(path)

    def close(self) -> None:
        """Frees what the model holds on the device; safe to call twice."""
        if self._compiled is not None:
            self._compiled.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "not compiled" if self._compiled is None else repr(self._compiled)
        return f"<xfblas.ConvertedModel {self.project_name}: {state}>"
