"""Arrays that stay on the device and take part in numpy."""

import importlib
from typing import Any, NoReturn, Self

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import DTypeLike

from xfblas import arrays
from xfblas.checks import require_instance, require_truth
from xfblas.device.binding import INT_MAX
from xfblas.device.compute_unit import NULL, from_buffer
from xfblas.device.device import Device
from xfblas.device.device_matrix import DeviceMatrix
from xfblas.device.product_errors import DTYPES
from xfblas.device.products import default_device
from xfblas.errors import DtypeError, InvalidValueError, NotSupportedError
from xfblas.offloading.array_functions import FUNCTIONS, UFUNCS
from xfblas.offloading.fallbacks import by_numpy, host_of, or_numpy
from xfblas.offloading.statistics import count_product
from xfblas.offloading.whole_sums import MOST_K
from xfblas.rows.result_array import empty_result

FLOAT64 = np.dtype(np.float64)


class DeviceArray(NDArrayOperatorsMixin):
    """An array on a device, which :func:`xfblas.asarray` makes; products of it run there.

    numpy's functions take it: products run on the engine, and everything else is computed by numpy
    from a copy and wrapped again, which :func:`xfblas.stats` counts. It is not written to:
    ``x += y`` makes another array, and ``x[0] = y`` is an error.

    Attributes:
        shape, dtype: as of a numpy array.
        device: the :class:`~xfblas.Device`; it, or the default one, stays open.
    """

    __slots__ = (
        *("_as_a", "_as_b", "_host", "_is_native", "_is_plain", "_matrix", "_split", "_unit"),
        *("device", "dtype", "shape"),
    )
    __array_priority__ = 100.0
    __hash__ = None  # type: ignore[assignment]
    _as_a: Any
    _as_b: Any
    device: Device
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    def __init__(self, array: np.ndarray, device: Device, split: bool = False):
        made = asarray(array, device=require_instance("device", device, Device), split=split)
        self._set(made._host, made._matrix, device, made._split)

    def _set(self, host: Any, matrix: Any, device: Device, split: bool = False) -> Self:
        """Takes an array that nobody else writes to, or a matrix on the device."""
        self._host, self._matrix, self._split, self.device = host, matrix, split, device
        self._unit = device.compute_units[0]
        self._is_native = device.target == "native"
        if host is not None:
            host.setflags(write=False)
            self.shape, self.dtype = shape, _ = host.shape, host.dtype
        else:
            self.shape, self.dtype = shape, _ = matrix.shape, matrix.dtype
        self._is_plain = not split and len(shape) == 2 and 0 < shape[0] <= INT_MAX >= shape[1] > 0
        self._as_a = self._as_b = None
        return self

    def numpy(self) -> np.ndarray:
        """The elements as a numpy array that cannot be written to; read from the device once."""
        if self._host is None:
            self._host = self._matrix.read()
            self._host.flags.writeable = False
        return self._host

    def _kept(self) -> DeviceMatrix:
        """The matrix on the device, sent at its first use."""
        if self._matrix is None:
            # Threads that share an array send it once: one that is replaced is freed.
            with self._unit.lock:
                if self._matrix is None:
                    keep = "packed" if self._is_native else "rows"
                    self._matrix = self._unit.send(self._host, keep=keep)
        return self._matrix

    def _find_a(self) -> Any:
        """The memory of its rows as C takes it, for products on this CPU."""
        self._as_a = from_buffer(arrays.readable(self._host))
        return self._as_a

    def _find_b(self) -> tuple[Any, Any]:
        """The same as B: rows, or the matrix that stays."""
        if self.dtype.kind == "f":
            self._as_b = (self._as_a or self._find_a(), NULL)
        else:
            self._as_b = (NULL, self._kept().pointer)
        return self._as_b

    def _kept_as_b(self) -> DeviceMatrix:
        """On a card, as the array reads it; what was computed there has its rows alone."""
        if self._as_b is None and self._host is not None:
            with self._unit.lock:
                if self._as_b is None:
                    self._as_b = self._unit.send(self._host, keep="packed")
        return self._as_b or self._kept()

    def _right(self) -> Any:
        """What a product takes as its B: floats on this CPU lie where a BLAS reads them."""
        if self._is_native and self.dtype.kind == "f":
            return self._host
        # Longer sums are taken in parts, which are read back.
        is_packed = not self._is_native and self.shape[0] <= MOST_K
        return self._kept_as_b() if is_packed else self._kept()

    # Products

    def __matmul__(self, other: Any) -> Any:
        # What scripts do most, in as few looks as can be: small products take microseconds.
        if (
            type(other) is DeviceArray
            and other._is_plain
            and self._is_plain
            and other.dtype is self.dtype
            and other._unit is self._unit
        ):
            (m, k), (rows, n) = self.shape, other.shape
            if k == rows:
                count_product("matmul")
                if not self._is_native:
                    return _product_there(self, other)
                out = empty_result((m, n), self.dtype)
                a, b = self._as_a or self._find_a(), other._as_b or other._find_b()
                unit = self._unit
                unit._handle.multiply(m, n, k, a, *b, from_buffer(out), unit.index)
                return _made(out, None, self.device)
        if getattr(other, "__array_priority__", 0) > self.__array_priority__ and hasattr(
            type(other), "__rmatmul__"
        ):
            return NotImplemented  # as numpy's arrays leave it to such an object
        return np.matmul(self, other)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        for result in options.get("out", ()):
            if isinstance(result, DeviceArray):
                raise InvalidValueError(
                    "out is a DeviceArray, which is not written to: expected a numpy array"
                )
        if method != "__call__":
            name = f"{ufunc.__name__}.{method}"
            return by_numpy(self, name, getattr(ufunc, method), inputs, options)
        call = UFUNCS.get(ufunc.__name__)
        if call is None:
            return by_numpy(self, ufunc.__name__, ufunc, inputs, options)
        return or_numpy(self, call, ufunc, inputs, options)

    def __array_function__(
        self, function: Any, types: Any, inputs: Any, options: dict[str, Any]
    ) -> Any:
        call = FUNCTIONS.get(function)
        if call is None:
            return by_numpy(self, function.__name__, function, inputs, options)
        return or_numpy(self, call, function, inputs, options)

    def _like(self, result: Any) -> Any:
        """A result as such an array, where an image has its type; others and numbers stay."""
        if type(result) is np.ndarray and result.shape:
            if result.dtype == self.dtype or (result.dtype == FLOAT64 and self._split):
                return _made(result.view(), None, self.device, self._split)
            if result.dtype in DTYPES:
                return _made(result.view(), None, default_device(result.dtype))
        return result

    # What an array has

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def nbytes(self) -> int:
        """Bytes of the elements."""
        return self.size * self.dtype.itemsize

    @property
    def T(self) -> "DeviceArray":
        """Turned by numpy.transpose."""
        return self.transpose()

    @property
    def mT(self) -> "DeviceArray":
        """The matrices of a stack turned."""
        return self.swapaxes(-1, -2)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of an array without axes")
        return self.shape[0]

    def __iter__(self) -> Any:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, key: Any) -> Any:
        return self._like(self.numpy()[host_of(key)])

    def __setitem__(self, key: Any, value: Any) -> NoReturn:
        raise InvalidValueError(
            "a DeviceArray is not written to: write to a numpy array (x = x.numpy().copy()) and "
            "wrap it again by xfblas.asarray"
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.numpy(), dtype, copy=copy)

    def __getattr__(self, name: str) -> Any:
        # Methods of numpy's arrays, computed by numpy.
        if name.startswith("_") or not hasattr(np.ndarray, name) or name in _WRITING:
            raise AttributeError(f"'DeviceArray' object has no attribute {name!r}")
        if name == "dot":
            return lambda b, out=None: np.dot(self, b, out)
        found = getattr(self.numpy(), name)
        if not callable(found):
            return self._like(found)

        def method(*given: Any, **options: Any) -> Any:
            return by_numpy(self, name, found, given, options)

        return method

    def __bool__(self) -> bool:
        return bool(self.numpy())

    def __int__(self) -> int:
        return int(self.numpy())

    def __float__(self) -> float:
        return float(self.numpy())

    def __index__(self) -> int:
        return self.numpy().__index__()

    def __copy__(self) -> "DeviceArray":
        return self

    def __deepcopy__(self, memo: Any) -> "DeviceArray":
        return self

    def __reduce__(self) -> Any:
        return _again, (self.numpy(), self._split)

    def __repr__(self) -> str:
        where = "" if self.device.closed else f" on {self.device.target}"
        return (
            f"xfblas.asarray({np.array2string(self.numpy(), separator=', ')}, {self.dtype}{where})"
        )

    # The array API standard

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        return importlib.import_module("xfblas.offloading.array_api").namespace(api_version)

    def to_device(self, device: Any, /, *, stream: Any = None) -> Any:
        """The array itself for ``"device"``, a numpy array for ``"cpu"``."""
        if isinstance(device, str) and device in ("cpu", "device"):
            return self.numpy().copy() if device == "cpu" else self
        return self if device is self.device else asarray(self, device=device)

    def __dlpack__(self, **options: Any) -> Any:
        # Consumers may write to what they get.
        if options.get("copy") is False:
            raise BufferError("copy is False, expected None or True: what is on a device is copied")
        return self.numpy().copy().__dlpack__(**{**options, "copy": None})

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.numpy().__dlpack_device__()


