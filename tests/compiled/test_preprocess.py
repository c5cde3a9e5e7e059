"""Preprocessing that is kept with a model: uint8 images become what it takes, once."""

import warnings

import numpy as np
import pytest

import xfblas
from xfblas.errors import InvalidValueError

pytestmark = pytest.mark.native
HALVES = {"scale": 1 / 127.5, "offset": -1}
MEANS = {"scale": [0.5, 0.25, 2], "offset": [-3.0, 1.0, 0.5], "channels": "bgr"}


@pytest.fixture(scope="module")
def model(keras):
    keras.utils.set_random_seed(1)
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((8, 6, 3)), layers.Conv2D(5, 3, activation="relu"), layers.Conv2D(2, 1)]
    )


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(2).integers(0, 256, (9, 8, 6, 3)).astype(np.uint8)


def by_hand(images, preprocess):
    values = images[..., ::-1] if preprocess.get("channels") == "bgr" else images
    return (values * np.float64(1) * preprocess["scale"] + preprocess["offset"]).astype(np.float32)


@pytest.mark.parametrize("preprocess", [HALVES, MEANS])
@pytest.mark.parametrize("bits", [8, 16, 32])
def test_images_become_the_input_once(model, images, tmp_path, preprocess, bits):
    floats = by_hand(images, preprocess)
    rows = None if bits == 32 else floats
    with xfblas.compile(model, rows, bits=bits) as plain:
        expected = plain.predict(floats, verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        rows = None if bits == 32 else images
        with xfblas.compile(model, rows, bits=bits, preprocess=preprocess) as compiled:
            assert (compiled.predict(images, verbose=0) == expected).all()
            assert (compiled.predict_on_batch(images) == expected).all()
            batches = ((part,) for part in np.array_split(images, 3))
            assert (compiled.predict(batches, verbose=0, steps=3) == expected).all()
            compiled.save(tmp_path / "model.xfblas")
            lines = []
            compiled.summary(lines.append)
            assert "uint8 images become image * " in lines[0]
        with xfblas.load(tmp_path / "model.xfblas") as again:
            assert (again.predict(images, verbose=0) == expected).all()
            lines = []
            again.summary(lines.append)
            assert "uint8 images become image * " in lines[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x: x / 127.5 - 0.5, "reaches beyond what preprocess makes"),
        (lambda x: x.astype(np.float32), "pass images as uint8"),
        (lambda x: (x / 127.5 - 1) / 127.5 - 1, "preprocessed twice"),
    ],
)
def test_floats_stay_and_are_told_once(model, images, change, words):
    floats = change(images)
    with xfblas.compile(model, by_hand(images, HALVES), bits=16) as plain:
        expected = plain.predict(floats, verbose=0)
    with xfblas.compile(model, images, bits=16, preprocess=HALVES) as compiled:
        with pytest.warns(UserWarning, match=words):
            assert (compiled.predict(floats, verbose=0) == expected).all()
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            compiled.predict(floats, verbose=0)


def test_floats_that_are_the_models_own_input_are_taken_in_silence(keras, model, images):
    floats = by_hand(images, HALVES)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        with xfblas.compile(model, images, bits=16, preprocess=HALVES) as compiled:
            expected = compiled.predict(images, verbose=0)
            assert (compiled.predict(floats, verbose=0) == expected).all()
        copy = keras.models.clone_model(model)
        xfblas.accelerate(copy, floats, bits=16, preprocess=HALVES)
        copy.predict(floats, verbose=0)


def test_a_model_that_scales_itself_is_told(keras, images):
    layers = keras.layers
    scaled = [keras.Input((8, 6, 3)), layers.Rescaling(1 / 127.5, -1), layers.Conv2D(2, 3)]
    with (
        pytest.warns(UserWarning, match="leave preprocess out"),
        xfblas.compile(keras.Sequential(scaled), images, bits=16, preprocess=HALVES) as compiled,
    ):
        assert compiled.predict(images, verbose=0).shape == (9, 6, 4, 2)


def test_folders_are_images(model, images, tmp_path):
    image_module = pytest.importorskip("PIL.Image", reason="needs Pillow: pip install .[images]")
    for number, image in enumerate(images):
        image_module.fromarray(image).save(tmp_path / f"{number}.png")
    with xfblas.compile(model, images, bits=8, preprocess=HALVES) as compiled:
        expected = compiled.predict(images, verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        with xfblas.compile(model, str(tmp_path), bits=8, preprocess=HALVES) as compiled:
            assert (compiled.predict(images, verbose=0) == expected).all()


@pytest.mark.parametrize(
    ("preprocess", "words"),
    [
        (lambda x: x, "expected a dict such as"),
        ("x / 127.5 - 1", "expected a dict such as"),
        ({"sclae": 2}, "'sclae'"),
        ({"scale": 0}, "scale.* is 0"),
        ({"scale": "2"}, "scale.*'2'"),
        ({"scale": [1, 2]}, "one for each channel"),
        ({"offset": float("nan")}, "offset.*nan"),
        ({"scale": True}, "scale.*True"),
        ({"channels": "grb"}, "rgb, bgr"),
    ],
)
def test_what_is_refused(model, images, preprocess, words):
    with pytest.raises(InvalidValueError, match=words):
        xfblas.compile(model, images, preprocess=preprocess)


def test_accelerated_models_calibrate_with_images_too(keras, model, images):
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    with xfblas.compile(model, images, preprocess=HALVES) as compiled:
        expected = compiled.predict(images, verbose=0)
    xfblas.accelerate(copy, images, preprocess=HALVES)
    np.testing.assert_array_equal(copy.predict(images, verbose=0), expected)
    xfblas.restore(copy)


def test_trace_of_no_images(model, images):
    with xfblas.compile(model, images, preprocess=HALVES) as compiled:
        some, none = (compiled.trace(each)[1] for each in (images, images[:0]))
    assert {name: (0, *found.shape[1:]) for name, found in some.items()} == {
        name: found.shape for name, found in none.items()
    }
