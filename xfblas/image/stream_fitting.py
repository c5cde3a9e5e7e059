"""Whether a streaming network's multipliers and weights fit the board they are built for."""

from .boards import Board
from .element_types import ELEMENT_TYPES
from .fitting import Fit, fit_of, require_fit
from .part_counts import FLOAT_PRODUCT_DSPS, FLOAT_SUM_DSPS, ram_blocks, use
from .regions import Region, regions_of
from .stream_network import StreamLayer, StreamNetwork, beats_of


def stream_fits(board: Board, network: StreamNetwork) -> list[Fit]:
    """What a network's layers take of the DSPs and block RAMs of all SLRs.

    Weights are counted, of which a beat is an entry of a memory; FIFOs and LUTs are not.

    Args:
        board: see :func:`~xfblas.image.boards.read_board`.
        network: the layers.

    Returns:
        One; none where the board's data file tells no resources.
    """
    regions = regions_of(board)
    if not regions:
        return []
    whole = Region("all SLRs", *(sum(counts) for counts in list(zip(*regions, strict=True))[1:]))
    a_product = FLOAT_PRODUCT_DSPS + FLOAT_SUM_DSPS if network.data_type == "float" else 1
    blocks = sum(_weight_blocks(layer, network.data_type) for layer in network.layers)
    return [fit_of(whole, 1, use(dsps=a_product * network.multipliers, blocks=blocks))]


def _weight_blocks(layer: StreamLayer, data_type: str) -> int:
    beats = beats_of(layer.multipliers, data_type)
    bits = 8 * ELEMENT_TYPES[data_type].bytes * layer.multipliers // beats
    return beats * ram_blocks(bits, layer.blocks * layer.groups)


def require_stream_fits(board: Board, network: StreamNetwork, force: bool = False) -> None:
    """Raises where a network has more multipliers or weights than the board should hold.

    Raises:
        InvalidValueError: says how many DSPs or block RAMs are asked for.
    """
    what = (
        f"stream {network.data_type} with {network.multipliers} multipliers and "
        f"{network.on_chip_bytes / 1e6:.1f} MB of weights"
    )
    require_fit(board, what, stream_fits(board, network), force)
