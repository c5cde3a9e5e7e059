"""``xfblas.write_c_project``: a compiled model as a folder of C99."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from xfblas.arrays import as_rows
from xfblas.checks import require_integer, require_path
from xfblas.compiled.compiled_model import CompiledModel
from xfblas.errors import InvalidValueError
from xfblas.export_c.blob import MOST_ROWS, ROWS, Blob, make_blob
from xfblas.export_c.c_text import c_words
from xfblas.export_c.chain_of import chain_of
from xfblas.export_c.header_file import header_text
from xfblas.files import write_all
from xfblas.program.prediction import finished
from xfblas.quantization import QuantizedNetwork

SOURCES = Path(__file__).parent / "sources"
#: Rows of the vectors that main.c checks.
SAMPLES = 16
MOST_SAMPLES = 100_000
#: Parameters of other weights may take more bytes: more digits of inputs, more of a table.
SPARE_PARAMETERS = 4096

SIZES = """\
/* Made by xfblas export-c: what the program is built for. */
#ifndef XFBLAS_SIZES_H
#define XFBLAS_SIZES_H

#include <stddef.h>
#include <stdint.h>

#define XFBLAS_FEATURES {features}u /* floats in a row */
#define XFBLAS_OUTPUTS {outputs}u /* floats in a row of results */
#define XFBLAS_ELEMENT_BYTES {element_bytes}u /* of the kernel's integers */
#define XFBLAS_ROWS_OF_A_RUN {rows}u
#define XFBLAS_PARAMETER_BYTES {parameter_bytes}u /* that other weights may take besides pages */
#define XFBLAS_LEAST_MEMORY {memory}u /* bytes of the platform's memory: two halves */
#ifndef XFBLAS_TIMEOUT_MICROSECONDS
#define XFBLAS_TIMEOUT_MICROSECONDS 1000000u
#endif

extern const uint64_t xfblas_blob[];
extern const size_t xfblas_blob_size;

#endif
"""


def write_c_project(
    model: CompiledModel,
    folder: str | os.PathLike[str],
    x: Any = None,
    *,
    rows: int = ROWS,
    samples: int = SAMPLES,
) -> None:
    """Writes a C99 project that predicts with a model on a Zynq, without any dependency.

    The folder gets the sources, the model as ``model_blob.c`` and as ``model.bin``, and vectors as
    ``data.h`` and ``vectors.bin``, which its ``main.c`` compares bit for bit. ``model.bin`` of
    another training is what ``xfblas_load_weights`` takes while the program runs. See
    docs/zynq.md.

    Args:
        model: of one chain of dense layers, compiled with ``bits=16`` or ``8``.
        folder: made where it is missing; files of other names stay.
        x: (m, k) rows for the vectors; by default drawn from the range of the inputs.
        rows: that one run of the kernel takes at most, 1 to 65536; they need memory.
        samples: rows of vectors, 1 to 100000, at most those of ``x``.

    Raises:
        InvalidValueError: an argument cannot be used.
        UnsupportedModelError: the model is no chain on an integer image, or ends in an activation
            that C does not compute to the bit.
        OSError: a file cannot be written.
    """
    network = chain_of(model)
    folder = Path(require_path("folder", folder))
    rows = require_integer("rows", rows, 1, MOST_ROWS)
    samples = require_integer("samples", samples, 1, MOST_SAMPLES)
    if folder.exists() and not folder.is_dir():
        raise InvalidValueError(f"folder is {str(folder)!r}, a file, expected a folder")
    blob = make_blob(network, rows)
    vectors = _vectors(network, x, samples)
    # What the engine computes, to the bit; the model's own counts of its inputs stay as they are.
    expected = finished(network, _elements(network, vectors))
    files = {path.name: path.read_bytes() for path in SOURCES.iterdir() if path.is_file()}
    files |= _made(blob, vectors, np.ascontiguousarray(expected, np.float32))
    folder.mkdir(parents=True, exist_ok=True)
    write_all({folder / name: content for name, content in files.items()})


def _made(blob: Blob, vectors: np.ndarray, expected: np.ndarray) -> dict[str, bytes]:
    page_bytes = 4096
    sizes = SIZES.format(
        features=blob.features,
        outputs=blob.outputs,
        element_bytes=blob.element_bytes,
        rows=blob.rows,
        parameter_bytes=-(-(2 * blob.parameter_bytes + SPARE_PARAMETERS) // 8) * 8,
        memory=2 * blob.pages.pages * page_bytes,
    )
    source = (
        "/* Made by xfblas export-c: the model that model.bin holds too. */\n"
        '#include "xfblas_sizes.h"\n\n'
        f"{c_words('xfblas_blob', blob.content)}\n"
        "const size_t xfblas_blob_size = sizeof xfblas_blob;\n"
    )
    arrays = {"X": vectors, "y": expected, "y_keras": expected, "y_hls": expected}
    return {
        "xfblas_sizes.h": sizes.encode(),
        "model_blob.c": source.encode(),
        "model.bin": blob.content,
        "data.h": header_text(arrays).encode(),
        "vectors.bin": vectors.astype("<f4").tobytes() + expected.astype("<f4").tobytes(),
    }


def _elements(network: QuantizedNetwork, vectors: np.ndarray) -> np.ndarray:
    found = network.simulate(network.quantize_input(vectors)).output
    return found if network.softmax is None else network.softmax.apply(found)


def _vectors(network: QuantizedNetwork, x: Any, samples: int) -> np.ndarray:
    if x is not None:
        found = np.asarray(x)
        if found.ndim > 2:
            found = found.reshape(len(found), -1)
        found = as_rows("x", found, network.features, np.float32)
        if len(found) == 0:
            raise InvalidValueError("x has no rows, expected 1 or more")
        return np.ascontiguousarray(found[:samples])
    limit = network.input_limit or int(np.iinfo(network.dtype).max)
    # A little beyond the range, so that clipping is looked at too.
    drawn = np.random.default_rng(0).uniform(-1.05, 1.05, (samples, network.features))
    offset = 0 if network.input_offset is None else network.input_offset
    scale = np.asarray(network.input_scale)
    return (drawn * limit / scale + offset).astype(np.float32)
