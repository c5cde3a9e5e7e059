"""Several devices of one image that are used as one, and ``xfblas.open`` of one or several."""

import os
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from xfblas.checks import shown
from xfblas.device.device import Device
from xfblas.errors import InvalidValueError, NotSupportedError

#: What devices must have in common to be one, and what else is taken from the first of them.
SAME = ("target", "engine", "dtype", "addend_dtype", "matrix_dtypes", "x_is_row", "paddings")
SHARED = (*SAME, "xclbin", "platform", "uuid", "chain_padding", "instructions_per_launch")


class Devices(Device):
    """Opened devices whose compute units share rows of predictions and tiles of products.

    Whatever takes a :class:`~xfblas.Device` takes this too. What is sent stays on one unit.

    Args:
        devices: that differ, opened for one engine on images of one element type and padding;
            they are this object's to close.

    Raises:
        InvalidValueError: there is none, or they differ in more than their place.

    Attributes:
        devices: them, in their order.
        compute_units: of all of them, in that order; each keeps its number on its device.
    """

    def __init__(self, devices: Sequence[Device]):
        is_list = isinstance(devices, (list, tuple)) and len(devices) > 0
        if not is_list or not all(type(each) is Device for each in devices):
            raise InvalidValueError(f"devices is {shown(devices)}, expected a list of Device")
        self.devices = tuple(devices)
        first = self.devices[0]
        for other in self.devices[1:]:
            for name in SAME:
                ours, theirs = getattr(first, name), getattr(other, name)
                if ours != theirs:
                    raise InvalidValueError(
                        f"devices have {name} {ours} and {theirs}, expected the same of all"
                    )
        places = [each.index if each.bdf is None else each.bdf for each in self.devices]
        if len(set(places)) < len(places):
            named = ", ".join(map(str, places))
            raise InvalidValueError(f"devices are {named}, expected each of them once")
        for name in SHARED:
            setattr(self, name, getattr(first, name))
        self.index = self.bdf = None
        self.memory_bytes = min(each.memory_bytes for each in self.devices)
        self.compute_units = tuple(unit for each in self.devices for unit in each.compute_units)
        self.sharing_units = tuple(unit for each in self.devices for unit in each.sharing_units)

    @property
    def closed(self) -> bool:
        """Whether one of the devices was closed."""
        return any(each.closed for each in self.devices)

    def execute_async(self, compute_units: int | None = None) -> None:
        """Starts all units of all devices together and returns; see :class:`~xfblas.Device`.

        Raises:
            NotSupportedError: only some units were asked for.
        """
        if compute_units is not None:
            raise NotSupportedError(
                f"compute_units is {shown(compute_units)}, expected None: of several devices call "
                "execute_async of each of `devices`"
            )
        for each in self.devices:
            each.execute_async()

    def close(self) -> None:
        """Closes every device; safe to call twice."""
        with ExitStack() as stack:
            for each in self.devices:
                stack.callback(each.close)

    def _leave_behind(self) -> None:
        for each in self.devices:
            each._leave_behind()

    def __repr__(self) -> str:
        state = "closed" if self.closed else self.target
        places = [str(each.bdf or each.index) for each in self.devices]
        return (
            f"<xfblas.Devices {', '.join(places)} {self.engine} {self.dtype} {state}, "
            f"{len(self.compute_units)} compute units of {self.xclbin.name}>"
        )


def require_places(name: str, value: Any) -> list[int | str]:
    """A list of indices and BDFs, each of which is there once.

    Raises:
        InvalidValueError: it is no list, empty, or names a device twice.
    """
    if not isinstance(value, (list, tuple, range)) or len(value) == 0:
        raise InvalidValueError(f"{name} is {shown(value)}, expected a list of indices or BDFs")
    places = list(value)
    for place in places:
        if isinstance(place, (Device, list, tuple)):
            raise InvalidValueError(f"{name} has {shown(place)}, expected indices or BDFs")
    twice = next((each for i, each in enumerate(places) if each in places[:i]), None)
    if twice is not None:
        raise InvalidValueError(f"{name} has {shown(twice)} twice, expected each device once")
    return places


def one_of(device: Any, devices: Any) -> Any:
    """Where to run: ``device``, or the list ``devices`` in its place.

    Raises:
        InvalidValueError: both were given, or ``devices`` is no list.
    """
    if devices is None:
        return device
    if device is not None and not (type(device) is int and device == 0):
        raise InvalidValueError(
            f"device is {shown(device)} and devices {shown(devices)}, expected one of them"
        )
    return require_places("devices", devices)


def open(
    xclbin: str | os.PathLike[str] | None = None,
    cfg: str | os.PathLike[str] | None = None,
    device: int | str | Sequence[int | str] = 0,
    *,
    devices: Sequence[int | str] | None = None,
    **options: Any,
) -> Device:
    """Opens a device, or several as one; use it in a ``with`` block.

    Args:
        xclbin, cfg: as for :class:`Device`.
        device: an index or BDF; or a list of them, whose compute units then share rows of
            predictions and tiles of products. One that fails is left out, with a warning.
        devices: the same list by this name.
        **options: as for :class:`Device`.

    Raises:
        InvalidValueError: a device is named twice, or what :class:`Device` raises.
    """
    device = one_of(device, devices)
    if not isinstance(device, (list, tuple, range)):
        return Device(xclbin, cfg, device, **options)  # type: ignore[arg-type]
    with ExitStack() as stack:
        places = require_places("device", device)
        opened = [stack.enter_context(Device(xclbin, cfg, place, **options)) for place in places]
        found = Devices(opened)
        stack.pop_all()
    return found