#: What numpy's arrays have and these have not: ways to write to them.
_WRITING = {
    *("fill", "itemset", "partition", "put", "resize", "setfield", "setflags", "sort"),
    *("data", "ctypes", "base"),
}
for _name in (
    *("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"),
    *("lshift", "rshift", "and", "xor", "or"),
):
    setattr(DeviceArray, f"__i{_name}__", getattr(NDArrayOperatorsMixin, f"__{_name}__"))
DeviceArray.__imatmul__ = DeviceArray.__matmul__  # type: ignore[assignment,method-assign]


def _made(host: Any, matrix: Any, device: Device, split: bool = False) -> DeviceArray:
    return DeviceArray.__new__(DeviceArray)._set(host, matrix, device, split)


def _product_there(a: DeviceArray, b: DeviceArray) -> DeviceArray:
    """Of two matrices on a card; nothing comes back before it is read."""
    unit = a._unit
    with unit.lock:
        result = unit.empty((a.shape[0], b.shape[1]))
        if a.device.engine == "Gemm":
            unit.gemm(a._kept(), b._kept_as_b(), result, add=False)
        else:
            unit.fcn(a._kept(), b._kept_as_b(), result)
        unit.flush()
        unit.clear()
    return _made(None, result, a.device)


def _again(array: np.ndarray, split: bool) -> DeviceArray:
    return asarray(array, split=split)


