"""Scenes of a Cityscapes folder: leftImg8bit with the labels of gtFine, in four classes.

The folder is the caller's: it has leftImg8bit/<split>/<city>/<name>_leftImg8bit.png and
gtFine/<split>/<city>/<name>_gtFine_labelIds.png.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from unet import HEIGHT, WIDTH

from xfblas.checks import require_file
from xfblas.errors import InvalidValueError
from xfblas.notices import notify
from xfblas.tables.image_folder import read_image

PERSON, CAR, ROAD, BACKGROUND = range(4)
#: Label ids of Cityscapes: person and rider; car, truck, bus, caravan and trailer; road, parking
#: and what is drawn on it. All else is background, what was left unlabelled too.
CLASS_OF = np.full(256, BACKGROUND, np.uint8)
CLASS_OF[[24, 25]] = PERSON
CLASS_OF[[26, 27, 28, 29, 30]] = CAR
CLASS_OF[[7, 9]] = ROAD
#: Ids end here, but for license plates, which are -1 and so 255 in a picture of 8 bits.
LAST_ID, PLATE = 33, 255
CLASS_OF[PLATE] = CAR


def cityscapes(
    folder, split: str = "val", count: int | None = None, skip_bad: bool = False
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pictures and labels, halved until they are 256x512, by their names.

    Args:
        folder: that holds leftImg8bit and gtFine.
        split: train, val or test.
        count: how many at most; all by default.
        skip_bad: whether a picture that cannot be read, or has no labels, is left out with a
            warning instead of an error.

    Yields:
        (256, 512, 3) uint8 RGB and (256, 512) uint8 labels of 0 person, 1 car, 2 road, 3
        background.

    Raises:
        InvalidValueError: there are no pictures; one cannot be read, with its name.
    """
    given = 0
    for picture, labels in pairs(folder, split):
        if given == count:
            return
        try:
            found = read_picture(picture), read_labels(labels)
        except InvalidValueError as error:
            if not skip_bad:
                raise
            notify(f"left out: {error}")
            continue
        given += 1
        yield found
    if not given:
        raise InvalidValueError(f"{folder} has no picture of {split} that can be read")


def pairs(folder, split: str = "val") -> list[tuple[Path, Path]]:
    """Paths of all pictures of a split, each with the path that its labels should have.

    Raises:
        InvalidValueError: there is no such folder, or no picture in it.
    """
    pictures = require_file("folder", Path(folder) / "leftImg8bit" / split)
    found = sorted(pictures.glob("*/*_leftImg8bit.png"))
    if not found:
        raise InvalidValueError(f"{pictures} has no pictures <city>/<name>_leftImg8bit.png")
    labels = Path(folder) / "gtFine" / split
    return [
        (path, labels / path.parent.name / path.name.replace("_leftImg8bit", "_gtFine_labelIds"))
        for path in found
    ]


def read_picture(path) -> np.ndarray:
    """A picture of 256x512, each pixel the mean of those that it stands for."""
    pixels = read_image(path)
    require_ratio(path, pixels.shape)
    return np.asarray(Image.fromarray(pixels).resize((WIDTH, HEIGHT), Image.Resampling.BOX))


def read_labels(path) -> np.ndarray:
    """Labels of 256x512, of the pixel in the middle of those that each stands for."""
    if not Path(path).is_file():
        raise InvalidValueError(f"{path}: there is no such file of labels")
    try:
        with Image.open(path) as image:
            if image.mode not in ("L", "P"):
                raise InvalidValueError(
                    f"{path} has pixels of Pillow's type {image.mode}, expected label ids of 8 bits"
                )
            ids = np.asarray(image)
    except InvalidValueError:
        raise
    # What damaged files raise is each format's own.
    except Exception as error:
        raise InvalidValueError(f"{path} cannot be read as an image: {error}") from None
    require_ratio(path, ids.shape)
    unknown = np.unique(ids[(ids > LAST_ID) & (ids != PLATE)])
    if len(unknown):
        raise InvalidValueError(f"{path} has label id {unknown[0]}, expected 0 to {LAST_ID} or 255")
    step = ids.shape[0] // HEIGHT
    return CLASS_OF[ids[step // 2 :: step, step // 2 :: step]]


def require_ratio(path, shape):
    """Raises an InvalidValueError unless a picture can be brought to 256x512 by whole steps."""
    height, width = shape[:2]
    if height % HEIGHT or width * HEIGHT != height * WIDTH:
        raise InvalidValueError(
            f"{path} is {width}x{height}, expected {WIDTH}x{HEIGHT} or a multiple of it"
        )
