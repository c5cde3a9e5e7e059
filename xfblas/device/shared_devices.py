"""Devices that several models use, open as long as one of them does."""

import gc
from contextlib import ExitStack

import numpy as np

from xfblas import forks
from xfblas.arrays import element_type
from xfblas.checks import require_path, require_text
from xfblas.device.binding import require_index
from xfblas.device.default_images import TARGETS
from xfblas.device.device import Device
from xfblas.device.devices import Devices, require_places
from xfblas.errors import DtypeError, InvalidValueError, NotInitializedError

_open: dict[tuple, "_Shared"] = {}
# Models that are forgotten give their device back whenever Python collects them, within these
# functions too.
_lock = forks.lock()


class DeviceHeldError(InvalidValueError):
    """Models of this process have another image open on the device, and a card holds one."""


class _Shared:
    def __init__(self, device):
        self.device = device
        self.users = 0


class Lease:
    """The right to use a device, until it is closed.

    Attributes:
        device: the :class:`~xfblas.Device`.
    """

    def __init__(self, device: Device, shared: _Shared | None = None):
        self.device = device
        self._shared = shared

    def close(self) -> None:
        """Gives the device back, which closes it where no one else uses it; safe to call twice."""
        with _lock:
            shared, self._shared = self._shared, None
            if shared is None:
                return
            shared.users -= 1
            if shared.users == 0:
                for key in [key for key, held in _open.items() if held is shared]:
                    del _open[key]
                shared.device.close()


class JointLease(Lease):
    """Several leases as one, of devices that are used as one.

    Args:
        leases: of devices that differ.
    """

    def __init__(self, leases: list[Lease]):
        super().__init__(Devices([each.device for each in leases]))
        self._leases = leases

    def close(self) -> None:
        """Gives every device back; safe to call twice."""
        with ExitStack() as stack:
            for each in self._leases:
                stack.callback(each.close)


def lease(device=None, xclbin=None, dtype=None, target=None, trust=False) -> Lease:
    """A device with the Fcn engine.

    Args:
        device: an opened :class:`~xfblas.Device`, which stays the caller's to close; or what
            :func:`xfblas.open` takes as its device, a list of several too; None is the first.
        xclbin: path of an image; None is the packaged one.
        dtype: the element type that the image must have; None takes the image's.
        target, trust: as for :func:`xfblas.open`.

    Raises:
        DtypeError: the device's image computes with another element type.
        InvalidValueError: a device was given together with what it already settles.
        NotInitializedError: the device is closed.
        DeviceHeldError: models have another image open on it.
    """
    if isinstance(device, (list, tuple, range)):
        with ExitStack() as stack:
            leases = []
            for place in require_places("device", device):
                leases.append(lease(place, xclbin, dtype, target, trust))
                stack.callback(leases[-1].close)
            found = JointLease(leases)
            stack.pop_all()
        return found
    wanted = None if dtype is None else element_type("dtype", dtype)
    if target is not None:
        require_text("target", target, f"one of {', '.join(TARGETS)}")
    if xclbin is not None:
        xclbin = require_path("xclbin", xclbin, "the path of an image")
    if isinstance(device, Device):
        for name, value in (("xclbin", xclbin), ("target", target)):
            if value is not None:
                raise InvalidValueError(f"{name} is {value!r}, but device is open and has its own")
        if device.closed:
            raise NotInitializedError(f"device is closed: {device!r}")
        found = Lease(device)
    else:
        if not isinstance(device, str):
            require_index("device", 0 if device is None else device)
        found = _shared(0 if device is None else device, xclbin, wanted, target, trust)
    if wanted is not None and found.device.dtype != wanted:
        shown = found.device
        found.close()
        raise DtypeError(f"{wanted} was asked for, but {shown!r} computes with {shown.dtype}")
    return found


def _shared(index, xclbin, dtype, target, trust) -> Lease:
    with _lock:
        key = (str(xclbin), None if xclbin else dtype, target, index)
        if key not in _open or _open[key].device.closed:
            options = {"trust": trust}
            if not xclbin:
                options["dtype"] = dtype or np.dtype(np.int16)
            opened = _opened(xclbin, index, target, options)
            _open[key] = _Shared(opened)
        shared = _open[key]
        shared.users += 1
        return Lease(shared.device, shared)


def _opened(xclbin, index, target, options) -> Device:
    try:
        return Device(xclbin, None, index, target=target, **options)
    except InvalidValueError:
        if not _is_held(index, target):
            raise
    gc.collect()  # models that refer to themselves, as accelerated ones do, may only look alive
    try:
        return Device(xclbin, None, index, target=target, **options)
    except InvalidValueError as error:
        if _is_held(index, target):
            raise DeviceHeldError(str(error)) from error
        raise


def _is_held(index, target) -> bool:
    return any(key[2:] == (target, index) for key in _open)
