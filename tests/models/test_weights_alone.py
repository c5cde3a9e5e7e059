"""Files of weights alone: the architecture comes from elsewhere, with names of its own."""

import json

import h5py
import numpy as np
import pytest
from handmade import assert_close, dense, kernel_of, leaky, sequential, softmax, write_named
from mlp_weights import keras_2_layers

from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.graph import read_network


def test_weights_alone_with_every_form_of_architecture(weights, tmp_path):
    path = write_named(tmp_path / "w.h5", weights.stored())
    config = sequential(*keras_2_layers())
    text = json.dumps(config)
    (tmp_path / "m.json").write_text(text)
    json_path = tmp_path / "m.json"
    for architecture in (
        *(config, config["config"], config["config"]["layers"], text),
        *(json_path, str(json_path)),
    ):
        assert_close(read_network(path, architecture).forward(weights.x), weights.expected())


def test_weights_alone_without_architecture(weights, tmp_path):
    path = write_named(tmp_path / "w.h5", weights.stored())
    with pytest.raises(InvalidValueError) as caught:
        read_network(path)
    text = str(caught.value)
    assert "holds weights but no architecture. Pass architecture=" in text
    assert "dense_1: kernel (6, 5), bias (5,)" in text
    assert "dense_2: kernel (5, 4)" in text


def test_weights_alone_with_activations(weights, tmp_path):
    stored = [group for group in weights.stored() if "norm" not in group[0]]
    path = write_named(tmp_path / "w.h5", stored)
    network = read_network(path, ["relu", "leaky_relu", "softmax"])
    hidden = leaky(dense(leaky(dense(weights.x, weights.k1, weights.b1)), weights.k2), 0.2)
    assert_close(network.forward(weights.x), softmax(dense(hidden, weights.k3, weights.b3)))
    assert read_network(path, '["relu", "relu", null]').output_activation == "linear"
    with pytest.raises(InvalidValueError, match="has 2 activations, expected 3"):
        read_network(path, ["relu", "softmax"])
    with pytest.raises(UnsupportedModelError, match=r"dense_1 \(Dense\): tanh is computed"):
        read_network(path, ["tanh", "relu", "softmax"])
    with pytest.raises(UnsupportedModelError, match=r"dense_2 \(Dense\): activation 'sparkle'"):
        read_network(path, ["relu", "sparkle", "softmax"])
    full = write_named(tmp_path / "f.h5", weights.stored())
    with pytest.raises(InvalidValueError, match="describes Dense layers alone"):
        read_network(full, ["relu", "relu", "relu", "softmax"])


def test_names_made_up_in_another_session(weights, tmp_path):
    names = ("dense_4", "batch_normalization_2", "dense_5", "dense_6")
    path = write_named(tmp_path / "w.h5", weights.stored(names))
    network = read_network(path, sequential(*keras_2_layers()))
    assert_close(network.forward(weights.x), weights.expected())
    # Some of them may even be names of other layers of the architecture.
    path = write_named(
        tmp_path / "v.h5",
        weights.stored(("dense_2", "batch_normalization_1", "dense_3", "dense_4")),
    )
    network = read_network(path, sequential(*keras_2_layers()))
    assert_close(network.forward(weights.x), weights.expected())


def test_chosen_names_are_not_paired_by_order(weights, tmp_path):
    """One name in common and another chosen by hand: the order proves nothing."""
    path = write_named(
        tmp_path / "w.h5", weights.stored(("hidden", "batch_normalization_1", "dense_2", "out"))
    )
    with pytest.raises(InvalidValueError, match="some of their names agree"):
        read_network(path, sequential(*keras_2_layers()))


def test_full_file_is_never_paired_by_order(weights, tmp_path):
    names = ("dense_4", "batch_normalization_2", "dense_5", "dense_6")
    path = write_named(tmp_path / "m.h5", weights.stored(names), sequential(*keras_2_layers()))
    with pytest.raises(InvalidValueError, match="their names differ"):
        read_network(path)


def test_order_is_checked_by_count_and_shape(weights, tmp_path):
    names = ("dense_4", "batch_normalization_2", "dense_5", "dense_6")
    stored = weights.stored(names)
    path = write_named(tmp_path / "w.h5", stored[:-1])
    with pytest.raises(InvalidValueError, match="there are 3 and 4 of them"):
        read_network(path, sequential(*keras_2_layers()))
    swapped = [stored[3], *stored[1:3], stored[0], stored[4]]
    path = write_named(tmp_path / "v.h5", swapped)
    with pytest.raises(InvalidValueError, match=r"dense_1 \(Dense\) has the weights dense_5"):
        read_network(path, sequential(*keras_2_layers()))
    layers = keras_2_layers()
    layers[3]["config"]["use_bias"] = True
    layers[3]["config"]["units"] = 5
    swapped = [stored[4], *stored[1:4], stored[0]]
    path = write_named(tmp_path / "u.h5", swapped)
    with pytest.raises(InvalidValueError, match=r"dense_1 \(Dense\)|dense_2 \(Dense\)"):
        read_network(path, sequential(*layers))


def test_long_lists_of_names_are_split(generator, tmp_path):
    """Keras cuts layer_names into several attributes where it passes 64 KiB."""
    kernels = [kernel_of(generator, 3, 3) for _ in range(4)]
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file.attrs["layer_names0"] = [b"a", b"b"]
        file.attrs["layer_names1"] = ["c", "d"]
        for name, kernel in zip("abcd", kernels, strict=True):
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}/kernel:0"]
            group[f"{name}/kernel:0"] = kernel.astype(np.float64 if name == "a" else np.float16)
    x = generator.standard_normal((5, 3)).astype(np.float32)
    expected = x.astype(float)
    for name, kernel in zip("abcd", kernels, strict=True):
        expected = dense(expected, kernel if name == "a" else kernel.astype(np.float16))
    assert_close(read_network(path, ["linear"] * 4).forward(x), expected)
