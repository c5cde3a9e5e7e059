"""How an operation walks feature maps, as callers give it and as C takes it."""

from dataclasses import dataclass
from typing import Any

from xfblas.checks import require_instance, require_sequence, shown
from xfblas.device.binding import UNSIGNED_MAX, require_integer
from xfblas.errors import InvalidValueError

#: C has these by rows and by columns.
PAIRS = {
    "kernel": ("kernelRows", "kernelColumns"),
    "stride": ("strideRows", "strideColumns"),
    "dilation": ("dilationRows", "dilationColumns"),
    "upsampling": ("upRows", "upColumns"),
    "padding": ("padTop", "padLeft"),
    "output": ("outRows", "outColumns"),
}


@dataclass(frozen=True)
class MapWalk:
    """Where the pixels of A and C lie, and which of them meet; (rows, columns) each.

    docs/instructions.md says what is computed. Pixels of A are ``pixel_a`` elements apart, its rows
    and frames follow each other; pixels of C are ``pixel_c`` apart, its rows ``row_c``, its frames
    ``frame_c``. By default both are maps of their own, from the first element of their matrices on.

    Attributes:
        height, width, channels: of the map that is read; channels that each tap reads.
        output: rows and columns of the result.
        kernel, stride, dilation: 1 or more.
        padding: pixels above and on the left, below 0 to crop.
        upsampling: how often each row and column of the map counts (nearest), 1 to 255.
        frames: how many maps, one after the other.
        fill: the element that padding holds.
        first_a, first_c: elements from the beginning of the matrices.
        pixel_a: ``channels`` by default.
        pixel_c: channels of the result by default.
        row_c, frame_c: of a result without gaps by default.
    """

    height: int
    width: int
    channels: int
    output: tuple[int, int]
    kernel: tuple[int, int] = (1, 1)
    stride: tuple[int, int] = (1, 1)
    dilation: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    upsampling: tuple[int, int] = (1, 1)
    frames: int = 1
    fill: int = 0
    first_a: int = 0
    first_c: int = 0
    pixel_a: int | None = None
    pixel_c: int | None = None
    row_c: int | None = None
    frame_c: int | None = None


def write_walk(place: Any, walk: MapWalk, n: int) -> None:
    """Writes a walk into an ``xfblasWalk_t`` of C, for a result of ``n`` channels.

    Raises:
        InvalidValueError: it is no walk, or a field is no whole number that C can take.
    """
    require_instance("walk", walk, MapWalk)
    for name in ("frames", "height", "width", "channels", "fill"):
        setattr(place, name, require_integer(name, getattr(walk, name)))
    for name, fields in PAIRS.items():
        pair = getattr(walk, name)
        require_sequence(name, pair, "rows and columns")
        if len(pair) != 2:
            raise InvalidValueError(f"{name} is {shown(pair)}, expected rows and columns")
        for field, value in zip(fields, pair, strict=True):
            setattr(place, field, require_integer(name, value))
    place.firstA = require_integer("first_a", walk.first_a, 0, UNSIGNED_MAX)
    place.firstC = require_integer("first_c", walk.first_c, 0, UNSIGNED_MAX)
    place.pixelA = require_integer("pixel_a", _or(walk.pixel_a, place.channels))
    place.pixelC = require_integer("pixel_c", _or(walk.pixel_c, n))
    row = _or(walk.row_c, place.outColumns * place.pixelC)
    place.rowC = require_integer("row_c", row, 0, UNSIGNED_MAX)
    frame = _or(walk.frame_c, place.outRows * place.rowC)
    place.frameC = require_integer("frame_c", frame, 0, UNSIGNED_MAX)


def _or(value: int | None, default: int) -> int:
    return default if value is None else value
