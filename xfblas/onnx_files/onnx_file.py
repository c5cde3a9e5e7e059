"""An ONNX file: parsed, with the data that it keeps in files beside it."""

import os
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xfblas.errors import InvalidValueError, NotSupportedError, XfblasError
from xfblas.file_kinds import ONNX, refuse_others

#: What protobuf, onnx and numpy raise on damaged files, by experience.
_DAMAGE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


def import_onnx() -> Any:
    """The package onnx.

    Raises:
        NotSupportedError: it is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise NotSupportedError(
            f"reading ONNX models needs onnx ({error}): pip install 'xfblas[onnx]'"
        ) from None
    return onnx


def is_onnx_model(value: object) -> bool:
    """Whether an object is an onnx.ModelProto; onnx is not imported for others."""
    kind = type(value)
    return kind.__name__ == "ModelProto" and kind.__module__.split(".")[0] == "onnx"


def load_model(path: Path) -> Any:
    """The onnx.ModelProto in a file, whose data files are not read yet.

    Raises:
        InvalidValueError: there is no such file, it is damaged or not of ONNX.
        NotSupportedError: onnx is not installed.
    """
    onnx = import_onnx()
    where = str(path)
    refuse_others(path, "an ONNX file", ONNX)
    if not path.is_file():
        raise InvalidValueError(f"{where}: there is no such file")
    from google.protobuf.message import DecodeError

    with damage_reported(where):
        try:
            return onnx.ModelProto.FromString(path.read_bytes())
        except DecodeError as error:
            raise InvalidValueError(f"{where} is damaged or not of ONNX: {error}") from None


@contextmanager
def damage_reported(where: str):
    """Turns what is raised on damaged files into one kind of error."""
    try:
        yield
    except XfblasError:
        raise
    except _DAMAGE as error:
        raise InvalidValueError(f"{where} is damaged or not of ONNX: {error}") from error


def read_external(entries: dict[str, str], folder: Path | None, name: str, where: str) -> bytes:
    """The bytes of a tensor that lie in another file, which must be in the model's folder.

    Args:
        entries: ``location``, ``offset`` and ``length`` of the data.
        folder: of the model; None where it is no file.
        name: the tensor's.
        where: what messages call the model.

    Raises:
        InvalidValueError: the file is elsewhere, is not there, or is too short.
    """
    location = entries.get("location", "")
    if folder is None:
        raise InvalidValueError(
            f"{where}: tensor {name} is in the file {location!r}: pass the path of the model"
        )
    # Links are followed first, so that none leads out of the folder.
    path, folder = (folder / location).resolve(), folder.resolve()
    if not location or os.path.isabs(location) or not path.is_relative_to(folder):
        raise InvalidValueError(
            f"{where}: tensor {name} is in {location!r}, expected a file in the model's folder"
        )
    if not path.is_file():
        raise InvalidValueError(f"{where}: tensor {name} is in {location!r}, which is not there")
    offset, size = int(entries.get("offset", 0)), path.stat().st_size
    length = int(entries.get("length", size - offset))
    if offset < 0 or length < 0 or offset + length > size:
        raise InvalidValueError(
            f"{where}: tensor {name} is at bytes {offset} to {offset + length} of {location!r}, "
            f"which has {size}"
        )
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(length)
