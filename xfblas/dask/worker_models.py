"""What a worker holds between tasks: one model, loaded once, on one open device."""

import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from xfblas import forks
from xfblas.checks import require_integer
from xfblas.compiled.compiled_model import CompiledModel
from xfblas.compiled.compiler import load
from xfblas.errors import InvalidValueError
from xfblas.files import write_bytes

#: Which device of its machine a worker opens, from 0, or its address (BDF).
DEVICE_VARIABLE = "XFBLAS_DASK_DEVICE"
_lock = forks.lock()
_held: dict[str, CompiledModel] = {}


def predicted(content: bytes, digest: str, rows: Any) -> np.ndarray:
    """Predicts rows in this process; the task of a block.

    Args:
        content: of the model's file, which is loaded where another one was used before.
        digest: the content's name.
        rows: an array or frame; there may be none.
    """
    with _lock:  # one device, so one task at a time
        model = _model(content, digest)
        if not len(rows):
            inputs = model.graph.inputs[0].shape
            rows = np.zeros((0, *(size or 1 for size in inputs)), np.float32)
        return np.asarray(model.predict(rows, verbose=0))


def _model(content: bytes, digest: str) -> CompiledModel:
    model = _held.get(digest)
    if model is not None and not model.closed:
        return model
    for other in list(_held):
        _held.pop(other).close()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.xfblas"
        write_bytes(path, content)
        # Whoever sent it has read it, or made it: no other process need look at it first.
        _held[digest] = load(path, device=_device(), trusted=True)
    return _held[digest]


def _device() -> int | str | None:
    text = os.environ.get(DEVICE_VARIABLE)
    if text is None or ":" in text:
        return text
    if not text.isdigit():
        raise InvalidValueError(f"{DEVICE_VARIABLE} is {text!r}, expected an index or a BDF")
    return require_integer(DEVICE_VARIABLE, int(text), 0, 2**31 - 1)
