"""The one place where Python meets the C library.

``check`` turns a status into an exception; ``pointer`` is the only way in which an array's
memory reaches C. Everything else of this package calls C through :class:`Handle`.
"""

import ctypes
import time

import numpy as np

from xfblas import checks, forks
from xfblas._xfblas import ffi as ffi
from xfblas._xfblas import lib as lib
from xfblas.errors import InvalidValueError, NotInitializedError, XfblasError, by_status

INT_MAX = 2**31 - 1
UNSIGNED_MAX = 2**32 - 1

#: Seconds between two looks whether the calls of a device that closes have ended.
CLOSING_INTERVAL = 0.0005
_closing_lock = forks.lock()
_multiply = lib.xfblasMatmul
_predict = lib.xfblasPredict


def version() -> str:
    """The version of the C library, which is that of this package."""
    return ffi.string(lib.xfblasVersion()).decode()


def check(status: int) -> None:
    """Raises the exception that belongs to a status, with the library's own text."""
    if status == lib.XFBLAS_STATUS_SUCCESS:
        return
    text = ffi.string(lib.xfblasLastError()).decode(errors="replace")
    raise by_status.get(status, XfblasError)(text)


def pointer(array: np.ndarray):
    """The address of an array's first element, as C takes it; the array is C-contiguous."""
    return ffi.from_buffer(array)


def softmax(logits: np.ndarray) -> np.ndarray:
    """The softmax of each row of (m, n) float32, C-contiguous, in place, as predictions have it."""
    if logits.size:
        check(lib.xfblasSoftmax(ffi.from_buffer("float[]", logits), *logits.shape))
    return logits


def require_index(name: str, value: object, highest: int = UNSIGNED_MAX) -> int:
    """``value`` as an int from 0 to ``highest``, or an InvalidValueError that names it."""
    return checks.require_integer(name, value, 0, highest)


def require_integer(
    name: str, value: object, lowest: int = -INT_MAX, highest: int = INT_MAX
) -> int:
    """``value`` as an int that C can take, or an InvalidValueError that names it."""
    return checks.require_integer(name, value, lowest, highest)


class Handle:
    """An open device of the C library.

    Calls may come from any thread. ``close`` waits for those that are under way, and every later
    call raises :class:`~xfblas.errors.NotInitializedError`. In the child of a fork a device that
    another thread was calling counts as closed: that thread is not there to end its call.
    """

    def __init__(self, xclbin, config, engine, compute_units, target, device):
        slot = ffi.new("xfblasHandle_t *")
        by_bdf = isinstance(device, str)
        create = lib.xfblasCreateByBdf if by_bdf else lib.xfblasCreate
        check(
            create(
                slot,
                xclbin.encode(),
                config.encode() if config else ffi.NULL,
                engine.encode(),
                compute_units,
                target.encode() if target else ffi.NULL,
                device.encode() if by_bdf else device,
            )
        )
        self._device = slot[0]
        self._closing = False
        # One entry for each call under way. Appending and popping are atomic and cost a tenth of
        # what a lock does, which a call that takes microseconds would notice.
        self._calls = []
        forks.renew_in_children(self, Handle._leave_calls_behind)

    @property
    def closed(self) -> bool:
        """Whether ``close`` was called."""
        return self._closing

    def call(self, function, *arguments) -> None:
        """Calls ``function(handle, *arguments)`` of the C library and raises on failure."""
        self._calls.append(None)
        try:
            if self._closing:
                self._raise_closed()
            status = function(self._device, *arguments)
        except OverflowError as error:
            raise InvalidValueError(f"a size is more than C takes: {error}") from None
        finally:
            self._calls.pop()
        if status:
            check(status)

    def multiply(self, m, n, k, a, b, sent_b, c, index) -> None:
        """``call`` of ``xfblasMatmul`` on plain rows.

        Passing on arguments of any number would take a small product a tenth of its time.
        """
        self._calls.append(None)
        try:
            if self._closing:
                self._raise_closed()
            status = _multiply(self._device, m, n, k, a, k, b, n, sent_b, c, n, index)
        finally:
            self._calls.pop()
        if status:
            check(status)

    def predict(self, rows, source, coding, first, layers, count, decoding, result, index) -> None:
        """``call`` of ``xfblasPredict``, for the same reason."""
        self._calls.append(None)
        try:
            if self._closing:
                self._raise_closed()
            status = _predict(
                self._device, rows, source, coding, first, layers, count, decoding, result, index
            )
        finally:
            self._calls.pop()
        if status:
            check(status)

    def _raise_closed(self):
        raise NotInitializedError(
            "the device is closed: it was destroyed, or its with block has ended, or "
            "another thread was using it when this process was forked"
        )

    def info(self):
        """The C library's description of the device (``xfblasInfo_t``)."""
        info = ffi.new("xfblasInfo_t *")
        self.call(lib.xfblasGetInfo, info)
        return info

    def close(self) -> None:
        """Frees the device; a second call does nothing."""
        with _closing_lock:
            self._closing = True
            while self._calls:
                time.sleep(CLOSING_INTERVAL)
            device, self._device = self._device, None
        if device is not None:
            check(lib.xfblasDestroy(ffi.new("xfblasHandle_t *", device)))

    def leave_behind(self) -> None:
        """Counts as closed from now on, but frees nothing: the device is as some thread had it."""
        self._closing, self._calls, self._device = True, [], None

    def _leave_calls_behind(self):
        if self._calls:
            self.leave_behind()

    def __del__(self):
        # A device that nobody closed goes with its last reference.
        if getattr(self, "_device", None) is not None:
            self.close()


def require_library(name: str, value: object) -> None:
    """Checks that a file is this library in this version, by asking it.

    Raises:
        InvalidValueError: the file is missing, no library, another library, or another version.
    """
    path = checks.require_path(name, value, "a library's path: this cannot be loaded")
    told = f"{name} is {checks.shown(path)}"
    try:
        other = ctypes.CDLL(path)
    except (OSError, ValueError) as error:
        raise InvalidValueError(f"{told}, which cannot be loaded: {error}") from None
    try:
        ask = other.xfblasVersion
    except AttributeError:
        raise InvalidValueError(
            f"{told}, which is not the xfblas library: it has no xfblasVersion"
        ) from None
    ask.restype = ctypes.c_char_p
    found = ask().decode()
    if found != version():
        raise InvalidValueError(
            f"{told} of version {found}, expected {version()}: run `make lib` again, "
            "or leave lib out to use the library inside the package"
        )
