"""What a model takes of 8-bit images: a scale, an offset and an order of channels, kept with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from xfblas.checks import shown
from xfblas.errors import InvalidValueError
from xfblas.notices import notify

FORM = '{"scale": 1 / 127.5, "offset": -1, "channels": "rgb"}'
#: Orders of channels that the model may take; images are RGB.
ORDERS = ("rgb", "bgr")
#: The largest element of an image, and a part of what it becomes that no whole picture lies in.
LARGEST, NARROW = 255, 1 / 50


@dataclass(frozen=True)
class Preprocessing:
    """``image * scale + offset`` of uint8 images; what is no uint8 is the model's input already.

    Attributes:
        scale, offset: one number, or one for each channel in the model's order.
        channels: 'rgb', or 'bgr' where the model has them the other way round than images.
    """

    scale: tuple[float, ...] = (1.0,)
    offset: tuple[float, ...] = (0.0,)
    channels: str = "rgb"
    _told: set[str] = field(default_factory=set, compare=False, repr=False)

    @classmethod
    def of(cls, given: Any, shape: tuple[int | None, ...]) -> Preprocessing:
        """The same, or what a dict of scale, offset and channels says, for an input of a shape.

        Raises:
            InvalidValueError: it is something else, or does not fit the shape.
        """
        if isinstance(given, Preprocessing):
            given = given.description()
        if not isinstance(given, Mapping):
            raise InvalidValueError(f"preprocess is {shown(given)}, expected a dict such as {FORM}")
        for name in given:
            if name not in ("scale", "offset", "channels"):
                raise InvalidValueError(f"preprocess has {shown(name)}, expected {FORM}")
        order = given.get("channels", "rgb")
        if order not in ORDERS:
            raise InvalidValueError(
                f"preprocess['channels'] is {shown(order)}, expected one of {', '.join(ORDERS)}"
            )
        numbers = {
            name: _numbers(name, given.get(name, default), shape)
            for name, default in (("scale", 1.0), ("offset", 0.0))
        }
        if any(value == 0 for value in numbers["scale"]):
            raise InvalidValueError("preprocess['scale'] is 0, expected what leaves an image")
        if order == "bgr" and _channels(shape) != 3:
            raise InvalidValueError(
                f"preprocess['channels'] is 'bgr', but the input has shape {shape}, expected an "
                "image of 3 channels"
            )
        return cls(numbers["scale"], numbers["offset"], order)

    def description(self) -> dict[str, Any]:
        """What JSON holds of it, and :meth:`of` takes."""
        scale, offset = list(self.scale), list(self.offset)
        return {"scale": scale, "offset": offset, "channels": self.channels}

    def text(self) -> str:
        """For a summary."""
        scale, offset = (
            f"{values[0]:.6g}" if len(values) == 1 else str([float(f"{v:.6g}") for v in values])
            for values in (self.scale, self.offset)
        )
        order = "" if self.channels == "rgb" else f", channels as {self.channels}"
        return f"uint8 images become image * {scale} + {offset}{order}; other numbers stay"

    def applied(self, name: str, values: np.ndarray) -> np.ndarray:
        """float32 of uint8 images (m, ...), and other numbers as they are.

        Numbers that do not look like what it makes of images are told of, once.
        """
        if values.dtype != np.uint8:
            self._look(name, values)
            return values
        axis = _axis(values.shape[1:])
        if self.channels == "bgr":
            values = np.flip(values, axis)
        sizes = [1] * values.ndim
        sizes[axis] = -1
        scale, offset = (np.reshape(each, sizes) for each in (self.scale, self.offset))
        # Each of the 256 levels is the float32 nearest to it.
        return (values * scale + offset).astype(np.float32)

    def _look(self, name: str, values: np.ndarray) -> None:
        """Tells once of images that are no uint8 and do not look preprocessed."""
        if self._told or values.dtype.kind not in "fiu" or not values.size:
            return
        ends = [np.asarray(self.offset), LARGEST * np.asarray(self.scale) + self.offset]
        low, high = float(np.min(ends)), float(np.max(ends))
        least, most = float(values.min()), float(values.max())
        if least == most:
            return  # no picture
        self._told.add(name)
        what = f"{name} is {values.dtype} from {least:.4g} to {most:.4g}"
        stored = f"what preprocess makes of uint8 images, {low:.4g} to {high:.4g}"
        width = high - low
        if least < low - width / 2 or most > high + width / 2:
            fault = f"that is beyond {stored}: it is taken as it is; pass images as uint8"
        elif most - least < NARROW * width:
            fault = f"that is little of {stored}, as if it were preprocessed twice"
        elif least < low - NARROW * width or most > high + NARROW * width:
            fault = f"that reaches beyond {stored}, which it is taken for: pass images as uint8"
        else:
            return
        notify(f"{what}: {fault}")


def _numbers(name: str, given: Any, shape: tuple[int | None, ...]) -> tuple[float, ...]:
    expected = f"a finite number, or one for each channel of the input's shape {shape}"
    fault = InvalidValueError(f"preprocess[{name!r}] is {shown(given)}, expected {expected}")
    try:
        found = np.asarray(given)
        is_fit = found.dtype.kind in "fiu" and found.ndim <= 1
        is_fit = is_fit and found.size in (1, _channels(shape)) and np.isfinite(found).all()
    except Exception:  # objects have errors of their own
        raise fault from None
    if not is_fit:
        raise fault
    return tuple(float(value) for value in found.reshape(-1))


def _axis(shape: tuple[int | None, ...]) -> int:
    """Of the channels, in a row of a shape or in an array of rows: the first where it is small."""
    is_first = len(shape) == 3 and shape[0] in (1, 3, 4) and shape[2] not in (1, 3, 4)
    return -3 if is_first else -1


def _channels(shape: tuple[int | None, ...]) -> int | None:
    return shape[_axis(shape)] if shape else None
