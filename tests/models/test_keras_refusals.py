"""What read_network does not take of Keras 3: models that are no chain, and damaged files."""

import json
import zipfile

import numpy as np
import pytest

from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.graph import read_network

# Keras' own conversion of jax arrays, of which numpy 2 warns.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def test_everything_unsupported_is_listed(keras, tmp_path):
    L = keras.layers
    model = keras.Sequential(
        [
            L.Input((8, 8, 1)),
            L.Conv2D(2, 3, name="conv"),
            L.Flatten(),
            L.Dense(4, "tanh", name="middle"),
            L.ReLU(max_value=6, name="capped"),
            L.Lambda(lambda x: x, name="code", output_shape=(4,)),
            L.Dense(2, activation=lambda x: x, name="own"),
            L.Dense(2, name="fine"),
        ]
    )
    model.save(tmp_path / "m.keras")
    for source in (model, tmp_path / "m.keras"):
        with pytest.raises(UnsupportedModelError) as caught:
            read_network(source)
        lines = str(caught.value).splitlines()
        assert [line.split(":")[0].strip() for line in lines[1:]] == [
            "conv (Conv2D)",
            "capped (ReLU)",
            "code (Lambda)",
            "own (Dense)",
            "middle (Dense)",
        ]
        assert "max_value is 6.0, expected None" in lines[2]
        assert "tanh is computed on the host" in lines[5]


def test_functional_graphs_that_are_no_chain(keras):
    L = keras.layers
    one, other = L.Input((4,), name="one"), L.Input((4,), name="other")
    shared = L.Dense(4, name="shared")
    both = L.Add(name="sum")([shared(one), shared(other)])
    noisy = L.Dropout(0.5, name="noisy")(both, training=True)
    model = keras.Model([one, other], [L.Dense(2, name="left")(noisy), L.Dense(2, name="r")(noisy)])
    with pytest.raises(UnsupportedModelError) as caught:
        read_network(model)
    text = str(caught.value)
    for line in (
        "one (InputLayer): is one of 2 inputs",
        "shared (Dense): is used 2 times",
        "sum (Add): takes 2 inputs",
        "noisy (Dropout): its output goes to left, r",
        "left (Dense): is one of 2 outputs",
    ):
        assert line in text
    noisy = L.Dropout(0.5, name="noisy")(one, training=True)
    with pytest.raises(UnsupportedModelError, match=r"noisy .*training=True"):
        read_network(keras.Model(one, L.Dense(2)(noisy)))


def test_models_that_have_no_plain_layers(keras):
    L = keras.layers

    class Own(keras.Sequential):
        def call(self, x, **options):
            return super().call(x, **options) * 2

    class Subclassed(keras.Model):
        def call(self, x):
            return x

    class Renamed(keras.Sequential):
        """Computes what its base does."""

    stack = [L.Input((3,)), L.Dense(2)]
    for model in (Own(stack), Subclassed()):
        with pytest.raises(UnsupportedModelError, match="its own code"):
            read_network(model)
    assert read_network(Renamed(stack)).output_units == 2
    with pytest.raises(InvalidValueError, match="no weights: build or train it first"):
        read_network(keras.Sequential([L.Dense(2)]))


def test_quantized_and_uneven_layers(keras, generator):
    L = keras.layers
    model = keras.Sequential([L.Input((8,)), L.Dense(4, name="d"), L.PReLU(name="p"), L.Dense(2)])
    model.layers[1].set_weights([np.array([0.1, 0.2, 0.3, 0.4])])
    with pytest.raises(UnsupportedModelError, match=r"p \(PReLU\): alpha .* between 0\.1"):
        read_network(model)
    model.quantize("int8")
    with pytest.raises(UnsupportedModelError, match=r"d \(Dense\): its weights were quantized"):
        read_network(model)


def test_damaged_zip_files(keras, tmp_path):
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2)])
    model.save(tmp_path / "good.keras")
    content = (tmp_path / "good.keras").read_bytes()
    damaged = tmp_path / "bad.keras"
    for position in range(0, len(content), 97):
        damaged.write_bytes(content[:position])
        with pytest.raises(InvalidValueError, match=r"bad\.keras"):
            read_network(damaged)
    with zipfile.ZipFile(tmp_path / "good.keras") as archive:
        config = json.loads(archive.read("config.json"))
        weights = archive.read("model.weights.h5")
    for name, text in (
        ("config.json", "expected config.json"),
        ("model.weights.h5", "expected model.weights.h5"),
    ):
        with zipfile.ZipFile(damaged, "w") as archive:
            for entry, data in (
                ("config.json", json.dumps(config)),
                ("model.weights.h5", weights),
            ):
                if entry != name:
                    archive.writestr(entry, data)
        with pytest.raises(InvalidValueError, match=text):
            read_network(damaged)
    with zipfile.ZipFile(damaged, "w") as archive:
        archive.writestr("config.json", "{")
        archive.writestr("model.weights.h5", weights)
    with pytest.raises(InvalidValueError, match="is not JSON"):
        read_network(damaged)
