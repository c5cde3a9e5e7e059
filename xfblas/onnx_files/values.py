"""What a name of an ONNX graph stands for: rows of the model, or constants."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.onnx_files.onnx_file import import_onnx, read_external

#: Two numbers of rows, and two open sizes: what differs between the two depends on them.
BATCHES = (64, 65)
OPEN_SIZES = (1009, 2003)
#: More values than this are a damaged file.
_MOST_VALUES = 2**31


@dataclass(frozen=True)
class Tensor:
    """Values that differ between rows.

    Attributes:
        name: of the layer that gives it, or of the model's input.
        shape: of one row; None for an open size.
        is_whole: whether it holds integers, with which other rules of arithmetic go.
    """

    name: str
    shape: tuple[int | None, ...]
    is_whole: bool = False

    @property
    def rank(self) -> int:
        """Axes with the batch, as ONNX counts them."""
        return len(self.shape) + 1

    def sizes(self, batch: int | None) -> "Constant":
        """What ONNX says of its shape, the batch included."""
        probes = [
            np.array([one if batch is None else batch, *(s or size for s in self.shape)], np.int64)
            for one, size in zip(BATCHES, OPEN_SIZES, strict=True)
        ]
        return Constant(self.name, *probes)


@dataclass(frozen=True, eq=False)
class Constant:
    """Values that are the same for all rows, as they are computed with two numbers of rows.

    Attributes:
        name: the tensor's.
        values: with the first number of rows.
        others: with the second number.
    """

    name: str
    values: np.ndarray
    others: np.ndarray

    @classmethod
    def of(cls, name: str, values: np.ndarray) -> "Constant":
        """One that no number of rows changes."""
        return cls(name, values, values)

    @property
    def is_fixed(self) -> bool:
        """Whether the number of rows does not matter."""
        return self.values is self.others or np.array_equal(self.values, self.others)


def array_of(tensor: Any, folder: Path | None, where: str) -> np.ndarray:
    """The array of an onnx.TensorProto; of bfloat16 and other short floats, as float32.

    Raises:
        InvalidValueError: it is damaged, of text, or its data cannot be read.
    """
    onnx = import_onnx()
    if any(size < 0 for size in tensor.dims) or math.prod(tensor.dims) > _MOST_VALUES:
        raise InvalidValueError(
            f"{where}: tensor {tensor.name} has the shape {list(tensor.dims)}, expected sizes"
        )
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        entries = {entry.key: entry.value for entry in tensor.external_data}
        data = read_external(entries, folder, tensor.name, where)
        tensor = onnx.TensorProto(
            dims=tensor.dims, data_type=tensor.data_type, name=tensor.name, raw_data=data
        )
    try:
        values = onnx.numpy_helper.to_array(tensor)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise InvalidValueError(f"{where}: tensor {tensor.name} is damaged: {error}") from None
    if values.dtype.kind not in "fiub":
        short = values.dtype.name
        if not short.startswith(("bfloat", "float", "int", "uint")):
            raise InvalidValueError(f"{where}: tensor {tensor.name} is of {short}, not of numbers")
        values = values.astype(np.float32 if "float" in short else np.int32)
    return values
