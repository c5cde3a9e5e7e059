"""``.xfblas`` files: a compiled model in one HDF5 file, which needs neither Keras nor data.

    /                     attributes format, version, name, and JSON of everything that is no array
    /steps/<number>/...   arrays of the step: a layer's kernel and bias, or a host step's weights
    /networks/<number>    the quantized layers of that step, as QuantizedNetwork.to_group has it

Nothing in it is executed: functions of the host are named, and looked up in a table.
"""

import json
import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from xfblas.compiled.saved_graph import read_graph, write_graph
from xfblas.errors import InvalidValueError, XfblasError
from xfblas.file_kinds import XFBLAS, refuse_others
from xfblas.graph import HostStep, ModelGraph
from xfblas.quantization import QuantizedNetwork
from xfblas.scoring import Scoring
from xfblas.scoring.stored import plain_config

FORMAT = "xfblas model"
#: Files without centers of features and without tables have version 1, which earlier releases read;
#: those with centers alone 2.
VERSION = 3
#: What h5py and a damaged file's content raise, by experience.
_DAMAGE = (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError, IndexError)


def save(model: Any, path: str | os.PathLike[str]) -> None:
    """Writes a CompiledModel; a file of that name is replaced once the new one is whole.

    Raises:
        OSError: the file cannot be written.
    """
    path = Path(os.fsdecode(path))
    unfinished = path.with_name(path.name + ".part")
    try:
        with h5py.File(unfinished, "w") as file:
            _write(model, file)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def read(path: str | os.PathLike[str]) -> tuple[np.dtype, dict[str, Any]]:
    """The element type of a file that :func:`save` wrote, and what CompiledModel is made of.

    Raises:
        InvalidValueError: see :func:`xfblas.load`.
    """
    if not isinstance(path, (str, bytes, os.PathLike)):
        raise InvalidValueError(
            f"path is a {type(path).__name__}, expected the path of a .xfblas file: a model is for "
            "xfblas.compile or xfblas.accelerate"
        )
    where = os.fsdecode(path)
    refuse_others(where, "an xfblas model", XFBLAS)
    if not Path(where).is_file():
        raise InvalidValueError(f"{where}: there is no such file")
    try:
        with h5py.File(where, "r") as file:
            described = _description(file, where)
            graph = read_graph(file, described)
            networks = {
                name: QuantizedNetwork.from_group(file[f"networks/{number}"])
                for name, number in described["networks"].items()
            }
            dtype = np.dtype(described["dtype"])
            _check(graph, networks, dtype)
    except XfblasError as error:
        raise InvalidValueError(f"{where}: {str(error).removeprefix(f'{where}: ')}") from error
    except _DAMAGE as error:
        raise InvalidValueError(f"{where} is damaged or not an xfblas model: {error}") from error
    names = ("scoring", "penalty", "notes", "output_names")
    return dtype, {
        "graph": graph,
        "networks": networks,
        "host_reasons": described["host_reasons"],
        "scoring": Scoring(*(described[name] for name in names)),
        "calibration": described["calibration"],
    }


def is_saved_model(path: str | os.PathLike[str]) -> bool:
    """Whether a file was written by ``save``, by its content."""
    try:
        with h5py.File(os.fsdecode(path), "r") as file:
            return file.attrs.get("format") == FORMAT
    except OSError:
        return False


def _write(model: Any, file: h5py.Group) -> None:
    graph = write_graph(model.graph, file)
    numbers = {step.name: number for number, step in enumerate(model.graph.steps)}
    for name, network in model.networks.items():
        network.to_group(file.create_group(f"networks/{numbers[name]}"))
    scoring, left_out = plain_config(model.scoring.config, len(model.output_names) > 1)
    described = {
        **graph,
        "dtype": model.device.dtype.name,
        "networks": {name: numbers[name] for name in model.networks},
        "host_reasons": model.host_reasons,
        "calibration": model.calibration,
        "scoring": scoring,
        "penalty": model.scoring.penalty,
        "notes": [
            *model.scoring.notes,
            *(f"{name} is a function of the caller's own and was not saved" for name in left_out),
        ],
        "output_names": list(model.scoring.output_names),
    }
    file.attrs["format"] = FORMAT
    file.attrs["version"] = max(_version(step) for step in model.graph.steps)
    # An attribute of HDF5 holds 64 KiB at most, which a model of many layers exceeds.
    file["description"] = json.dumps(described)


def _version(step: Any) -> int:
    if isinstance(step, HostStep):
        return 2 if step.takes_double else 1
    if any(layer.has_table for layer in step.network.layers):
        return 3
    return 1 if step.network.center is None else 2


def _description(file: h5py.Group, where: str) -> dict[str, Any]:
    if file.attrs.get("format") != FORMAT:
        raise InvalidValueError(
            f"{where} is not an xfblas model, expected a file that CompiledModel.save wrote: "
            "compile a Keras file with xfblas.compile or `xfblas quantize`"
        )
    version = int(file.attrs["version"])
    if version > VERSION:
        raise InvalidValueError(
            f"{where} has version {version}, expected up to {VERSION}: a newer xfblas wrote it"
        )
    return json.loads(file["description"][()])


def _check(graph: ModelGraph, networks: dict[str, QuantizedNetwork], dtype: np.dtype) -> None:
    """Raises unless every quantized network belongs to a step of the graph and to the image."""
    steps = {step.name: step for step in graph.engine_steps}
    for name, network in networks.items():
        if name not in steps or network.features != steps[name].network.input_units:
            raise InvalidValueError(f"network {name!r} does not belong to a step of the model")
        if network.dtype != dtype:
            raise InvalidValueError(f"network {name} is {network.dtype}, expected {dtype}")
