"""``xfblas.StreamingMLP`` as users have it: models, weights from anywhere, wrong arguments."""

import numpy as np
import pytest

import xfblas
from xfblas.errors import (
    DtypeError,
    ImageError,
    InvalidValueError,
    NotSupportedError,
    UnsupportedModelError,
)
from xfblas.streaming.formats import LayerFormat
from xfblas.streaming.weight_sources import write_text_files

pytestmark = pytest.mark.native
SIZES = [6, 9, 4]


@pytest.fixture
def weights():
    generator = np.random.default_rng(3)
    return [
        (generator.normal(size=(a, b)) / np.sqrt(a), generator.normal(size=b) / 4)
        for a, b in zip(SIZES, SIZES[1:], strict=False)  # noqa: RUF007
    ]


@pytest.fixture
def rows():
    return np.random.default_rng(4).uniform(-1, 1, (50, 6)).astype(np.float32)


def exact(rows, weights):
    x = rows.astype(np.float64)
    for kernel, bias in weights:
        x = np.tanh(x @ kernel + bias)
    return x


def test_weights_from_everywhere(weights, rows, tmp_path, keras):
    model = keras.Sequential([keras.Input((6,))])
    for size in SIZES[1:]:
        model.add(keras.layers.Dense(size, activation="tanh"))
    flat = [array for pair in weights for array in pair]
    model.set_weights(flat)
    model.save(tmp_path / "m.h5")
    model.save_weights(tmp_path / "m.weights.h5")
    write_text_files(tmp_path / "texts", weights)
    sources = [flat, weights, tmp_path / "texts", str(tmp_path / "m.h5"), tmp_path / "m.weights.h5"]
    with xfblas.StreamingMLP(SIZES) as mlp:
        found = [mlp.load_weights(source).predict(rows, verbose=0).tobytes() for source in sources]
        assert len(set(found)) == 1
        assert np.abs(mlp.predict(rows, verbose=0) - exact(rows, weights)).max() < 1e-6


@pytest.mark.parametrize("last", ["softmax", "sigmoid", "linear", "relu"])
def test_from_keras(keras, rows, last, tmp_path):
    layers = [keras.Input((6,)), keras.layers.Dense(9, "relu"), keras.layers.Dense(4, last)]
    model = keras.Sequential(layers)
    expected = model.predict(rows, verbose=0)
    model.save(tmp_path / "m.keras")
    for source in (model, tmp_path / "m.keras"):
        with xfblas.StreamingMLP.from_keras(source) as mlp:
            assert [layer.activation for layer in mlp.network.layers] == [
                "relu",
                "linear" if last == "softmax" else last,
            ]
            assert np.abs(mlp.predict(rows, verbose=0) - expected).max() < 1e-5
            y, found = mlp.trace(rows)
            assert y.tobytes() == mlp.predict(rows, verbose=0).tobytes()
            assert list(found) == ["s1", "x1", "s2", "x2"]
    with xfblas.StreamingMLP.from_keras(model, np.int16, calibration=rows) as mlp:
        assert np.abs(mlp.predict(rows, verbose=0) - expected).max() < 2e-3


def test_models_that_are_no_chain_of_these_layers(keras):
    model = keras.Sequential(
        [keras.Input((6,)), keras.layers.Dense(9, "elu"), keras.layers.Dense(2)]
    )
    with pytest.raises(UnsupportedModelError, match=r"activation is 'elu'.*linear, relu, tanh"):
        xfblas.StreamingMLP.from_keras(model)


def test_predict_has_keras_signature(weights, rows, keras):
    with xfblas.StreamingMLP(SIZES) as mlp:
        mlp.load_weights(weights)
        whole = mlp.predict(rows, verbose=0)
        assert whole.dtype == np.float32
        batches = []

        class Count(keras.callbacks.Callback):
            def on_predict_batch_end(self, batch, logs=None):
                batches.append(batch)

        same = mlp.predict(rows, batch_size=7, verbose=0, callbacks=[Count()])
        assert same.tobytes() == whole.tobytes() and batches == list(range(8))
        assert mlp.predict(iter([rows[:5], rows[5:9]]), verbose=0, steps=2).shape == (9, 4)
        assert mlp.predict(rows.tolist(), verbose=0).tobytes() == whole.tobytes()
        assert mlp.predict(rows[:0], verbose=0).shape == (0, 4)


