"""The configuration of a streaming network's image."""

from .boards import Board
from .configuration import Configuration
from .element_types import ELEMENT_TYPES
from .stream_network import StreamNetwork


def stream_configuration(board: Board, network: StreamNetwork) -> Configuration:
    """What an image of the network tells the host."""
    data_type = network.data_type
    return Configuration(
        data_type=data_type,
        x_data_type="int32_t" if data_type == "short" else data_type,
        ddr_width=board.number("word_bytes") // ELEMENT_TYPES[data_type].bytes,
        x_ddr_width=board.number("word_bytes") // 4,
        instructions_per_launch=64,
        part=board.text("part"),
        network=network,
    )
