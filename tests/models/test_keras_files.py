"""Models made by Keras 3, saved in each of its formats, against what Keras predicts."""

import subprocess
import sys

import numpy as np
import pytest
from handmade import assert_close

from xfblas.errors import InvalidValueError
from xfblas.graph import read_network

# Keras' own conversion of jax arrays, of which numpy 2 warns.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def shake(model, generator):
    """Gives every weight a random value: a fresh model's zeros and ones would hide mistakes."""
    model.set_weights(
        [
            generator.uniform(0.5, 2, w.shape)
            if "variance" in w.path
            else kernel_like(w, generator)
            for w in model.weights
        ]
    )
    return model


def kernel_like(weight, generator):
    shape = tuple(weight.shape)
    if "alpha" in weight.path:
        return np.full(shape, generator.uniform(-0.5, 0.5))
    return generator.standard_normal(shape) / np.sqrt(shape[0])


def check_every_format(model, folder, generator):
    """Predicts with Keras and with what was read from the object and from each file."""
    shake(model, generator)
    x = generator.standard_normal((37, *model.input_shape[1:])).astype(np.float32)
    expected = model.predict(x, verbose=0)
    for name in ("m.keras", "m.h5"):
        model.save(folder / name)
    model.save_weights(folder / "m.weights.h5")
    (folder / "m.json").write_text(model.to_json())
    networks = [read_network(source) for source in (model, folder / "m.keras", folder / "m.h5")]
    weights = folder / "m.weights.h5"
    for architecture in (model.to_json(), model.get_config(), folder / "m.json"):
        networks.append(read_network(str(weights), architecture))
    for network in networks:
        assert_close(network.forward(x), expected)
        assert network.input_shape == model.input_shape[1:]
    return networks[0]


def stacks(keras):
    """Layers of a Sequential by the name of the test."""
    L = keras.layers
    return {
        "plain": [L.Input((9,)), L.Dense(8, "relu"), L.Dense(5, "relu"), L.Dense(3, "softmax")],
        "names": [
            L.Input((9,)),
            L.Dense(8, "relu", name="dense_1"),
            L.Dense(8, "relu", name="dense"),
            L.Dense(8, name="fc"),
        ],
        "more than ten": [L.Input((9,)), *(L.Dense(9, "leaky_relu") for _ in range(13))],
        "no bias, dropouts": [
            L.Input((9,)),
            L.Dropout(0.5, seed=1),
            L.Dense(7, use_bias=False),
            L.GaussianNoise(0.1),
            L.ReLU(),
            L.AlphaDropout(0.1),
            L.Dense(7, "relu"),
            L.GaussianDropout(0.2),
            L.Dense(7, use_bias=False, activation="sigmoid"),
            L.Dropout(0.1),
        ],
        "activation layers": [
            L.Input((9,)),
            L.Dense(7),
            L.Activation("relu"),
            L.Dense(7),
            L.LeakyReLU(negative_slope=0.15),
            L.Dense(7),
            L.PReLU(shared_axes=[1]),
            L.Dense(7),
            L.PReLU(),
            L.Dense(7),
            L.ReLU(negative_slope=0.2),
            L.Dense(6, activation=L.LeakyReLU(0.05)),
            L.ReLU(negative_slope=0.5),
            L.Dense(6, activation=keras.activations.leaky_relu),
            L.Dense(4),
            L.Softmax(),
        ],
        "normalization first": [
            L.Input((9,)),
            L.BatchNormalization(),
            L.Dense(7, "relu"),
            L.Dense(2),
        ],
        "normalization everywhere": [
            L.Input((9,)),
            L.BatchNormalization(scale=False),
            L.BatchNormalization(center=False),
            L.Dense(7),
            L.BatchNormalization(epsilon=0.01),
            L.ReLU(),
            L.BatchNormalization(),
            L.Dropout(0.5),
            L.Dense(7, "relu"),
            L.BatchNormalization(),
            L.LeakyReLU(),
            L.Dense(4, "relu", use_bias=False),
            L.BatchNormalization(center=False, scale=False),
            L.Softmax(),
        ],
        "activation first": [L.Input((9,)), L.ReLU(), L.Dense(3, "tanh")],
        "normalization alone": [L.Input((9,)), L.BatchNormalization(), L.Softmax()],
        "image": [
            L.Input((3, 2, 4)),
            L.BatchNormalization(),
            L.BatchNormalization(axis=1),
            L.SpatialDropout2D(0.1),
            L.Reshape((6, 4)),
            L.BatchNormalization(axis=-1),
            L.Flatten(),
            L.Dense(5, "relu"),
            L.Reshape((-1,)),
            L.Dense(4, "gelu"),
        ],
        "normalization of a reshaped layer": [
            L.Input((5,)),
            L.Dense(12),
            L.Reshape((3, 4)),
            L.BatchNormalization(),
            L.ReLU(),
            L.Flatten(),
            L.Dense(2),
        ],
        "nested": [
            L.Input((9,)),
            L.Dense(6, "relu"),
            keras.Sequential([L.Dense(5, "relu", name="dense"), L.BatchNormalization()], name="a"),
            keras.Sequential(
                [L.Dense(5, "relu", name="dense"), keras.Sequential([L.Dense(5, name="dense")])],
                name="b",
            ),
            L.Activation("softmax"),
        ],
    }


