"""A matrix in a compute unit's memory."""

from contextlib import suppress

import numpy as np

from xfblas import arrays
from xfblas.binding import INT_MAX, ffi, lib, pointer, require_integer
from xfblas.errors import DtypeError, InvalidValueError, NotFoundError, XfblasError


class DeviceMatrix:
    """A two-dimensional matrix on one compute unit, padded there as the image needs it.

    Made by :meth:`ComputeUnit.send` and :meth:`ComputeUnit.empty`. Its memory is freed by
    :meth:`free`, when the object goes, or with the device.

    Attributes:
        shape: rows and columns, without padding.
        dtype: element type.
    """

    def __init__(self, compute_unit, shape, dtype, packed=False):
        sizes = tuple(shape) if isinstance(shape, (tuple, list)) else ()
        if len(sizes) != 2:
            raise InvalidValueError(f"shape is {shape!r}, expected rows and columns")
        device = compute_unit.device
        if np.dtype(dtype) not in (device.dtype, device.addend_dtype):
            raise DtypeError(
                f"dtype is {np.dtype(dtype)}, this image computes with {device.dtype} and adds "
                f"{device.addend_dtype}"
            )
        rows, columns = (
            require_integer(name, value, 1, INT_MAX)
            for name, value in zip(("rows", "columns"), sizes, strict=True)
        )
        self.compute_unit = compute_unit
        self.shape = (rows, columns)
        self.dtype = np.dtype(dtype)
        place = ffi.new("void **")
        allocate = lib.xfblasMallocPacked if packed else lib.xfblasMalloc
        compute_unit.call(allocate, place, rows, columns, self.dtype.itemsize)
        self._pointer = place[0]

    @property
    def pointer(self):
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
        arrays.require_dimensions("array", array, 2)
        source = arrays.readable(array)
        rows, columns = source.shape
        self.compute_unit.call(
            lib.xfblasSetMatrix,
            rows,
            columns,
            self.dtype.itemsize,
            pointer(source),
            columns,
            self.pointer,
        )

    def read(self, rows=None, out=None) -> np.ndarray:
        """Runs what is queued and copies the first ``rows`` rows (all by default) back.

        Args:
            rows: how many rows to read.
            out: C-contiguous array of shape (rows, columns) to fill; a new one by default.
        """
        rows = self.shape[0] if rows is None else require_integer("rows", rows, 1, self.shape[0])
        if out is None:
            out = np.empty((rows, self.shape[1]), self.dtype)
        else:
            arrays.require_array("out", out)
            arrays.require_dtype("out", out, self.dtype)
            arrays.require_shape("out", out, (rows, self.shape[1]))
            arrays.require_writable("out", out)
        self.compute_unit.call(
            lib.xfblasGetMatrix,
            rows,
            self.shape[1],
            self.dtype.itemsize,
            self.pointer,
            pointer(out),
            self.shape[1],
        )
        return out

    def free(self) -> None:
        """Frees the memory.

        Raises:
            NotFoundError: it was freed already.
        """
        self.compute_unit.call(lib.xfblasFree, self.pointer)
        self._pointer = None

    def __del__(self):
        # A device that was closed has freed its matrices already.
        if getattr(self, "_pointer", None) is not None:
            with suppress(XfblasError):
                self.free()

    def __repr__(self):
        state = "freed" if self._pointer is None else f"on compute unit {self.compute_unit.index}"
        return f"<xfblas.DeviceMatrix {self.dtype} {self.shape} {state}>"
