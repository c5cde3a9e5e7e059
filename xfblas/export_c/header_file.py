"""``xfblas.write_header_file``: vectors and weights as a C header, for programs that verify."""

import os
from typing import Any

import numpy as np

from xfblas.arrays import seen
from xfblas.checks import require_integer
from xfblas.compiled.compiled_model import CompiledModel
from xfblas.errors import InvalidValueError
from xfblas.export_c.c_text import c_array
from xfblas.export_c.chain_of import chain_of
from xfblas.files import write_text
from xfblas.files.output_path import require_output
from xfblas.quantization import QuantizedNetwork


def write_header_file(
    model: CompiledModel,
    X: Any,
    y: Any,
    y_keras: Any,
    y_hls: Any,
    n: int,
    path: str | os.PathLike[str] = "data.h",
) -> None:
    """Writes a C header of test vectors and of the weights that the engine has.

    It defines ``N_SAMPLES``, ``N_X_INPUTS`` and ``N_Y_OUTPUTS`` (values in a row),
    ``data_X_inputs``, ``data_y_outputs``, ``data_y_keras_outputs`` and ``data_y_hls_outputs``
    (float, row by row), and
    of each layer ``N_W2``, ``w2``, ``N_B2``, ``b2``, then ``w4``, ``b4`` and so on: its integers.

    Args:
        model: a :class:`~xfblas.CompiledModel` of one chain on an integer image.
        X: (m, k) inputs, finite.
        y: (m, n) what they should give.
        y_keras: (m, n) what Keras predicts.
        y_hls: (m, n) what the engine predicts, with which a program compares its own.
        n: how many of the rows to write, 1 to m.
        path: of the file.

    Raises:
        InvalidValueError: an array has another shape, is empty or not finite, or n is beyond it.
        UnsupportedModelError: the model is no chain on an integer image.
        OSError: the file cannot be written.
    """
    network, path = chain_of(model), require_output("path", path)
    outputs = model.graph.outputs[0].shape[-1]
    arrays = {
        "X": _rows("X", X, network.features),
        "y": _rows("y", y, outputs),
        "y_keras": _rows("y_keras", y_keras, outputs),
        "y_hls": _rows("y_hls", y_hls, outputs),
    }
    rows = len(arrays["X"])
    for name, values in arrays.items():
        if len(values) != rows:
            raise InvalidValueError(f"{name} has {len(values)} rows, expected {rows}, as X has")
    n = require_integer("n", n, 1, rows)
    write_text(path, header_text({name: values[:n] for name, values in arrays.items()}, network))


def header_text(arrays: dict[str, np.ndarray], network: QuantizedNetwork | None = None) -> str:
    """The header of some rows, with the weights of a network.

    Args:
        arrays: float32 (m, ...) X, y, y_keras, y_hls.
        network: None for vectors alone.
    """
    rows, features = arrays["X"].shape
    outputs = arrays["y_hls"].shape[1]
    parts = [
        "/* Made by xfblas: rows, what they should give, and what the engine gives. */\n"
        "#ifndef XFBLAS_DATA_H\n#define XFBLAS_DATA_H\n",
        f"#define N_SAMPLES {rows}\n#define N_X_INPUTS {features}\n#define N_Y_OUTPUTS {outputs}\n",
    ]
    for index, layer in enumerate(network.layers if network else ()):
        number = 2 + 2 * index
        bias = layer.bias if layer.bias.ndim == 1 else layer.bias[0]
        sizes = {"W": layer.weights.size, "B": bias.size}
        parts += [f"#define N_{kind}{number} {size}\n" for kind, size in sizes.items()]
        parts += [c_array(f"w{number}", layer.weights), c_array(f"b{number}", bias)]
    names = {"X": "X_inputs", "y": "y_outputs", "y_keras": "y_keras_outputs"}
    names["y_hls"] = "y_hls_outputs"
    parts += [c_array(f"data_{name}", arrays[key]) for key, name in names.items()]
    return "\n".join([*parts, "#endif\n"])


def _rows(name: str, value: Any, width: int) -> np.ndarray:
    array = seen(name, value)
    if array.dtype.kind not in "fiub":
        raise InvalidValueError(f"{name} is {array.dtype}, expected real numbers")
    array = array.reshape(len(array), -1) if array.ndim > 2 and len(array) else array
    if array.ndim != 2 or array.shape[1] != width or len(array) == 0:
        raise InvalidValueError(f"{name} has shape {array.shape}, expected (rows, {width})")
    with np.errstate(over="ignore"):
        array = array.astype(np.float32)
    if not np.isfinite(array).all():
        row, column = np.argwhere(~np.isfinite(array))[0]
        raise InvalidValueError(
            f"{name} is {array[row, column]} at row {row}, column {column}, expected finite values"
        )
    return array
