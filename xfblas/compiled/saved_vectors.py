"""Vectors of a compiled model: it, rows, and what every layer gave for them, in one file.

A ``.npz`` file of plain arrays: ``about`` (JSON), ``model`` (the bytes of its ``.xfblas`` file),
``input.N``, ``layer.N`` and ``output.N``. `xfblas verify --vectors` replays it anywhere.
"""

import io
import json
import math
import os
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np

from xfblas.checks import require_path
from xfblas.compiled.saved_model import write_to
from xfblas.device.binding import version
from xfblas.errors import InvalidValueError
from xfblas.files import write_bytes
from xfblas.files.output_path import require_output
from xfblas.graph import HostStep, MapStep
from xfblas.rows.arguments import input_arrays

FORMAT, VERSION = "xfblas vectors", 1
#: Roundings of float32 that a function of the host may differ by between machines.
HOST_ROUNDINGS = 16
_DAMAGE = (OSError, KeyError, ValueError, TypeError, EOFError, zipfile.BadZipFile)


@dataclass(frozen=True)
class Vectors:
    """What a file of vectors holds.

    Attributes:
        about: format, version, xfblas (its version), name, dtype, and of layers and outputs, in the
            order of computation, ``name`` and ``roundings``: 0 where bytes are promised, else how
            many roundings of the largest value an element may differ by.
        model: bytes of a ``.xfblas`` file.
        inputs: arrays (m, ...).
        expected: arrays (m, ...) float32 of layers, then of outputs.
    """

    about: dict[str, Any]
    model: bytes
    inputs: list[np.ndarray]
    expected: list[np.ndarray]


def save_vectors(model: Any, path: str | os.PathLike[str], x: Any) -> None:
    """See :meth:`xfblas.CompiledModel.save_vectors`."""
    path = require_output("path", path)
    engine, inputs = model._require_open(), input_arrays(x, model.graph.inputs)
    if len(inputs[0]) == 0:
        raise InvalidValueError("x has no rows, expected 1 or more to save")
    _, layers = engine.trace(inputs)
    outputs = engine.outputs(inputs)
    on_host = _on_host(model)
    named = [(name, name in on_host) for name in layers]
    named += [(f"output {name}", True) for name in model.output_names]
    is_float = model.device.dtype.kind == "f" or not model.networks
    roundings = HOST_ROUNDINGS + (_steps_of_sums(model) if is_float else 0)
    if not is_float and engine.plain is not None and engine.plain.network.softmax is not None:
        named[-1] = (named[-1][0], False)
    about = {
        "format": FORMAT,
        "version": VERSION,
        "xfblas": version(),
        "name": model.graph.name,
        "dtype": str(model.device.dtype),
        "layers": [
            {"name": name, "roundings": roundings if is_float or rounds else 0}
            for name, rounds in named
        ],
    }
    stored = io.BytesIO()
    write_to(model, stored, 0)
    arrays = {
        "about": np.frombuffer(json.dumps(about).encode(), np.uint8),
        "model": np.frombuffer(stored.getbuffer(), np.uint8),
        **{f"input.{number}": array for number, array in enumerate(inputs)},
        **{f"layer.{number}": array for number, array in enumerate([*layers.values(), *outputs])},
    }
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    write_bytes(path, file.getbuffer())


def read_vectors(path: str | os.PathLike[str]) -> Vectors:
    """The vectors of a file that :func:`save_vectors` wrote; nothing in it is executed.

    Raises:
        InvalidValueError: there is no such file, or it is damaged, of another kind or newer.
    """
    where = require_path("vectors", path, "the path of a file of vectors")
    if not os.path.isfile(where):
        raise InvalidValueError(f"vectors is {where!r}: there is no such file")
    try:
        found = np.load(where, allow_pickle=False)
        if isinstance(found, np.ndarray):
            raise InvalidValueError("it holds one array")
        with found as file:
            about = json.loads(file["about"].tobytes())
            if about["format"] != FORMAT:
                raise InvalidValueError(f"format is {about['format']!r}")
            if about["version"] > VERSION:
                raise InvalidValueError(
                    f"its version is {about['version']}, this release reads up to {VERSION}"
                )
            for layer in about["layers"]:
                str(layer["name"]), int(layer["roundings"])
            inputs = [file[name] for name in _numbered(file.files, "input")]
            expected = [file[f"layer.{number}"] for number in range(len(about["layers"]))]
            return Vectors(about, file["model"].tobytes(), inputs, expected)
    except _DAMAGE as error:
        raise InvalidValueError(
            f"vectors is {where!r}, expected a file that save_vectors wrote: {error}"
        ) from None


def _numbered(names: list[str], kind: str) -> list[str]:
    return [f"{kind}.{number}" for number in range(sum(n.startswith(f"{kind}.") for n in names))]


def _on_host(model: Any) -> set[str]:
    """Names of the tensors that the host computes in float."""
    found = set()
    for step in model.graph.steps:
        if isinstance(step, HostStep):
            found.add(step.output)
        elif step.name not in model.networks:
            parts = step.steps if isinstance(step, MapStep) else step.network.layers
            found.update(part.output for part in parts)
    return found


def _steps_of_sums(model: Any) -> int:
    """Products that are added up on the way through all layers: each rounds once."""
    arrays = [layer.kernel for step in model.graph.engine_steps for layer in step.network.layers]
    arrays += [
        array
        for step in model.graph.map_steps
        for part in step.steps
        for array in part.arrays.values()
    ]
    return sum(math.prod(array.shape[:-1]) + 1 for array in arrays)
