"""Whether a streaming network's multipliers fit the board that they are built for."""

from .boards import Board
from .fitting import Fit, fit_of, require_fit
from .part_counts import FLOAT_PRODUCT_DSPS, FLOAT_SUM_DSPS, use
from .regions import Region, regions_of
from .stream_network import StreamNetwork


def stream_fits(board: Board, network: StreamNetwork) -> list[Fit]:
    """What a network's layers take of the DSPs of all SLRs; what else they take is not counted.

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
    return [fit_of(whole, 1, use(dsps=a_product * network.multipliers))]


def require_stream_fits(board: Board, network: StreamNetwork, force: bool = False) -> None:
    """Raises where a network has more multipliers than the board should hold.

    Raises:
        InvalidValueError: says how many DSPs are asked for.
    """
    what = f"stream {network.data_type} with {network.multipliers} multipliers"
    require_fit(board, what, stream_fits(board, network), force)
