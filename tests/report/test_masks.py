"""Masks as colours, and the picture that shows them beside each other."""

import numpy as np
import pytest

from xfblas.errors import InvalidValueError
from xfblas.reporting.masks import colour_masks, mask_picture, palette, write_mask_picture

NAMES = ("person", "car", "road", "background")


def example(count=3, height=20, width=30):
    rng = np.random.default_rng(2)
    images = rng.integers(0, 256, (count, height, width, 3), np.uint8)
    masks = {name: rng.integers(0, 4, (count, height, width)) for name in ("true", "engine")}
    return images, masks


def test_colours():
    colours = palette(4)
    masks = np.array([[0, 3], [2, 1]], np.uint8)
    np.testing.assert_array_equal(
        colour_masks(masks, colours),
        [[colours[0], colours[3]], [colours[2], colours[1]]],
    )


@pytest.mark.parametrize("count", [1, 3, 4, 5, 19, 200])
def test_palette(count):
    """Colours are as many as classes and all different, and the first stay what they are."""
    colours = palette(count)
    assert colours.shape == (count, 3) and len(np.unique(colours, axis=0)) == count
    np.testing.assert_array_equal(colours[:1], palette(1))


def test_picture(tmp_path):
    """Images stand left, each mask has a column in its colours, all classes are in the legend."""
    image = pytest.importorskip("PIL.Image")
    images, masks = example()
    picture = mask_picture(images, masks, NAMES)
    colours = palette(4)
    for row in range(3):
        top = 18 + row * 26
        columns = [picture[top : top + 20, 6 + 36 * i : 36 + 36 * i] for i in range(3)]
        np.testing.assert_array_equal(columns[0], images[row])
        for column, mask in zip(columns[1:], masks.values(), strict=True):
            np.testing.assert_array_equal(column, colours[mask[row]])
    legend = picture[-18:].reshape(-1, 3)
    for colour in colours:
        assert (legend == colour).all(axis=1).sum() == 13 * 13
    write_mask_picture(tmp_path / "p.png", images, masks, NAMES)
    np.testing.assert_array_equal(np.asarray(image.open(tmp_path / "p.png")), picture)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": np.zeros((3, 20, 30), np.uint8)}, "images are uint8"),
        ({"images": np.zeros((3, 20, 30, 3))}, "images are float64"),
        ({"images": np.zeros((0, 20, 30, 3), np.uint8)}, "images are uint8"),
        ({"masks": {"a": np.zeros((3, 20, 31), int)}}, r"masks\['a'\] has shape"),
        ({"masks": {"a": np.full((3, 20, 30), 4)}}, "masks go from 4 to 4, expected 0 to 3"),
        ({"masks": {"a": np.full((3, 20, 30), -1)}}, "masks go from -1 to -1"),
        ({"masks": {"a": np.zeros((3, 20, 30))}}, "masks are of type float64"),
        ({"names": ("a", 2)}, r"names\[1\] is 2"),
        ({"colours": np.zeros((3, 3), np.uint8)}, "4 names and 3 colours"),
        ({"colours": np.zeros((4, 3))}, "colours are float64"),
    ],
)
def test_refused(change, message):
    images, masks = example()
    with pytest.raises(InvalidValueError, match=message):
        mask_picture(**{"images": images, "masks": masks, "names": NAMES, **change})


def test_masks_alone():
    images, masks = example()
    picture = mask_picture(None, masks, NAMES)
    np.testing.assert_array_equal(
        picture[18:38, 6:36], mask_picture(images, masks, NAMES)[18:38, 42:72]
    )
    with pytest.raises(InvalidValueError, match="no images and no masks"):
        mask_picture(None, {}, NAMES)
    with pytest.raises(InvalidValueError, match=r"masks\['a'\] has shape \(3,\)"):
        mask_picture(None, {"a": np.zeros(3, int)}, NAMES)
