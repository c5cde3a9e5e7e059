"""``.xfblas`` files: a compiled model in one HDF5 file, which needs neither Keras nor data.

    /                     attributes format, version, name, and JSON of everything that is no array
    /steps/<number>/...   arrays of the step: a layer's kernel and bias, or a host step's weights
    /networks/<number>    the quantized layers of that step, as QuantizedNetwork.to_group has it
    /calibration/<number> some of the calibration rows of that input, if there were any

Nothing in it is executed: functions of the host are named, and looked up in a table.
"""

import io
import json
import math
import os
from typing import Any, BinaryIO

import h5py
import numpy as np

from xfblas.checks import require_path
from xfblas.compiled.recipe import SAVED_BYTES, SAVED_ROWS
from xfblas.compiled.saved_graph import read_graph, write_graph
from xfblas.compiled.saved_schema import require_description
from xfblas.errors import AllocationError, InvalidValueError, XfblasError
from xfblas.file_kinds import XFBLAS, XFBLAS_FORMAT, kind_of, refuse_others, require_kind
from xfblas.files import written
from xfblas.graph import HostStep, MapStep, ModelGraph
from xfblas.hdf5 import Group, open_file
from xfblas.layers.placement import TABLES
from xfblas.quantization import QuantizedMaps, QuantizedNetwork
from xfblas.quantization.maps.storage import FORMAT as MAPS_FORMAT
from xfblas.quantization.maps.storage import read_maps, write_maps
from xfblas.scoring import Scoring
from xfblas.scoring.stored import plain_config

#: Files without centers of features and without tables have version 1, which earlier releases read;
#: those with centers alone 2, with tables of tanh and sigmoid 3, of other functions 4, those with
#: steps over maps 5, those that preprocess images 6.
VERSION = 6
#: What a damaged file's content raises, by experience.
_DAMAGE = (OSError, LookupError, ValueError, TypeError, AttributeError, RuntimeError)


def save(model: Any, path: str | os.PathLike[str], rows: int = SAVED_ROWS) -> None:
    """Writes a CompiledModel; a file of that name is replaced once the new one is whole.

    Raises:
        InvalidValueError: the path is none.
        OSError: the file cannot be written; names the path, and the bytes where there is no space.
    """
    with written(path) as output:
        write_to(model, output, rows)


def write_to(model: Any, output: BinaryIO, rows: int) -> None:
    """Writes a CompiledModel to an open file, with so many of its calibration rows."""
    # In memory, because HDF5 itself ends the process where a disk fills up.
    image = io.BytesIO()
    with h5py.File(image, "w") as file:
        _write(model, file, rows)
    output.write(image.getbuffer())


def read(path: str | os.PathLike[str], trusted: bool = False) -> tuple[np.dtype, dict[str, Any]]:
    """The element type of a file that :func:`save` wrote, and what CompiledModel is made of.

    Raises:
        InvalidValueError, AllocationError: see :func:`xfblas.load`.
    """
    if not isinstance(path, (str, bytes, os.PathLike)):
        raise InvalidValueError(
            f"path is a {type(path).__name__}, expected the path of a .xfblas file: a model is for "
            "xfblas.compile or xfblas.accelerate"
        )
    where = require_path("path", path, "the path of a .xfblas file")
    refuse_others(where, "an xfblas model", XFBLAS)
    if not os.path.isfile(where):
        raise InvalidValueError(f"{where}: there is no such file")
    try:
        with open_file(where, trusted) as file:
            described = _description(file, where)
            graph = read_graph(file, described)
            networks = {
                name: _network(file[f"networks/{number}"])
                for name, number in described["networks"].items()
            }
            dtype = np.dtype(described["dtype"])
            inputs = _calibration_rows(file, graph)
            _check(graph, networks, described)
    except AllocationError:
        raise
    except MemoryError as error:
        raise AllocationError(f"{where}: there is no memory for what it holds: {error}") from error
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
        "recipe": _recipe(described.get("recipe", {}), dtype, inputs),
    }


def _recipe(described: dict[str, Any], dtype: np.dtype, inputs: Any) -> dict[str, Any]:
    """What a Recipe is made of; files of earlier releases have neither rows nor options."""
    options = {**described.get("options", {}), "bits": 8 * dtype.itemsize}
    return {
        "inputs": inputs,
        "options": options,
        "softmax": described.get("softmax"),
        "on_host": tuple(described.get("on_host", ())),
        "has_tables": bool(described.get("has_tables", False)),
    }


def _calibration_rows(file: Group, graph: ModelGraph) -> list[np.ndarray] | None:
    """The rows of each input that the file keeps, if it does."""
    if "calibration" not in file:
        return None
    found = [file[f"calibration/{index}"][()] for index in range(len(graph.inputs))]
    shapes = [(len(found[0]), *spec.shape) for spec in graph.inputs]
    for rows, spec, shape in zip(found, graph.inputs, shapes, strict=True):
        is_fit = rows.ndim == len(shape) and all(
            size in (None, one) for size, one in zip(shape, rows.shape, strict=True)
        )
        if not is_fit or rows.dtype.kind not in "fi" or not len(rows):
            raise InvalidValueError(
                f"calibration rows of {spec.name} are {rows.dtype} {rows.shape}, expected "
                f"numbers of shape {shape}"
            )
        if not np.isfinite(rows).all():
            raise InvalidValueError(f"calibration rows of {spec.name} are not finite")
    return found


