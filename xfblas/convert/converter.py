"""``convert_from_keras_model``: a configured model with hls4ml's verbs, on this engine."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from xfblas.checks import names_keywords, require_names, require_path, require_text, shown
from xfblas.compiled.compiled_model import CompiledModel
from xfblas.compiled.compiler import compile as compile_model
from xfblas.convert.build import CSIM_ROWS, build
from xfblas.convert.project import write_project
from xfblas.convert.settings import Settings, settings_of
from xfblas.convert.test_bench import TestBench, rows_of
from xfblas.convert.traces import by_entry
from xfblas.errors import InvalidValueError, NotInitializedError
from xfblas.graph.reader import read_graph, read_source, require_onnx
from xfblas.image.boards import find_board
from xfblas.notices import notify
from xfblas.rows.arguments import converted_inputs
from xfblas.rows.streams import is_stream

#: Arguments of both ways to convert, by keyword.
OPTIONS = ("calib_data", "board", "part", "platform", "xclbin", "target", "device")
#: Arguments of engines with hardware for each layer.
DATAFLOW = ("io_type", "clock_period", "clock_uncertainty", "backend", "interface", "namespace")
#: What a file of :func:`convert_from_config` may say, and the argument that it is.
KEYS = {
    "KerasModel": "model", "KerasH5": "model", "OnnxModel": "model", "OutputDir": "output_dir",
    "ProjectName": "project_name", "InputData": "input_data_tb",
    "OutputPredictions": "output_data_tb", "CalibrationData": "calib_data", "Board": "board",
    "Part": "part", "XilinxPart": "part", "Platform": "platform", "Xclbin": "xclbin",
    "Target": "target", "HLSConfig": "hls_config", "KerasJson": "architecture",
    # What engines with hardware for each layer take, by the names of DATAFLOW.
    "IOType": "io_type", "ClockPeriod": "clock_period", "ClockUncertainty": "clock_uncertainty",
    "Backend": "backend", "Interface": "interface", "Namespace": "namespace",
}  # fmt: skip


#: Arguments that are paths in a file, beside which they begin.
PATHS = (
    "model", "output_dir", "input_data_tb", "output_data_tb", "calib_data", "xclbin",
    "architecture",
)  # fmt: skip


@names_keywords(*DATAFLOW)
def convert_from_keras_model(
    model: Any,
    output_dir: str | os.PathLike[str] = "my-xfblas-project",
    project_name: str = "myproject",
    input_data_tb: Any = None,
    output_data_tb: Any = None,
    hls_config: Any = None,
    *,
    calib_data: Any = None,
    board: str | None = None,
    part: str | None = None,
    platform: str | None = None,
    xclbin: str | os.PathLike[str] | None = None,
    target: str | None = None,
    device: Any = None,
    architecture: Any = None,
    **dataflow: Any,
) -> "ConvertedModel":
    """A model with what a configuration says of its layers.

    Args:
        model: a keras.Model or the path of its file.
        output_dir: folder of what :meth:`ConvertedModel.write` and ``build`` write.
        project_name: of the files there.
        input_data_tb, output_data_tb: test vectors, arrays or paths of ``.npy``, ``.dat``, CSV or
            parquet files: inputs, and the outputs that the model should have for them.
        hls_config: as :func:`config_from_keras_model` gives it; by default int16 on the engine.
        calib_data: rows to derive scales from, anything that ``predict`` takes; by default the
            inputs of the test vectors. A float32 configuration needs none.
        board: what ``build`` builds for, a folder of ``hw/platforms``; by default u200.
        part, platform: the same by the name of its FPGA, or of its platform in Vitis.
        xclbin, target, device: where it runs, as for :func:`xfblas.compile`.
        architecture: for a file that holds weights alone, see :func:`xfblas.read_network`.
        **dataflow: what engines with hardware for each layer take, such as ``io_type``: ignored,
            with one warning.

    Raises:
        InvalidValueError: the configuration or an argument has a key, name or value that there is
            not, such as a board; the test vectors cannot be read, or do not fit the model.
        UnsupportedModelError: lists every layer that neither engine nor host can run.
    """
    output_dir = require_path("output_dir", output_dir)
    require_text("project_name", project_name, "a name for files")
    for name, value in (("board", board), ("part", part), ("platform", platform)):
        if value is not None:
            require_text(name, value, f"the name of a {name}")
    board = find_board(board, part, platform)
    if dataflow:
        notify(
            f"{', '.join(dataflow)} is ignored: the engine is built once for all models, "
            "whose weights lie in its memory"
        )
    source = read_source(model, architecture)
    settings = settings_of(hls_config, source, architecture)
    bench = TestBench.of(input_data_tb, output_data_tb)
    graph = read_graph(source, architecture)
    bench = bench.fitted(graph)
    if not (calib_data is None or _comes_later(calib_data)):
        converted_inputs("calib_data", calib_data, graph.inputs, 1)
    where = {"xclbin": xclbin, "target": target, "device": device}
    return ConvertedModel(
        source, settings, bench, calib_data, Path(output_dir), project_name, board, where,
        architecture,
    )  # fmt: skip


@names_keywords(*OPTIONS, *DATAFLOW)
def convert_from_onnx_model(
    model: Any,
    output_dir: str | os.PathLike[str] = "my-xfblas-project",
    project_name: str = "myproject",
    input_data_tb: Any = None,
    output_data_tb: Any = None,
    hls_config: Any = None,
    **options: Any,
) -> "ConvertedModel":
    """An ONNX model with what a configuration says of its layers.

    Args:
        model: the path of an ``.onnx`` file, or an onnx.ModelProto. Files that hold its weights
            must lie in its folder.
        output_dir, project_name, input_data_tb, output_data_tb: as for
            :func:`convert_from_keras_model`.
        hls_config: as :func:`config_from_onnx_model` gives it; by default int16 on the engine.
        **options: ``calib_data``, ``board``, ``part``, ``platform``, ``xclbin``, ``target`` and
            ``device``, as for :func:`convert_from_keras_model`.

    Raises:
        InvalidValueError: as for :func:`convert_from_keras_model`.
        UnsupportedModelError: lists every node that neither engine nor host can run.
        NotSupportedError: onnx is not installed: ``xfblas[onnx]``.
    """
    require_onnx(model)
    return convert_from_keras_model(
        model, output_dir, project_name, input_data_tb, output_data_tb, hls_config, **options
    )


@names_keywords()
def convert_from_config(config: Any) -> "ConvertedModel":
    """A model from one dict, or the path of a YAML or JSON file that holds it.

    Args:
        config: ``KerasModel`` (a path, or a keras.Model in a dict) or ``OnnxModel``,
            ``KerasJson`` (the architecture of a file of weights), ``OutputDir``, ``ProjectName``,
            ``InputData``, ``OutputPredictions``, ``CalibrationData``, ``Board``, ``Part``,
            ``Platform``, ``Xclbin``, ``Target`` and ``HLSConfig``. Paths are relative to the file.
            ``IOType``, ``ClockPeriod`` and their kin are ignored, with one warning.

    Raises:
        InvalidValueError: there is no such file, or it has a key that there is not.
        NotSupportedError: a YAML file, but PyYAML is not installed: ``xfblas[convert]``.
    """
    from xfblas.convert.files import read_config

    folder = Path()
    if isinstance(config, (str, bytes, os.PathLike)):
        config = require_path("config", config)
        folder, config = Path(config).parent, read_config(config)
    if not isinstance(config, Mapping):
        raise InvalidValueError(f"config is {shown(config)}, expected a dict or a path")
    require_names("config", config, KEYS)
    given = {KEYS[key]: value for key, value in config.items() if value is not None}
    if "model" not in given:
        raise InvalidValueError(
            "config has no KerasModel and no OnnxModel, expected the path of a file"
        )
    for name in PATHS:
        if isinstance(given.get(name), str):
            given[name] = folder / given[name]
    if isinstance(given.get("calib_data"), Path):
        given["calib_data"] = rows_of("calib_data", given["calib_data"])
    return convert_from_keras_model(given.pop("model"), **given)


def _comes_later(calibration: Any) -> bool:
    """Whether it is batches, a folder or a function, which are not looked into before compiling."""
    is_function = callable(calibration) and not hasattr(calibration, "__array__")
    is_path = isinstance(calibration, (str, bytes, os.PathLike))
    return is_path or is_function or is_stream(calibration)


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
