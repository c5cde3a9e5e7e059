"""Generated street scenes: equal for equal seeds, of all classes, with labels that fit colours."""

import subprocess
import sys

import numpy as np
import pytest
from painter import BACKGROUND, CAR, PERSON, ROAD, Camera, Painter
from PIL import Image
from scenes import scene, scenes
from street_objects import Car, Person, Post, Tree


@pytest.fixture(scope="module")
def some():
    return scenes(24, seed=11)


def test_shape_and_type(some):
    images, labels = some
    assert (images.shape, images.dtype) == ((24, 256, 512, 3), np.uint8)
    assert (labels.shape, labels.dtype) == ((24, 256, 512), np.uint8)
    assert labels.max() <= 3


def test_repeats(some):
    """A scene depends on its seed and number alone, whatever was made before it."""
    images, labels = some
    image, label = scene(11, 17)
    np.testing.assert_array_equal(image, images[17])
    np.testing.assert_array_equal(label, labels[17])


def test_differ(some):
    images, _ = some
    others, _ = scenes(2, seed=12)
    assert len({image.tobytes() for image in [*images, *others]}) == 26


def test_every_class_occurs(some):
    """Shares of pixels within wide ends, and each class in most of the scenes."""
    _, labels = some
    shares = np.bincount(labels.ravel(), minlength=4) / labels.size
    assert 0.004 < shares[PERSON] < 0.06
    assert 0.02 < shares[CAR] < 0.25
    assert 0.2 < shares[ROAD] < 0.6
    assert 0.3 < shares[BACKGROUND] < 0.7
    for wanted in (PERSON, CAR, ROAD, BACKGROUND):
        assert (labels == wanted).any(axis=(1, 2)).mean() > 0.75


def test_sky_and_road(some):
    """Perspective: the road lies in the lower part and narrows upwards."""
    _, labels = some
    road = labels == ROAD
    assert not road[:, :80].any()
    assert (road[:, 250].sum(axis=1) >= road[:, 130].sum(axis=1)).mean() > 0.9


def test_noise_and_light(some):
    """Neighbours differ by the sensor's noise, and exposures of scenes differ."""
    images, _ = some
    steps = np.abs(np.diff(images.astype(int), axis=2))
    assert (np.median(steps.reshape(24, -1), axis=1) >= 1).all()
    assert images.mean(axis=(1, 2, 3)).std() > 8


@pytest.mark.parametrize("kind", [Car, Person])
def test_labels_fit_colours(kind):
    """What is drawn changes labels where it changes colours, and nowhere else."""
    rng = np.random.default_rng(5)
    for x in (-3.0, 0.0, 2.0):
        painter = Painter(Camera(1.5, 330, 256, 100), (512, 256), (255, 0, 255), 1e9)
        kind.draw_from(rng, x, 9.0).paint_by(painter)
        drawn = (np.asarray(painter.colours) != (255, 0, 255)).any(axis=2)
        label = CAR if kind is Car else PERSON
        assert drawn.sum() > 100
        np.testing.assert_array_equal(np.asarray(painter.labels), np.where(drawn, label, 3))


@pytest.mark.parametrize("kind", [Tree, Post])
def test_background_hides(kind):
    """What stands before a car takes its pixels back."""
    rng = np.random.default_rng(5)
    painter = Painter(Camera(1.5, 330, 256, 100), (512, 256), (255, 0, 255), 1e9)
    Car.draw_from(rng, 0.0, 20.0).paint_by(painter)
    before = np.asarray(painter.labels).copy()
    kind.draw_from(rng, 0.0, 10.0).paint_by(painter)
    after = np.asarray(painter.labels)
    assert (before == CAR).sum() > (after == CAR).sum()
    assert set(np.unique(after)) <= {CAR, BACKGROUND}


def test_nearer_is_larger():
    camera = Camera(1.5, 330, 256, 100)
    tops = [camera.project(0, 1.8, z)[1] - camera.project(0, 0, z)[1] for z in (5.0, 10.0)]
    assert tops[0] == 2 * tops[1]


def test_command(street, tmp_path):
    command = [sys.executable, street / "scenes.py", "--count", "2", "--seed", "11"]
    subprocess.run([*command, "--out", tmp_path], check=True)
    image, labels = scene(11, 1)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "scene_001.png")), image)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "scene_001_labels.png")), labels)
