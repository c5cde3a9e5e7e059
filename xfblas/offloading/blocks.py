"""``with xfblas.offload()``: products of plain arrays in a block of a script, on the engine."""

import sys
import threading
from types import ModuleType
from typing import Any, Self

import numpy as np

from xfblas import forks
from xfblas.checks import require_integer, require_truth
from xfblas.device.product_errors import DTYPES
from xfblas.errors import InvalidValueError
from xfblas.offloading import array_operator
from xfblas.offloading.matmul import matmul
from xfblas.offloading.statistics import count_fallback, count_product
from xfblas.offloading.thresholds import measured_threshold

_MATMUL, _DOT = np.matmul, np.dot
_OPERATOR = array_operator.original()
_lock = forks.lock()
_entered = 0
_module_class: Any = ModuleType


class _Blocks(threading.local):
    """The blocks that this thread is in, the innermost last."""

    def __init__(self) -> None:
        self.stack: list[offload] = []


class offload:
    """A block in which ``np.matmul``, ``np.dot`` and ``a @ b`` of large arrays run on the engine.

    They are int16, int8 or float32, plain numpy arrays of two dimensions; all else is computed by
    numpy. Other threads, and this one behind the block, have numpy's own functions; nothing stays
    patched, however the block is left. Blocks may be nested. :func:`xfblas.stats` counts.

    Args:
        threshold: multiplications m * k * n from which on a product is large; by default what is
            measured for each dtype when it is first met: where the engine is no slower than numpy.
        split: take float64 too, computed by exact slices of integers.

    Raises:
        InvalidValueError: a threshold that is no whole number from 0 on.
        NotSupportedError: where the block begins: the operator cannot be taken over on this Python.
    """

    def __init__(self, threshold: int | None = None, *, split: bool = False):
        if threshold is not None:
            require_integer("threshold", threshold, 0, 2**62)
        self.threshold = threshold
        self.split = require_truth("split", split)

    def __enter__(self) -> Self:
        global _entered
        with _lock:
            if not _entered:
                _patch()
            _entered += 1
        _blocks.stack.append(self)
        return self

    def __exit__(self, *error: object) -> None:
        global _entered
        if self not in _blocks.stack:
            raise InvalidValueError("this thread is not in the block of this offload")
        _blocks.stack.remove(self)
        with _lock:
            _entered -= 1
            if not _entered:
                _unpatch()

    def _takes(self, a: np.ndarray, b: np.ndarray) -> bool:
        try:
            (m, k), (rows, n) = a.shape, b.shape
        except ValueError:
            return False
        # Most products of a script are small: those are told by the cheapest look.
        if self.threshold is not None and m * k * n < self.threshold:
            return False
        dtype = a.dtype
        if k != rows or b.dtype != dtype:
            return False
        if dtype not in DTYPES:
            return self.split and dtype == np.float64
        return self.threshold is not None or m * k * n >= measured_threshold(dtype)


_blocks = _Blocks()


def _routed(name: str, a: Any, b: Any, out: Any = None) -> Any:
    """The product of two plain arrays on the engine, or None where numpy has it."""
    if type(a) is not np.ndarray or type(b) is not np.ndarray:
        return None
    if type(out) is tuple and len(out) == 1:
        out = out[0]
    # Products of ours ask numpy for none.
    if not _blocks.stack[-1]._takes(a, b) or not (out is None or _is_plain(out, a, b)):
        count_fallback(name)
        return None
    if a.dtype == np.float64:
        if not (np.isfinite(a).all() and np.isfinite(b).all()):
            count_fallback(name)
            return None
        result = matmul(a, b, out, split=True)
    else:
        result = matmul(a, b) if out is None else matmul(a, b, out)
    count_product(name)
    return result


def _is_plain(out: Any, a: np.ndarray, b: np.ndarray) -> bool:
    """Whether a result to fill is what np.dot takes, which converts and broadcasts nothing."""
    return (
        type(out) is np.ndarray
        and out.dtype == a.dtype
        and out.shape == (a.shape[0], b.shape[1])
        and out.flags.carray
    )


def _multiply(self: Any, other: Any) -> Any:
    """``a @ b`` of arrays, in every thread."""
    if _blocks.stack:
        result = _routed("@", self, other)
        if result is not None:
            return result
    return _OPERATOR(self, other)


class _Function:
    """numpy's function with another way for plain calls; all else of it is its own."""

    def __init__(self, function: Any):
        self._function = function
        self.__name__ = function.__name__
        self.__doc__ = function.__doc__

    def __call__(self, *operands: Any, **options: Any) -> Any:
        if _blocks.stack:
            if len(operands) == 2 and options.keys() <= {"out"}:
                result = _routed(self.__name__, *operands, **options)
            elif len(operands) == 3 and not options:
                result = _routed(self.__name__, *operands)
            else:
                count_fallback(self.__name__)
                result = None
            if result is not None:
                return result
        return self._function(*operands, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._function, name)

    def __repr__(self) -> str:
        return repr(self._function)


_matmul, _dot = _Function(_MATMUL), _Function(_DOT)


class _NumpyInBlocks(ModuleType):
    """numpy as threads within blocks see it; its names themselves stay what they are."""

    @property
    def matmul(self) -> Any:
        return _matmul if _blocks.stack else _MATMUL

    @property
    def dot(self) -> Any:
        return _dot if _blocks.stack else _DOT


def _patch() -> None:
    global _module_class
    array_operator.hook(_multiply)
    numpy = sys.modules["numpy"]
    _module_class = numpy.__class__
    numpy.__class__ = _NumpyInBlocks


def _unpatch() -> None:
    sys.modules["numpy"].__class__ = _module_class
    array_operator.unhook()
