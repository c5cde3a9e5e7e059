"""``convert_from_keras_model``: a configured model with hls4ml's verbs, on this engine."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xfblas.checks import (
    names_keywords,
    require_file,
    require_names,
    require_path,
    require_text,
    shown,
)
from xfblas.convert.converted_model import ConvertedModel
from xfblas.convert.settings import settings_of
from xfblas.convert.test_bench import TestBench, rows_of
from xfblas.device.default_images import TARGETS
from xfblas.errors import InvalidValueError
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
    if not project_name or Path(project_name).name != project_name:
        raise InvalidValueError(
            f"project_name is {shown(project_name)}, expected a name for files, without a folder"
        )
    for name, value in (("board", board), ("part", part), ("platform", platform)):
        if value is not None:
            require_text(name, value, f"the name of a {name}")
    board = find_board(board, part, platform)
    if target is not None:
        require_names("target", [require_text("target", target, "the name of one")], TARGETS)
    if xclbin is not None:
        require_file("xclbin", xclbin)
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
