"""Masks of classes as colours, and pictures that show them beside each other."""

import colorsys
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from xfblas.arrays import describe, seen
from xfblas.checks import require_entries, require_integer
from xfblas.errors import InvalidValueError, NotSupportedError
from xfblas.files import write_bytes

#: Of the first classes; more are spread over the circle of hues.
COLOURS = ((220, 20, 60), (30, 60, 220), (128, 64, 128), (90, 150, 110))
GAP, LINE = 6, 18
INK, PAPER = (29, 36, 48), (255, 255, 255)


def palette(count: int) -> np.ndarray:
    """Colours of classes, (count, 3) uint8, no two the same."""
    count = require_integer("count", count, 1, 4096)
    found = [*COLOURS[:count]]
    for index in range(len(found), count):
        # Steps of the golden ratio: neighbours are far apart, and none comes back.
        hue, light = index * 0.61803398875 % 1, 0.45 + 0.3 * (index % 3) / 2
        red, green, blue = colorsys.hls_to_rgb(hue, light, 0.65)
        found.append((round(255 * red), round(255 * green), round(255 * blue)))
    colours = np.array(found, np.uint8)
    if len(np.unique(colours, axis=0)) < count:
        raise InvalidValueError(f"count is {count}, for which there are too few colours")
    return colours


def colour_masks(masks: Any, colours: Any) -> np.ndarray:
    """Masks as RGB.

    Args:
        masks: (...) integers, classes from 0.
        colours: (c, 3) uint8, one for each class.

    Returns:
        (..., 3) uint8.

    Raises:
        InvalidValueError: a mask holds no integers, or a class without a colour.
    """
    masks, colours = seen("masks", masks), seen("colours", colours)
    if colours.ndim != 2 or colours.shape[1] != 3 or colours.dtype != np.uint8:
        raise InvalidValueError(f"colours are {describe(colours)}, expected uint8 (classes, 3)")
    if masks.dtype.kind not in "iu":
        raise InvalidValueError(f"masks are of type {masks.dtype}, expected integers")
    if masks.size and not (masks.min() >= 0 and masks.max() < len(colours)):
        raise InvalidValueError(
            f"masks go from {masks.min()} to {masks.max()}, expected 0 to {len(colours) - 1}"
        )
    return colours[masks]


def mask_picture(
    images: Any, masks: Mapping[str, Any], names: Sequence[str], colours: Any = None
) -> np.ndarray:
    """Images and their masks beside each other, a row for each image, with a legend below.

    Args:
        images: (n, height, width, 3) uint8, or None for masks alone.
        masks: (n, height, width) integers by their titles, one column of the picture for each.
        names: of the classes.
        colours: (classes, 3) uint8; by default those of :func:`palette`.

    Returns:
        RGB (picture's height, picture's width, 3) uint8.

    Raises:
        InvalidValueError: arrays do not fit each other, or a class has no name.
        NotSupportedError: Pillow is not installed.
    """
    names = require_entries("names", names, str)
    colours = palette(len(names)) if colours is None else seen("colours", colours)
    if len(colours) != len(names):
        raise InvalidValueError(f"there are {len(names)} names and {len(colours)} colours")
    columns, shape = {}, None
    if images is not None:
        images = seen("images", images)
        if images.ndim != 4 or images.shape[3] != 3 or images.dtype != np.uint8 or not images.size:
            raise InvalidValueError(
                f"images are {describe(images)}, expected uint8 (n, height, width, 3)"
            )
        columns, shape = {"image": images}, images.shape[:3]
    for title, given in masks.items():
        mask = seen(f"masks[{title!r}]", given)
        shape = mask.shape if shape is None else shape
        if mask.shape != shape or mask.ndim != 3 or not mask.size:
            wanted = shape if len(shape) == 3 and mask.size else "(n, height, width)"
            raise InvalidValueError(f"masks[{title!r}] has shape {mask.shape}, expected {wanted}")
        columns[title] = colour_masks(mask, colours)
    if not columns:
        raise InvalidValueError("there are no images and no masks, expected some")
    return _drawn(columns, names, colours)


def png(picture: np.ndarray) -> bytes:
    """A picture (height, width, 3) uint8 as a PNG file's content."""
    image, _ = _pillow()
    content = io.BytesIO()
    image.fromarray(picture).save(content, format="png")
    return content.getvalue()


def write_mask_picture(path: Any, *arguments: Any, **options: Any) -> None:
    """Writes :func:`mask_picture` as a PNG file.

    Raises:
        OSError: the file cannot be written.
    """
    write_bytes(path, png(mask_picture(*arguments, **options)))


def _drawn(columns, names, colours) -> np.ndarray:
    image, draw_module = _pillow()
    count, height, width, _ = next(iter(columns.values())).shape
    measure = draw_module.Draw(image.new("RGB", (1, 1))).textlength
    places = np.cumsum([GAP, *(18 + int(measure(name)) + 16 for name in names)])
    wide = max(len(columns) * (width + GAP) + GAP, int(places[-1]))
    tall = LINE + count * (height + GAP) + GAP + LINE
    canvas = image.new("RGB", (wide, tall), PAPER)
    draw = draw_module.Draw(canvas)
    for column, (title, pictures) in enumerate(columns.items()):
        left = GAP + column * (width + GAP)
        draw.text((left, 3), title, INK)
        for row, picture in enumerate(pictures):
            canvas.paste(image.fromarray(picture), (left, LINE + row * (height + GAP)))
    top = tall - LINE
    for left, name, colour in zip(places.tolist(), names, colours.tolist(), strict=False):
        draw.rectangle([left, top + 1, left + 12, top + 13], tuple(colour))
        draw.text((left + 18, top + 2), name, INK)
    return np.asarray(canvas)


def _pillow():
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise NotSupportedError(
            f'pictures need Pillow ({error}): pip install ".[images]"'
        ) from None
    return Image, ImageDraw
