"""A matrix in a compute unit's memory."""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from xfblas import arrays
from xfblas.arrays import element_type
from xfblas.checks import shown
from xfblas.device.binding import INT_MAX, ffi, lib, pointer, require_integer
from xfblas.errors import DtypeError, InvalidValueError, NotFoundError, XfblasError
from xfblas.uncopied import Uncopied

if TYPE_CHECKING:
    from xfblas.device.compute_unit import ComputeUnit


class DeviceMatrix(Uncopied):
    """A matrix on one compute unit, padded there as the image needs it; on Gemv also a vector.

    Made by :meth:`ComputeUnit.send` and :meth:`ComputeUnit.empty`. Its memory is freed by
    :meth:`free`, when the object goes, or with the device.

    Attributes:
        shape: rows and columns, without padding; the length of a vector, which lies there as one
            row.
        dtype: element type.
    """

    _instead = "read() it and send the array again"

    def __init__(
        self, compute_unit: "ComputeUnit", shape: Any, dtype: DTypeLike, keep: str = "rows"
    ):
        sizes = tuple(shape) if isinstance(shape, (tuple, list)) else ()
        device: Any = getattr(compute_unit, "device", None)
        if not hasattr(device, "addend_dtype"):
            raise InvalidValueError(
                f"compute_unit is {shown(compute_unit)}, expected that of a device"
            )
        takes_vectors = device.engine == "Gemv"
        if len(sizes) != 2 and not (takes_vectors and len(sizes) == 1):
            also = ", or the length of a vector" if takes_vectors else ""
            raise InvalidValueError(f"shape is {shown(shape)}, expected rows and columns{also}")
        allocate = {
            "rows": lib.xfblasMalloc,
            "packed": lib.xfblasMallocPacked,
            "filter": lib.xfblasMallocPackedFilter,
        }
        if not isinstance(keep, str) or keep not in allocate:
            raise InvalidValueError(
                f"keep is {shown(keep)}, expected {' or '.join(map(repr, allocate))}"
            )
        element = element_type("dtype", dtype)
        if element not in device.matrix_dtypes:
            raise DtypeError(
                f"dtype is {element}, this image computes with {device.dtype} and adds "
                f"{device.addend_dtype}"
            )
        rows, columns = (
            require_integer(name, value, 1, INT_MAX)
            for name, value in zip(("rows", "columns"), (1, *sizes)[-2:], strict=True)
        )
        self.compute_unit = compute_unit
        self.shape = (rows, columns)[-len(sizes) :]
        self._columns = columns
        self.dtype = element
        place = ffi.new("void **")
        compute_unit.call(allocate[keep], place, rows, columns, self.dtype.itemsize)
        self._pointer = place[0]

    @property
    def pointer(self) -> Any:
        """The pointer that names the matrix in C.

        Raises:
            NotFoundError: it was freed.
        """
        if self._pointer is None:
            raise NotFoundError(f"the {self.dtype} matrix of {self.shape} was freed already")
        return self._pointer

    @property
    def page(self) -> int:
        """Page offset in the compute unit's memory."""
        offset = ffi.new("unsigned int *")
        self.compute_unit.call(lib.xfblasGetOffset, self.pointer, offset)
        return offset[0]

    def write(self, array: np.ndarray) -> None:
        """Copies an array of any layout, of this dtype and at most this shape, to the device."""
        arrays.require_array("array", array)
        arrays.require_dtype("array", array, self.dtype)
        arrays.require_dimensions("array", array, len(self.shape))
        source = arrays.readable(array)
        rows, columns = (1, *source.shape)[-2:]
        self.compute_unit.call(
            lib.xfblasSetMatrix,
            rows,
            columns,
            self.dtype.itemsize,
            pointer(source),
            columns,
            self.pointer,
        )

    def read(self, rows: int | None = None, out: np.ndarray | None = None) -> np.ndarray:
        """Runs what is queued and copies the first ``rows`` rows (all by default) back.

        Args:
            rows: how many rows to read of a matrix; of a vector, all of its elements are read.
            out: C-contiguous array of shape (rows, columns) to fill; a new one by default.
        """
        most = self.shape[0] if len(self.shape) == 2 else 1
        rows = most if rows is None else require_integer("rows", rows, 1, most)
        shape = (rows, self._columns)[-len(self.shape) :]
        if out is None:
            out = np.empty(shape, self.dtype)
        else:
            arrays.require_array("out", out)
            arrays.require_dtype("out", out, self.dtype)
            arrays.require_shape("out", out, shape)
            arrays.require_writable("out", out)
        self.compute_unit.call(
            lib.xfblasGetMatrix,
            rows,
            self._columns,
            self.dtype.itemsize,
            self.pointer,
            pointer(out),
            self._columns,
        )
        return out

    def free(self) -> None:
        """Frees the memory.

        Raises:
            NotFoundError: it was freed already.
        """
        self.compute_unit.call(lib.xfblasFree, self.pointer)
        self._pointer = None

    def __del__(self) -> None:
        # A device that was closed has freed its matrices already.
        if getattr(self, "_pointer", None) is not None:
            with suppress(XfblasError):
                self.free()

    def __repr__(self) -> str:
        state = "freed" if self._pointer is None else f"on compute unit {self.compute_unit.index}"
        return f"<xfblas.DeviceMatrix {self.dtype} {self.shape} {state}>"