def test_formats_follow_from_rows(weights, rows):
    expected = exact(rows, weights)
    with xfblas.StreamingMLP(SIZES, dtype="int16") as mlp:
        for calibration, bound in ((None, 1e-3), (rows, 2e-4)):
            mlp.load_weights(weights, calibration=calibration)
            assert np.abs(mlp.predict(rows, verbose=0) - expected).max() < bound
        with pytest.warns(UserWarning, match=r"inputs up to 100, which are clipped to \+-1"):
            mlp.run(rows * 0 + 100)
        mlp.load_weights(weights, calibration=rows * 100)
        wide = exact(rows * 100, weights)
        assert np.abs(mlp.predict(rows * 100, verbose=0) - wide).max() < 0.02
        with pytest.raises(InvalidValueError, match=r"layer 1 has .*int16 has no place"):
            mlp.load_weights([(kernel * 1e6, bias) for kernel, bias in weights])
        assert mlp.run(rows * 100)["x2"].shape == (50, 4)  # the weights that were there


def test_an_image_that_routes_some_outputs(weights, rows):
    with xfblas.StreamingMLP(SIZES, outputs=["x1", "s2"]) as mlp:
        mlp.load_weights(weights)
        assert list(mlp.run(rows)) == ["x1", "s2"]
        for name in ("s1", "x2"):
            with pytest.raises(NotSupportedError, match=f"'{name}', but the image routes x1, s2"):
                mlp.run(rows, ("x1", name))
        with pytest.raises(NotSupportedError, match="x2"):
            mlp.predict(rows, verbose=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layers": None}, "layers is None"),
        ({"layers": "6,9"}, "layers is '6,9', expected sizes"),
        ({"layers": np.array(6)}, "expected sizes"),
        ({"layers": [6, 9.5]}, "size 1 of layers is 9.5"),
        ({"layers": [6]}, "layers has 1 sizes"),
        ({"activation": "elu"}, "activation of layer 1 is 'elu'"),
        ({"activation": 3}, "activation is 3"),
        ({"dtype": "int8"}, "dtype is 'int8', expected float32 or int16"),
        ({"board": "u1"}, "no board is called 'u1'"),
        ({"multipliers": 0}, "multipliers is 0"),
        ({"multipliers": 1}, "multipliers is 1, expected 2"),
        ({"outputs": ["s3"]}, "outputs has 's3'"),
        ({"target": "cuda"}, "target is 'cuda'"),
        ({"device": 99}, "device index is 99"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(
        InvalidValueError if "cuda" not in message else NotSupportedError, match=message
    ):
        xfblas.StreamingMLP(**{"layers": SIZES, **arguments})


def test_wrong_weights_and_rows(weights, rows, tmp_path):
    write_text_files(tmp_path / "good", weights)
    (tmp_path / "short").mkdir()
    (tmp_path / "short/layer1.txt").write_text("1 2 3")
    write_text_files(tmp_path / "word", weights)
    (tmp_path / "word/layer2.txt").write_text("1 " * 39 + "one")
    (tmp_path / "word2").mkdir()
    write_text_files(tmp_path / "word2", weights[:1])
    kernel, bias = weights[0]
    with xfblas.StreamingMLP(SIZES) as mlp:
        for source, message in (
            (weights[:1], "of 1 layers, but the network has 2: 6-9-4"),
            ([(kernel.T, bias), weights[1]], r"weights of layer 1 has shape \(9, 6\).*\(6, 9\)"),
            ([weights[0], (weights[1][0], bias)], r"biases of layer 2 has shape \(9,\).*\(4,\)"),
            ([kernel, bias, kernel], "weights has 3 arrays"),
            ([(kernel * np.nan, bias), weights[1]], "weights of layer 1 has a number that is not"),
            ([(kernel * 1e300, bias), weights[1]], "layer 1 has a number too large"),
            (3, "weights is 3"),
            ([1, [2]], "weights of layer 1 is 1, expected weights and biases"),
            (tmp_path / "nothing", "nothing"),
            (tmp_path / "short", r"layer1.txt has 3 numbers, expected 63: 6 x 9 weights and 9"),
            (tmp_path / "word", "layer2.txt: number 40 is 'one'"),
            (tmp_path / "word2", "layer2.txt is not there"),
        ):
            with pytest.raises((InvalidValueError, OSError), match=message):
                mlp.load_weights(source)
        with pytest.raises(InvalidValueError, match="float32 has no formats"):
            mlp.load_weights(weights, calibration=rows)
        with pytest.raises(InvalidValueError, match="computes with float32"):
            mlp.load_integers([], [])
        mlp.load_weights(tmp_path / "good")
        for x, message in (
            (rows[:, :5], "x has 5 values in a row"),
            (rows[0], "put a single row in brackets"),
            (rows * np.nan, "at row 0, column 0"),
            ("rows", "x"),
        ):
            with pytest.raises(InvalidValueError, match=message):
                mlp.run(x)
        for outputs, message in (
            ([np.zeros((2, 2))], "outputs has"),
            (("s3",), "'s3'"),
            ("s1", "outputs is 's1'"),
            ((), "outputs is"),
        ):
            with pytest.raises(InvalidValueError, match=message):
                mlp.run(rows, outputs)
        with pytest.raises(InvalidValueError, match="integers is True"):
            mlp.run(rows, integers=True)
        assert np.abs(mlp.run(rows)["x2"] - exact(rows, weights)).max() < 1e-6


def test_wrong_integers(rows):
    good = [
        (np.ones((6, 9), np.int16), np.ones(9, np.int32)),
        (np.ones((9, 4), np.int16), np.ones(4, np.int32)),
    ]
    formats = [LayerFormat(0, 0, 0, 0)] * 2
    with xfblas.StreamingMLP(SIZES, "linear", np.int16) as mlp:
        for arguments, error, message in (
            ((good[:1], formats), InvalidValueError, "expected 2 entries"),
            ((good, formats[:1]), InvalidValueError, "formats is .*expected 2 entries"),
            ((good, [None, None]), InvalidValueError, "format of layer 1 is None"),
            (([good[0], (good[1][0].astype(int), good[1][1])], formats), DtypeError, "layer 2"),
            (([good[1], good[0]], formats), InvalidValueError, r"layer 1 has shape \(9, 4\)"),
            ((good, formats, 16), InvalidValueError, "input_bits is 16"),
        ):
            with pytest.raises(error, match=message):
                mlp.load_integers(*arguments)
        mlp.load_integers(good, formats, 0)
        ones = np.ones((2, 6), np.int16)
        assert mlp.run(ones, integers=True)["x2"].tolist() == [[64] * 4] * 2
        with pytest.raises(DtypeError, match="x is float32"):
            mlp.run(rows, integers=True)
    for field in ("weight_bits", "shift", "sum_bits", "activation_bits"):
        with pytest.raises(InvalidValueError, match=field):
            LayerFormat(
                **{"weight_bits": 0, "shift": 0, "sum_bits": 0, "activation_bits": 0, field: 99}
            )


def test_images_of_others():
    with pytest.raises((ImageError, NotSupportedError), match="no numLayers"):
        xfblas.StreamingMLP(SIZES, xclbin=xfblas.image_path("default_short"))
    with pytest.raises(InvalidValueError, match="outputs is given beside xclbin"):
        xfblas.StreamingMLP(SIZES, xclbin=xfblas.image_path("default_short"), outputs=["s1"])


def test_an_open_network_says_what_it_is(weights):
    with xfblas.StreamingMLP(SIZES, multipliers=64) as mlp:
        assert repr(mlp).startswith("<xfblas.StreamingMLP 6-9-4 float32 native, P = ")
        assert "layer2" in mlp.summary() and mlp.picture().startswith("<svg")
        with pytest.raises(NotSupportedError, match="cannot be copied"):
            __import__("copy").copy(mlp)
    assert "closed" in repr(mlp)
    mlp.close()
