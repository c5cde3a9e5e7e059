"""What the L3 functions keep per device index: the device, and which host arrays are on it.

The public library names a matrix by the host array that it was sent from. Here the array is kept
alive for as long as it is on the device, so that no other array can take its address.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from xfblas import arrays, forks
from xfblas.checks import require_instance
from xfblas.device.binding import ffi, lib, pointer, require_index
from xfblas.device.device import Device
from xfblas.errors import InvalidValueError, NotFoundError, NotInitializedError
from xfblas.uncopied import Uncopied


@dataclass(frozen=True, eq=False)
class SentArray:
    """A host array on a compute unit, and the C-contiguous array that C knows it by."""

    array: np.ndarray
    contiguous: np.ndarray


def _key(array: np.ndarray) -> Any:
    """Equal for arrays that are the same elements in the same order in memory."""
    address = array.__array_interface__["data"][0]
    if array.flags.c_contiguous:
        return (address,)
    return (address, array.shape, array.strides)


class Session(Uncopied):
    """A device of the L3 functions."""

    def __init__(self, device: Device):
        require_instance("device", device, Device)
        self.device = device
        self._sent: dict[tuple[Any, ...], SentArray] = {}
        self._lock = forks.lock(device._leave_behind)

    def unit(self, kernel: int) -> Any:
        """The compute unit with this index.

        Raises:
            InvalidValueError: there is none.
        """
        count = len(self.device.compute_units)
        require_index("idxKernel", kernel)
        if kernel >= count:
            raise InvalidValueError(
                f"idxKernel is {kernel}, expected 0 to {count - 1}: the device was created with "
                f"{count} compute units"
            )
        return self.device.compute_units[kernel]

    def send(self, array: np.ndarray, kernel: int) -> None:
        """Copies the array to the unit; sent again, it goes to the same place."""
        unit = self.unit(kernel)
        arrays.require_array("A", array)
        arrays.require_dtype("A", array, *self.device.matrix_dtypes)
        with self._lock:
            slot = (kernel, *_key(array))
            known = self._sent.get(slot)
            if array.flags.c_contiguous:
                contiguous = array
            elif known is not None:
                contiguous = known.contiguous
                np.copyto(contiguous, array)
            else:
                contiguous = arrays.readable(array)
            unit.call(lib.xfblasSend, pointer(contiguous), array.size, array.itemsize)
            self._sent[slot] = SentArray(array, contiguous)

    def pointer(self, name: str, array: np.ndarray, kernel: int) -> Any:
        """The pointer by which C knows an array that was sent.

        Raises:
            NotFoundError: it was never sent to this unit, or was freed already.
        """
        arrays.require_array(name, array)
        require_index("idxKernel", kernel)
        sent = self._sent.get((kernel, *_key(array)))
        if sent is None:
            raise NotFoundError(
                f"{name} ({arrays.describe(array)}) is not on compute unit {kernel}: it was never "
                "sent there, or was freed already"
            )
        if sent.contiguous.nbytes < array.nbytes:
            raise InvalidValueError(
                f"{name} is {arrays.describe(array)}, but {arrays.describe(sent.array)} was sent"
            )
        return pointer(sent.contiguous)

    def get(self, array: np.ndarray, kernel: int) -> None:
        """Runs what is queued and copies the matrix back into the array."""
        unit = self.unit(kernel)
        place = self.pointer("A", array, kernel)
        sent = self._sent[(kernel, *_key(array))].contiguous
        if sent.nbytes != array.nbytes:
            raise InvalidValueError(
                f"A is {arrays.describe(array)}, but {arrays.describe(sent)} was sent"
            )
        arrays.require_writable("A", array)
        unit.call(lib.xfblasGet, place)

    def page(self, array: np.ndarray, kernel: int) -> int:
        """The page offset of an array that was sent to the unit."""
        offset = ffi.new("unsigned int *")
        self.unit(kernel).call(lib.xfblasGetOffset, self.pointer("A", array, kernel), offset)
        return offset[0]

    def free(self, array: np.ndarray, kernel: int) -> None:
        """Frees the array's place on the unit."""
        unit = self.unit(kernel)
        with self._lock:
            unit.call(lib.xfblasFree, self.pointer("A", array, kernel))
            del self._sent[(kernel, *_key(array))]


_sessions: dict[int | str, Session] = {}  # by the index or BDF that they were created with
_sessions_lock = forks.lock()


def create(name: int | str, **options: Any) -> Session:
    """Opens the device with this index or BDF for the L3 functions.

    Raises:
        InvalidValueError: it is open already.
    """
    with _sessions_lock:
        _require_free(name, _find(name))
        device = Device(device=name, **options)
        try:
            # A card may be known by its other name.
            _require_free(name, device.bdf and _find(device.bdf))
        except InvalidValueError:
            device.close()
            raise
        by_bdf = device.bdf if device.index is None else None
        opened = _sessions[by_bdf or name] = Session(device)
        return opened


def session(name: int | str) -> Session:
    """The session of a device, by its index or, for a card, its BDF.

    Raises:
        NotInitializedError: no device was created there, or it was destroyed.
    """
    found = _find(name)
    if found is None:
        raise NotInitializedError(
            f"device {name} was not created, or was destroyed: call createFcn, createGemm "
            "or createGemv first"
        )
    return found


def close(name: int | str) -> None:
    """Closes a device and forgets it."""
    found = session(name)
    with _sessions_lock:
        for key, value in list(_sessions.items()):
            if value is found:
                del _sessions[key]
    found.device.close()


def _find(name: int | str) -> Session | None:
    """The session with this name; None where there is none.

    Raises:
        InvalidValueError: it is neither an index nor a BDF.
    """
    if isinstance(name, str) and ":" in name:
        # As the library writes it: in lower case, with its domain.
        bdf = name.lower() if name.count(":") == 2 else f"0000:{name.lower()}"
        return next((found for found in list(_sessions.values()) if found.device.bdf == bdf), None)
    return _sessions.get(require_index("idxDevice", name))


def _require_free(name: int | str, found: Session | None) -> None:
    # In the child of a fork a device that another thread was calling is closed.
    if found is not None and not found.device.closed:
        raise InvalidValueError(
            f"device {name} is in use by the {found.device.engine} engine already: destroy it "
            "first, or take another idxDevice"
        )
