"""How multipliers are shared out, and what an image tells of a network."""

import dataclasses

import pytest
import stream_networks as networks

from xfblas.errors import ImageError, InvalidValueError
from xfblas.image.boards import board_names, read_board
from xfblas.image.configuration import Configuration, parse_options
from xfblas.image.stream_image import stream_configuration
from xfblas.image.stream_network import StreamLayer, StreamNetwork
from xfblas.image.stream_plan import budget_of, plan_network

pytestmark = pytest.mark.native


def test_layers_take_about_equally_long():
    generator = networks.new_generator()
    for _ in range(50):
        count = int(generator.integers(1, 6))
        sizes = [int(2 ** generator.uniform(0, 10)) for _ in range(count + 1)]
        budget = int(count * 2 ** generator.uniform(0, 9))
        data_type = ("float", "short")[generator.integers(0, 2)]
        network = plan_network(sizes, "relu", data_type, budget)
        assert network.sizes == tuple(sizes) and network.multipliers <= budget
        cycles = [layer.row_cycles(data_type) for layer in network.layers]
        slowest = max(cycles)
        for place, layer in enumerate(network.layers):
            # With half its multipliers in either way, a layer would be slower than the slowest.
            for change in ({"lanes": layer.lanes // 2}, {"fold": layer.fold // 2}):
                if 0 not in change.values():
                    smaller = dataclasses.replace(layer, **change)
                    assert smaller.row_cycles(data_type) > slowest, (sizes, budget, place)


@pytest.mark.parametrize("board", board_names())
def test_configurations_tell_the_network(board):
    found = read_board(board)
    for data_type in ("float", "short"):
        network = plan_network(
            [17, 30, 4], ["tanh", "linear"], data_type, budget_of(found, data_type), ["x1", "s2"]
        )
        assert network.outputs == ("x1", "s2")
        text = stream_configuration(found, network).to_text()
        read = Configuration.from_options(parse_options(text, "file.dat"))
        assert read.network == network and "SIZE_LAYER_1=30" in text


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("numLayers=0", "numLayers is '0'"),
        ("numLayers=3", "SIZE_LAYER_3 is missing"),
        ("SIZE_LAYER_1=0", "SIZE_LAYER_1 is '0'"),
        ("ACTIVATION_LAYER_1=elu", "activation of layer 1 is 'elu'"),
        ("LANES_LAYER_2=3", "lanes of layer 2 is 3, expected a power of 2"),
        ("FOLD_LAYER_2=512", "fold of layer 2 is 512, expected a power of 2 up to 256"),
        ("ROUTES_LAYER_1=y", "routes of layer 1 is 'y'"),
    ],
)
def test_damaged_configurations(word, message):
    board = read_board("u250")
    network = plan_network([17, 30, 4], "tanh", "short", 50)
    key = word.partition("=")[0]
    lines = stream_configuration(board, network).to_text().splitlines()
    kept = [line for line in lines if not line.startswith(f"BLAS_{key}=")]
    assert len(kept) == len(lines) - 1
    with pytest.raises(ImageError, match=message):
        Configuration.from_options(parse_options("\n".join([*kept, f"BLAS_{word}"]), "file.dat"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([3], "tanh", "float", 9), "layers has 1 sizes"),
        (([3] * 70, "tanh", "float", 900), "layers has 70 sizes, expected 2 to 65"),
        (([3, 0], "tanh", "float", 9), "outputs of layer 1 is 0"),
        (([3, 1 << 17], "tanh", "float", 9), "outputs of layer 1 is 131072"),
        (([3, 4], "elu", "float", 9), "activation of layer 1 is 'elu'"),
        (([3, 4, 5], ["tanh"] * 3, "float", 9), "activation has 3 entries"),
        (([3, 4], "tanh", "int8", 9), "dtype is 'int8'"),
        (([3, 4, 5], "tanh", "float", 1), "multipliers is 1, expected 2 or more"),
        (([3, 4], "tanh", "float", 9, ["s2"]), "outputs has 's2', expected some of s1, x1"),
        (([3, 4], "tanh", "float", 9, []), "outputs is empty"),
    ],
)
def test_impossible_networks(arguments, message):
    with pytest.raises(InvalidValueError, match=message):
        plan_network(*arguments)


def test_layers_that_do_not_fit():
    layers = (StreamLayer(3, 4, "relu"), StreamLayer(5, 6, "relu"))
    with pytest.raises(InvalidValueError, match="layer 2 takes 5 inputs, but layer 1 has 4"):
        StreamNetwork(layers, "float")
