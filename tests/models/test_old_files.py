"""Files of Keras 1, Keras 2 and tf.keras, written by hand, against the float64 oracle."""

import json
import zipfile

import h5py
import numpy as np
import pytest
from handmade import assert_close, layer, sequential, write_named, write_slots
from mlp_weights import keras_2_layers

from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.graph import read_network


def test_keras_2_full_file(weights, tmp_path):
    path = write_named(tmp_path / "m.h5", weights.stored(), sequential(*keras_2_layers(0.25)))
    network = read_network(path)
    assert_close(network.forward(weights.x), weights.expected(slope=0.25))
    assert network.name == "sequential_1"
    assert network.input_shape == (6,)
    assert [layer.name for layer in network.layers] == ["dense_1", "dense_2", "dense_3"]


def test_bare_list_of_layers(weights, tmp_path):
    """Keras before 2.2.3: the configuration of a Sequential is its list of layers."""
    config = {"class_name": "Sequential", "config": keras_2_layers()}
    path = write_named(tmp_path / "m.hdf5", weights.stored(), config)
    assert_close(read_network(path).forward(weights.x), weights.expected())


def test_numbers_wrapped_by_keras_2(weights, tmp_path):
    layers = keras_2_layers()
    layers[4]["config"]["alpha"] = {"class_name": "__numpy__", "config": {"value": 0.25}}
    wrapped = {"type": "ndarray", "value": 0.0}
    layers[3:4] = [layers[3], layer("ReLU", "r", max_value=None, negative_slope=wrapped)]
    layers[4]["config"]["negative_slope"] = {"type": "ndarray", "value": 1.0}
    path = write_named(tmp_path / "m.h5", weights.stored(), sequential(*layers))
    assert_close(read_network(path).forward(weights.x), weights.expected(slope=0.25))


def test_tf_keras_functional_file(weights, tmp_path):
    """Layers in the file's order are not those of the computation; the names lead."""
    layers = [
        layer("InputLayer", "input_1", batch_input_shape=[None, 6], dtype="float32"),
        *keras_2_layers(),
    ]
    for before, entry in zip([None, *layers], layers, strict=False):
        entry["name"] = entry["config"]["name"]
        entry["inbound_nodes"] = [[[before["name"], 0, 0, {}]]] if before else []
    config = {
        "class_name": "Functional",
        "config": {
            "name": "model",
            "layers": layers[::-1],
            "input_layers": [["input_1", 0, 0]],
            "output_layers": [["dense_3", 0, 0]],
        },
    }
    stored = [("input_1", []), *weights.stored()][::-1]
    path = write_named(tmp_path / "m.h5", stored, config, "2.15.0")
    assert_close(read_network(path).forward(weights.x), weights.expected())
    for entry in layers:
        for node in entry["inbound_nodes"]:
            node[0][3]["training"] = entry["class_name"] == "Dropout"
    path = write_named(tmp_path / "n.h5", stored, config, "2.15.0")
    with pytest.raises(UnsupportedModelError, match=r"dropout_1 .*training=True") as caught:
        read_network(path)
    # The file lists the last layer first, whose softmax is the last all the same.
    assert "dense_3" not in str(caught.value)


def test_names_that_tensorflow_has_numbered(weights, tmp_path):
    stored = [
        (name, [(f"outer/{name}_1/" + w.split("/")[1][:-2] + "_2:0", v) for w, v in group])
        for name, group in weights.stored()
    ]
    path = write_named(tmp_path / "m.h5", stored, sequential(*keras_2_layers()))
    assert_close(read_network(path).forward(weights.x), weights.expected())


def keras_1_layers():
    return [
        layer(
            "Dense",
            "dense_1",
            output_dim=5,
            input_dim=6,
            activation="relu",
            bias=True,
            batch_input_shape=[None, 6],
        ),
        layer("Dropout", "dropout_1", p=0.25),
        layer(
            "BatchNormalization",
            "batchnormalization_1",
            mode=0,
            axis=-1,
            epsilon=1e-5,
            gamma_regularizer=None,
        ),
        layer("Dense", "dense_2", output_dim=4, activation="linear", bias=False),
        layer("Activation", "activation_1", activation="relu"),
        layer("Dense", "dense_3", output_dim=3, activation="softmax", bias=True),
    ]


KERAS_1_NAMES = {
    "kernel": "W",
    "bias": "b",
    "gamma": "gamma",
    "beta": "beta",
    "moving_mean": "running_mean",
    "moving_variance": "running_std",
}