def is_saved_model(path: str | os.PathLike[str]) -> bool:
    """Whether a file was written by ``save``, by its content."""
    return kind_of(path) is XFBLAS


def _write(model: Any, file: h5py.Group, rows: int) -> None:
    graph = write_graph(model.graph, file)
    numbers = {step.name: number for number, step in enumerate(model.graph.steps)}
    for name, network in model.networks.items():
        group = file.create_group(f"networks/{numbers[name]}")
        write_maps(network, group) if isinstance(network, QuantizedMaps) else network.to_group(
            group
        )
    if rows and model.recipe is not None and model.recipe.inputs is not None:
        # Rows by which the scales of other weights are derived.
        for index, values in enumerate(model.recipe.inputs):
            fitting = max(1, SAVED_BYTES // max(1, values[0].nbytes)) if len(values) else 1
            file[f"calibration/{index}"] = values[:: -(-len(values) // min(rows, fitting))]
    scoring, left_out = plain_config(model.scoring.config, len(model.output_names) > 1)
    described = {
        **graph,
        "dtype": model.device.dtype.name,
        "networks": {name: numbers[name] for name in model.networks},
        "host_reasons": model.host_reasons,
        "calibration": model.calibration,
        **({} if model.recipe is None else {"recipe": model.recipe.description()}),
        "scoring": scoring,
        "penalty": model.scoring.penalty,
        "notes": [
            *model.scoring.notes,
            *(f"{name} is a function of the caller's own and was not saved" for name in left_out),
        ],
        "output_names": list(model.scoring.output_names),
    }
    file.attrs["format"] = XFBLAS_FORMAT
    preprocesses = any(spec.preprocessing is not None for spec in model.graph.inputs)
    file.attrs["version"] = 6 if preprocesses else max(map(_version, model.graph.steps))
    # An attribute of HDF5 holds 64 KiB at most, which a model of many layers exceeds.
    file["description"] = json.dumps(described)


def _network(group: Group) -> QuantizedNetwork | QuantizedMaps:
    if group.attrs.get("format") == MAPS_FORMAT:
        return read_maps(group)
    return QuantizedNetwork.from_group(group)


def _version(step: Any) -> int:
    if isinstance(step, MapStep):
        return 5
    if isinstance(step, HostStep):
        return 2 if step.takes_double else 1
    tables = [layer.activation for layer in step.network.layers if layer.has_table]
    if tables:
        return 3 if set(tables) <= set(TABLES) else 4
    return 1 if step.network.center is None else 2


def _description(file: Group, where: str) -> dict[str, Any]:
    require_kind(file, where, "an xfblas model", XFBLAS)
    if file.attrs.get("format") != XFBLAS_FORMAT:
        raise InvalidValueError(
            f"{where} is not an xfblas model, expected a file that CompiledModel.save wrote: "
            "compile a Keras file with xfblas.compile or `xfblas quantize`"
        )
    version = int(file.attrs["version"])
    if version > VERSION:
        raise InvalidValueError(
            f"{where} has version {version}, expected up to {VERSION}: a newer xfblas wrote it"
        )
    described = json.loads(file["description"][()])
    require_description(described)
    return dict(described)


def _check_maps(step: MapStep, network: QuantizedMaps, dtype: str) -> None:
    given = network.network.map(network.network.input)
    stored = network.network.map(network.network.output.map)
    sizes = (
        (given.height * given.width * given.channels, step.input_shape),
        (stored.height * stored.width * network.network.output_channels, step.output_shape),
    )
    is_fit = network.output_shape == step.output_shape
    if not is_fit or any(size != math.prod(shape) for size, shape in sizes):
        raise InvalidValueError(f"network {step.name!r} does not belong to a step of the model")
    if network.dtype.name != dtype:
        raise InvalidValueError(f"network {step.name} is {network.dtype}, expected {dtype}")


def _check(graph: ModelGraph, networks: dict[str, Any], described: Any) -> None:
    """Raises unless each chain has its quantized layers, or a reason why it has none."""
    dtype, reasons = described["dtype"], described["host_reasons"]
    steps = {step.name: step for step in graph.engine_steps}
    maps = {step.name: step for step in graph.map_steps}
    for name, network in networks.items():
        if name in maps and isinstance(network, QuantizedMaps):
            _check_maps(maps[name], network, dtype)
            continue
        if isinstance(network, QuantizedMaps):
            raise InvalidValueError(f"network {name!r} does not belong to a step of the model")
        chain = steps[name].network if name in steps else None
        outputs = network.output_units // network.output_windows
        is_fit = chain is not None and (
            network.features == chain.input_units
            and outputs == chain.output_units
            and len(network.layers) == len(chain.layers)
        )
        if not is_fit:
            raise InvalidValueError(f"network {name!r} does not belong to a step of the model")
        if network.dtype.name != dtype:
            raise InvalidValueError(f"network {name} is {network.dtype}, expected {dtype}")
    for name in (*steps, *maps):
        if (name in networks) == (name in reasons):
            raise InvalidValueError(
                f"step {name!r} has {'both' if name in networks else 'neither'} a quantized "
                f"network {'and' if name in networks else 'nor'} a reason for the host, expected "
                "one of them"
            )
