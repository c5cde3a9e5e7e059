"""Calibration by a folder of images, by a function of the iteration, and by so many batches."""

import numpy as np
import pytest
from PIL import Image

import xfblas
from xfblas.errors import InvalidValueError

SHAPE = (4, 3)
ROWS = np.random.default_rng(3).normal(0, 1, (48, *SHAPE)).astype(np.float32)


@pytest.fixture(scope="module")
def model(keras):
    """Takes pictures of 4 x 6 pixels."""
    layers = keras.layers
    given = keras.Input((4, 6, 3), name="picture")
    return keras.Model(given, layers.Dense(5, "relu")(layers.Flatten()(given)))


@pytest.fixture
def folder(tmp_path):
    pixels = np.random.default_rng(5).integers(0, 256, (7, 4, 6, 3), np.uint8)
    for index, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / f"{index}.png")
    return tmp_path, pixels.astype(np.float32)


def scaled(image):
    return image / np.float32(127.5) - np.float32(1)


def same(one, other, rows):
    """Whether both have the same weights and give the same."""
    with one, other:
        assert one.calibration["rows"] == other.calibration["rows"]
        np.testing.assert_array_equal(one.predict(rows, verbose=0), other.predict(rows, verbose=0))


@pytest.mark.parametrize("kind", [str, lambda path: path])
def test_folder_is_its_images(model, folder, kind):
    path, pixels = folder
    same(xfblas.compile(model, kind(path)), xfblas.compile(model, pixels), pixels)


def test_preprocessed_folder(model, folder):
    path, pixels = folder
    images = xfblas.ImageFolder(path, preprocess=scaled)
    assert len(images) == 7
    one, other = xfblas.compile(model, images), xfblas.compile(model, scaled(pixels))
    same(one, other, scaled(pixels))
    with xfblas.compile(model, scaled(pixels)) as compiled:
        np.testing.assert_array_equal(
            compiled.predict(images, verbose=0), compiled.predict(scaled(pixels), verbose=0)
        )


def test_arrays_in_a_folder(model, tmp_path):
    rows = np.random.default_rng(6).normal(0, 1, (5, 4, 6, 3)).astype(np.float32)
    np.save(tmp_path / "a.npy", rows[0])
    np.save(tmp_path / "b.npy", rows[1:])
    same(xfblas.compile(model, tmp_path), xfblas.compile(model, rows), rows)


@pytest.mark.parametrize("make", [lambda x: {"picture": x}, lambda x: x, lambda x: (x, x)])
def test_function_of_the_iteration(model, make):
    rows = np.random.default_rng(6).normal(0, 1, (40, 4, 6, 3)).astype(np.float32)
    asked = []

    def input_fn(iteration):
        asked.append(iteration)
        return make(rows[10 * iteration : 10 * iteration + 10])

    same(
        xfblas.compile(model, input_fn, calib_iter=3),
        xfblas.compile(model, rows[:30]),
        rows,
    )
    assert asked[:3] == [0, 1, 2] and set(asked) == {0, 1, 2}