def keras_1_stored(weights, name_of):
    groups = weights.stored(("dense_1", "batchnormalization_1", "dense_2", "dense_3"))
    return [
        (
            group,
            [
                (name_of(group, KERAS_1_NAMES[w.split("/")[1][:-2]], index), values)
                for index, (w, values) in enumerate(arrays)
            ],
        )
        for group, arrays in groups
    ]


@pytest.mark.parametrize(
    "name_of",
    [
        lambda layer, weight, index: f"{layer}_{weight}",
        lambda layer, weight, index: f"{layer}_{weight}:0",
        lambda layer, weight, index: f"param_{index}",
    ],
)
def test_keras_1_full_file(weights, tmp_path, name_of):
    stored = keras_1_stored(weights, name_of)
    config = {"class_name": "Sequential", "config": keras_1_layers()}
    path = write_named(tmp_path / "m.h5", stored, config, "1.2.2")
    assert_close(read_network(path).forward(weights.x), weights.expected(epsilon=1e-5))


def test_keras_1_normalization_that_means_something_else(weights, tmp_path):
    stored = keras_1_stored(weights, lambda layer, weight, index: f"{layer}_{weight}")
    layers = keras_1_layers()
    layers[2]["config"]["mode"] = 1
    path = write_named(tmp_path / "m.h5", stored, {"class_name": "Sequential", "config": layers})
    with pytest.raises(UnsupportedModelError, match="mode 1 normalizes each batch anew"):
        read_network(path)
    layers[2]["config"]["mode"] = 0
    del layers[2]["config"]["gamma_regularizer"]
    path = write_named(tmp_path / "n.h5", stored, {"class_name": "Sequential", "config": layers})
    with pytest.raises(UnsupportedModelError, match=r"before 1\.1"):
        read_network(path)


def test_weights_before_keras_1(weights, tmp_path):
    """layer_0/param_0: neither layers nor weights have names, so their order decides."""
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        stored = weights.stored()
        file.attrs["nb_layers"] = len(stored)
        for index, (_, arrays) in enumerate(stored):
            group = file.create_group(f"layer_{index}")
            group.attrs["nb_params"] = len(arrays)
            for number, (_, values) in enumerate(arrays):
                group[f"param_{number}"] = values
    network = read_network(path, sequential(*keras_2_layers()))
    assert_close(network.forward(weights.x), weights.expected())


def nested_config():
    inner = sequential(
        layer("Dense", "dense_1", units=5, activation="relu", batch_input_shape=[None, 6]),
        layer("BatchNormalization", "batch_normalization_1", axis=[1], epsilon=1e-3),
        name="front",
    )
    return sequential(inner, *keras_2_layers()[3:])


def test_nested_model_whose_weights_are_not_in_the_order_of_its_layers(weights, tmp_path):
    """Keras puts the trainable weights of a nested model before the others."""
    _, first, norm, *rest = *weights.stored()[:1], *weights.stored()[:1], *weights.stored()[2:]
    arrays = [*norm[1][:2], *first[1], *norm[1][2:]]
    path = write_named(tmp_path / "m.h5", [("front", arrays), *rest], nested_config())
    network = read_network(path)
    assert_close(network.forward(weights.x), weights.expected())
    assert [layer.name for layer in network.layers] == ["dense_1", "dense_2", "dense_3"]


def slots_of(weights, named):
    return [
        ("dense", "dense_1" if named else None, [weights.k1, weights.b1]),
        (
            "batch_normalization",
            "batch_normalization_1" if named else None,
            [weights.gamma, weights.beta, weights.mean, weights.variance],
        ),
        ("dense_1", "dense_2" if named else None, [weights.k2]),
        ("dense_2", "dense_3" if named else None, [weights.k3, weights.b3]),
        ("dropout/seed_generator", None, [np.zeros(2, np.uint32)]),
    ]


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize(
    ("separator", "container"),
    [("/", "layers"), ("\\", "layers"), ("\\", "_layer_checkpoint_dependencies")],
)
def test_zip_files_of_keras_2(weights, tmp_path, named, separator, container):
    """tf.keras 2.12 to 2.15: no names beside the weights, and for a while backslashes."""
    inner = write_slots(tmp_path / "w.h5", slots_of(weights, named), separator, container)
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(sequential(*keras_2_layers())))
        archive.writestr("model.weights.h5", inner.read_bytes())
    network = read_network(tmp_path / "m.keras")
    assert_close(network.forward(weights.x), weights.expected())


def test_slots_that_do_not_fit(weights, tmp_path):
    path = write_slots(tmp_path / "m.weights.h5", slots_of(weights, False)[:-2])
    with pytest.raises(InvalidValueError, match=r"there are 3 and 4|their names differ") as caught:
        read_network(path, sequential(*keras_2_layers()))
    assert "dense_3 (Dense)" in str(caught.value)