STACKS = (
    "plain",
    "names",
    "more than ten",
    "no bias, dropouts",
    "activation layers",
    "normalization first",
    "normalization everywhere",
    "activation first",
    "normalization alone",
    "image",
    "normalization of a reshaped layer",
    "nested",
)


@pytest.mark.parametrize("name", STACKS)
def test_sequential(keras, tmp_path, generator, name):
    model = keras.Sequential(stacks(keras)[name])
    check_every_format(model, tmp_path, generator)


def test_all_stacks_are_tested(keras):
    assert tuple(stacks(keras)) == STACKS


def test_functional_chain(keras, tmp_path, generator):
    """The layers are made in another order than they are called, as their names and slots show."""
    L = keras.layers
    last, first, middle = L.Dense(4, "softmax"), L.Dense(7, "relu"), L.Dense(7, use_bias=False)
    inside = L.Input((7,))
    inner = keras.Model(inside, L.BatchNormalization()(L.Dense(7)(inside)), name="inner")
    start = L.Input((9,))
    tensor = middle(inner(L.Dropout(0.1)(first(start))), training=False)
    check_every_format(keras.Model(start, last(tensor)), tmp_path, generator)


def test_folding_leaves_no_layer_behind(keras, tmp_path, generator):
    model = keras.Sequential(stacks(keras)["normalization everywhere"])
    network = check_every_format(model, tmp_path, generator)
    # The fourth normalization stands between two activations, the last after one: their own layers.
    activations = [layer.activation for layer in network.layers]
    assert activations == ["relu", "relu", "leaky_relu", "relu", "linear"]
    assert network.output_activation == "softmax"


def test_weights_with_a_list_of_activations(keras, tmp_path, generator):
    L = keras.layers
    model = keras.Sequential(
        [L.Input((4,)), *(L.Dense(5, "relu") for _ in range(11)), L.Dense(3, "softmax")]
    )
    shake(model, generator).save_weights(tmp_path / "m.weights.h5")
    x = generator.standard_normal((5, 4)).astype(np.float32)
    network = read_network(tmp_path / "m.weights.h5", ["relu"] * 11 + ["softmax"])
    assert_close(network.forward(x), model.predict(x, verbose=0))
    with pytest.raises(InvalidValueError, match="has 2 activations, expected 12"):
        read_network(tmp_path / "m.weights.h5", ["relu", "softmax"])


def test_weights_of_another_session(keras, tmp_path, generator):
    """Names that Keras made up anew do not matter: the groups say which layer is which."""
    L = keras.layers
    build = lambda: keras.Sequential(  # noqa: E731
        [L.Input((4,)), L.Dense(4, "relu"), L.BatchNormalization(), L.Dense(4), L.Dense(4)]
    )
    model, other = shake(build(), generator), build()
    model.save_weights(tmp_path / "m.weights.h5")
    x = generator.standard_normal((5, 4)).astype(np.float32)
    network = read_network(tmp_path / "m.weights.h5", other.to_json())
    assert_close(network.forward(x), model.predict(x, verbose=0))


def test_trained_model_keeps_its_optimizer_out(keras, tmp_path, generator):
    model = keras.Sequential(stacks(keras)["plain"])
    model.compile("adam", "mse", metrics=["mae"])
    x = generator.standard_normal((16, 9)).astype(np.float32)
    model.fit(x, np.eye(3)[generator.integers(0, 3, 16)], verbose=0)
    model.save(tmp_path / "m.keras")
    model.save(tmp_path / "m.h5")
    for name in ("m.keras", "m.h5"):
        assert_close(read_network(tmp_path / name).forward(x), model.predict(x, verbose=0))


def test_keras_is_not_imported(keras, tmp_path):
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])
    model.save(tmp_path / "m.keras")
    model.save(tmp_path / "m.h5")
    program = (
        "import sys; from xfblas.graph import read_network\n"
        "for path in sys.argv[1:]: assert read_network(path).output_units == 2\n"
        "heavy = {'keras', 'tensorflow', 'jax', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    files = [str(tmp_path / name) for name in ("m.keras", "m.h5")]
    subprocess.run([sys.executable, "-c", program, *files], check=True)
