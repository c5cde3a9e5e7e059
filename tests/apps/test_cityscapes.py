"""A Cityscapes folder: which pictures, which classes, and what a bad one says."""

import numpy as np
import pytest
from cityscapes import cityscapes, read_labels, read_picture
from PIL import Image

from xfblas.errors import InvalidValueError


def place(root, kind, name, pixels, split="val"):
    ending = {"leftImg8bit": "leftImg8bit", "gtFine": "gtFine_labelIds"}[kind]
    path = root / kind / split / name.split("_")[0] / f"{name}_{ending}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def root(tmp_path):
    """Three pictures of 512x1024 in two cities, four pixels of a kind together."""
    rng = np.random.default_rng(3)
    for name in ("aachen_000000_000019", "bonn_000001_000019", "bonn_000002_000019"):
        pixels = rng.integers(0, 256, (256, 512, 3), np.uint8)
        ids = rng.integers(0, 34, (256, 512)).astype(np.uint8)
        place(tmp_path, "leftImg8bit", name, pixels.repeat(2, 0).repeat(2, 1))
        place(tmp_path, "gtFine", name, ids.repeat(2, 0).repeat(2, 1))
    return tmp_path


def first(root):
    return root / "leftImg8bit/val/aachen/aachen_000000_000019_leftImg8bit.png"


def test_all_of_a_split(root):
    found = list(cityscapes(root))
    assert len(found) == 3 and len(list(cityscapes(root, count=2))) == 2
    pixels, labels = found[0]
    assert (pixels.shape, pixels.dtype) == ((256, 512, 3), np.uint8)
    assert (labels.shape, labels.dtype) == ((256, 512), np.uint8)
    np.testing.assert_array_equal(pixels, np.asarray(Image.open(first(root)))[::2, ::2])


@pytest.mark.parametrize(
    ("label_id", "expected"),
    [(24, 0), (25, 0), (26, 1), (27, 1), (28, 1), (29, 1), (30, 1), (255, 1), (7, 2), (9, 2)]
    + [(other, 3) for other in (0, 3, 6, 8, 10, 11, 17, 19, 23, 31, 32, 33)],
)
def test_classes(tmp_path, label_id, expected):
    path = place(tmp_path, "gtFine", "a_1", np.full((256, 512), label_id, np.uint8))
    assert set(np.unique(read_labels(path))) == {expected}


def test_pixels_are_means(tmp_path):
    pixels = np.zeros((512, 1024, 3), np.uint8)
    pixels[::2] = 100
    path = place(tmp_path, "leftImg8bit", "a_1", pixels)
    assert set(np.unique(read_picture(path))) == {50}


def damage_picture(root):
    first(root).write_bytes(first(root).read_bytes()[:500])
    return "aachen_000000_000019_leftImg8bit.png cannot be read as an image"


def lose_labels(root):
    path = root / "gtFine/val/aachen/aachen_000000_000019_gtFine_labelIds.png"
    path.unlink()
    return "aachen_000000_000019_gtFine_labelIds.png: there is no such file of labels"


def odd_size(root):
    place(root, "leftImg8bit", "aachen_000000_000019", np.zeros((300, 600, 3), np.uint8))
    return "aachen_000000_000019_leftImg8bit.png is 600x300, expected 512x256 or a multiple"


def odd_ratio(root):
    place(root, "gtFine", "aachen_000000_000019", np.zeros((512, 512), np.uint8))
    return "aachen_000000_000019_gtFine_labelIds.png is 512x512, expected"


def odd_id(root):
    place(root, "gtFine", "aachen_000000_000019", np.full((256, 512), 77, np.uint8))
    return "aachen_000000_000019_gtFine_labelIds.png has label id 77, expected 0 to 33 or 255"


def coloured_labels(root):
    place(root, "gtFine", "aachen_000000_000019", np.zeros((256, 512, 3), np.uint8))
    return "aachen_000000_000019_gtFine_labelIds.png has pixels of Pillow's type RGB"


@pytest.mark.parametrize(
    "spoil", [damage_picture, lose_labels, odd_size, odd_ratio, odd_id, coloured_labels]
)
def test_a_bad_picture(root, spoil):
    """An error with its name; with skip_bad the others are given, after a warning."""
    message = spoil(root)
    with pytest.raises(InvalidValueError, match=message):
        list(cityscapes(root))
    with pytest.warns(UserWarning, match=message):
        found = list(cityscapes(root, skip_bad=True))
    assert len(found) == 2


def test_nothing_there(root, tmp_path):
    with pytest.raises(InvalidValueError, match="and there is no such file"):
        list(cityscapes(root, "train"))
    (root / "leftImg8bit" / "test").mkdir()
    with pytest.raises(InvalidValueError, match="has no pictures"):
        list(cityscapes(root, "test"))