def test_so_many_batches_of_a_stream(model, keras):
    rows = np.random.default_rng(6).normal(0, 1, (40, 4, 6, 3)).astype(np.float32)

    class Data(keras.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            return rows[10 * index : 10 * index + 10], rows[:10, 0, 0, 0]

    for stream in ((rows[first : first + 10] for first in range(0, 40, 10)), Data()):
        same(
            xfblas.compile(model, stream, calib_iter=2),
            xfblas.compile(model, rows[:20]),
            rows,
        )


def test_accelerated(keras, folder):
    _, pixels = folder
    layers = keras.layers
    given = keras.Input((4, 6, 3))
    own = keras.Model(given, layers.Dense(5, "relu")(layers.Flatten()(given)))
    with xfblas.compile(own, pixels[:4]) as compiled:
        expected = compiled.predict(pixels, verbose=0)
    xfblas.accelerate(own, lambda i: pixels[2 * i : 2 * i + 2], calib_iter=2)
    np.testing.assert_array_equal(own.predict(pixels, verbose=0), expected)
    xfblas.restore(own)


def test_float_needs_none(model, folder):
    path, pixels = folder
    for calibration in (path, lambda i: pixels):
        more = {} if calibration is path else {"calib_iter": 1}
        with xfblas.compile(model, calibration, bits=32, **more) as compiled:
            assert compiled.predict(pixels, verbose=0).shape == (7, 5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"calibration": lambda i: ROWS}, "expected calib_iter too"),
        ({"calibration": ROWS, "calib_iter": 2}, "calib_iter is 2, but calibration is rows"),
        ({"calibration": lambda i: ROWS, "calib_iter": 0}, "calib_iter is 0, expected 1 to"),
        ({"calibration": lambda i: ROWS, "calib_iter": 1.5}, "calib_iter is 1.5, expected a whole"),
        ({"calibration": lambda i: {"x": ROWS}, "calib_iter": 1}, "calibration: x has 'x'"),
        ({"calibration": lambda i: ROWS, "calib_iter": 1}, "calibration: .*shape"),
        ({"calibration": "nothing"}, "calibration: folder is 'nothing', and there is no such file"),
        ({"calibration": __file__}, "a file, expected a folder of images"),
    ],
)
def test_refused(model, arguments, message):
    with pytest.raises(InvalidValueError, match=message):
        xfblas.compile(model, **arguments)


def test_folder_without_images(model, tmp_path):
    (tmp_path / "notes.txt").write_text("none")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(InvalidValueError, match=r"calibration: folder .* has no images"):
        xfblas.compile(model, tmp_path)


def spoil_text(path):
    path.write_text("no image")


def spoil_end(path):
    path.write_bytes(path.read_bytes()[:60])


def spoil_size(path):
    Image.new("RGB", (6, 5)).save(path)


def spoil_depth(path):
    Image.fromarray(np.zeros((4, 6), np.uint16)).save(path)


def spoil_link(path):
    path.unlink()
    path.symlink_to("nowhere.png")


@pytest.mark.parametrize("spoil", [spoil_text, spoil_end, spoil_size, spoil_depth, spoil_link])
def test_bad_image(model, folder, spoil):
    """An error with its name; with skip_bad the others are taken, and a warning has the name."""
    path, pixels = folder
    spoil(path / "3.png")
    with pytest.raises(InvalidValueError, match=r"calibration: .*3\.png"):
        xfblas.compile(model, path)
    images = xfblas.ImageFolder(path, skip_bad=True)
    with pytest.warns(UserWarning, match=r"left out: .*3\.png"):
        compiled = xfblas.compile(model, images)
    kept = np.delete(pixels, 3, axis=0)
    same(compiled, xfblas.compile(model, kept), pixels)


def test_nothing_but_bad_images(model, tmp_path):
    (tmp_path / "a.png").write_text("no image")
    images = xfblas.ImageFolder(tmp_path, skip_bad=True)
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(InvalidValueError, match="has no image that can be read"),
    ):
        xfblas.compile(model, images)


@pytest.mark.parametrize("mode", ["RGBA", "L", "P", "1", "CMYK"])
def test_modes_become_rgb(tmp_path, mode):
    image = Image.new("RGB", (6, 4), (255, 255, 255)).convert(mode)
    image.save(tmp_path / ("a.tif" if mode == "CMYK" else "a.png"))
    (found,) = xfblas.ImageFolder(tmp_path)
    np.testing.assert_array_equal(found, np.full((1, 4, 6, 3), 255, np.float32))


def test_image_of_another_size_than_the_model(model, tmp_path):
    Image.new("RGB", (8, 4)).save(tmp_path / "a.png")
    with pytest.raises(InvalidValueError, match=r"calibration: .*\(1, 4, 8, 3\)"):
        xfblas.compile(model, tmp_path)
