"""Devices that several models use, open as long as one of them does."""

import threading

import numpy as np

from xfblas.device import Device
from xfblas.errors import DtypeError, InvalidValueError, NotInitializedError

_open: dict[tuple, "_Shared"] = {}
_lock = threading.Lock()


class _Shared:
    def __init__(self, device):
        self.device = device
        self.users = 0


class Lease:
    """The right to use a device, until it is closed.

    Attributes:
        device: the :class:`~xfblas.Device`.
    """

    def __init__(self, device: Device, key: tuple | None):
        self.device = device
        self._key = key

    def close(self) -> None:
        """Gives the device back, which closes it where no one else uses it; safe to call twice."""
        with _lock:
            key, self._key = self._key, None
            if key is None:
                return
            shared = _open[key]
            shared.users -= 1
            if shared.users == 0:
                del _open[key]
                shared.device.close()


def lease(device=None, xclbin=None, dtype=None, target=None) -> Lease:
    """A device with the Fcn engine.

    Args:
        device: an opened :class:`~xfblas.Device`, which stays the caller's to close; or what
            :func:`xfblas.open` takes as its device; None is the first.
        xclbin: path of an image; None is the packaged one.
        dtype: the element type that the image must have; None takes the image's.
        target: as for :func:`xfblas.open`.

    Raises:
        DtypeError: the device's image computes with another element type.
        InvalidValueError: a device was given together with what it already settles.
        NotInitializedError: the device is closed.
    """
    wanted = None if dtype is None else np.dtype(dtype)
    if isinstance(device, Device):
        for name, value in (("xclbin", xclbin), ("target", target)):
            if value is not None:
                raise InvalidValueError(f"{name} is {value!r}, but device is open and has its own")
        if device.closed:
            raise NotInitializedError(f"device is closed: {device!r}")
        found = Lease(device, None)
    else:
        found = _shared(0 if device is None else device, xclbin, wanted, target)
    if wanted is not None and found.device.dtype != wanted:
        shown = found.device
        found.close()
        raise DtypeError(f"{wanted} was asked for, but {shown!r} computes with {shown.dtype}")
    return found


def _shared(index, xclbin, dtype, target) -> Lease:
    with _lock:
        key = (str(xclbin), None if xclbin else dtype, target, index)
        shared = _open.get(key)
        if shared is None or shared.device.closed:
            options = {} if xclbin else {"dtype": dtype or np.dtype(np.int16)}
            opened = Device(xclbin, None, index, target=target, **options)
            shared = _open[key] = _Shared(opened)
        shared.users += 1
        return Lease(shared.device, key)