def asarray(
    x: Any,
    dtype: DTypeLike | None = None,
    *,
    device: Device | None = None,
    split: bool = False,
    copy: bool | None = None,
) -> DeviceArray:
    """An array that stays on a device and takes part in numpy: ``a @ b``, np.dot and their kin.

    Args:
        x: array, list, :class:`DeviceArray`, or what has ``__dlpack__``, of any shape.
        dtype: to convert to: int16, int8 or float32; by default the array's own.
        device: of the Gemm or Fcn engine; by default the one that :func:`xfblas.matmul` uses.
        split: keep float64 (or float32), whose products are computed by exact slices of integers.
        copy: the array is copied to the device in any case; False is refused.

    Raises:
        DtypeError: of another dtype; tells the ways on.
        InvalidValueError: no array, or a device of another dtype.
    """
    if copy is False:
        raise InvalidValueError("copy is False, expected None or True: arrays are sent to a device")
    if device is not None:
        require_instance("device", device, Device, expected="a Device")
    if isinstance(x, DeviceArray):
        if dtype is None and device in (None, x.device) and split in (False, x._split):
            return x
        x = x.numpy()
    elif hasattr(x, "__dlpack__") and not hasattr(x, "__array__"):
        try:
            x = np.from_dlpack(x)
        except Exception as error:
            raise InvalidValueError(f"x cannot be read by dlpack: {error}") from None
    array = arrays.seen("x", x, dtype)
    element = np.dtype(array.dtype.type) if array.dtype.kind in "biuf" else array.dtype
    if require_truth("split", split):
        if element not in (np.float32, np.float64):
            raise DtypeError(f"x is {element}, expected float64 or float32 for split=True")
        wanted: Any = np.int16
    elif element not in DTYPES:
        listed = " or ".join(str(each) for each in DTYPES)
        advice = "pass dtype=np.float32"
        advice += ", or split=True to keep it" if element == np.float64 else ""
        raise DtypeError(f"x is {arrays.describe(array)}, expected {listed}: {advice}")
    else:
        wanted = element
    if device is None:
        device = default_device(wanted)
    elif device.dtype != wanted:
        raise DtypeError(f"device computes with {device.dtype}, expected {np.dtype(wanted)}")
    elif device.engine == "Gemv":
        raise NotSupportedError("device was opened for the Gemv engine, expected Gemm or Fcn")
    made = np.array(array, element, order="C")
    result = _made(made, None, device, split)
    if device.target != "native" and made.ndim == 2 and made.size and not split:
        result._kept()
    return result
