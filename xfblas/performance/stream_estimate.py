"""Cycles of a streaming network in closed form, beside the naive design and the Fcn engine.

The cycle-approximate run of ``hw/stream`` agrees within 5 %; a test holds that. Everything here is
an estimate: nobody has measured these kernels on a card yet.
"""

import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from xfblas.errors import InvalidValueError
from xfblas.image.boards import Board
from xfblas.image.element_types import ELEMENT_TYPES
from xfblas.image.stream_network import BEAT_BYTES, StreamLayer, StreamNetwork, beats_of
from xfblas.image.stream_plan import interval, record_beats
from xfblas.performance.estimate import (
    LAUNCH_SECONDS,
    PCIE_BYTES_PER_SECOND,
    estimate_calls,
    estimate_product,
)

#: Ticks of a floating-point multiply and add, which a design without interleaving waits for.
NAIVE_LATENCY = 12
#: Cycles from a layer's first block to its first beat besides those of its products: three streams.
HOP = 6
#: The same of weights, which pass two.
LOAD_HOP = 4
LARGEST_BATCH = 1 << 20


@dataclass(frozen=True)
class StreamEstimate:
    """A batch through a streaming network, and what else could compute it.

    Attributes:
        rows: of the batch.
        cycles: of the batch, weights being loaded.
        load_cycles: of loading them, once.
        interval: cycles between two rows: of the slowest stage.
        bound: which stage that is, such as ``"layer1"`` or ``"record"``.
        seconds: of a call: launch, transfers over PCIe, cycles.
        naive_cycles: one multiplication at a time, each waiting for the one before.
        gain: naive_cycles / cycles.
        fcn_seconds: of a call of the Fcn engine with all compute units of the board.
    """

    rows: int
    cycles: int
    load_cycles: int
    interval: int
    bound: str
    seconds: float
    naive_cycles: int
    gain: float
    fcn_seconds: float

    def to_dict(self) -> dict:
        """The same as plain numbers and texts, for JSON."""
        return asdict(self)


def estimate_stream(
    board: Board, network: StreamNetwork, rows: int, outputs: Sequence[str] | None = None
) -> StreamEstimate:
    """What a batch takes on a board.

    Args:
        board: see :func:`~xfblas.image.boards.read_board`.
        network: see :func:`~xfblas.image.stream_plan.plan_network`.
        rows: 1 or more.
        outputs: what goes to the host; None for all that the network routes.

    Raises:
        InvalidValueError: rows cannot be used.
    """
    if not 1 <= rows < 2**31:
        raise InvalidValueError(f"batch is {rows}, expected 1 or more")
    records = record_beats(network, network.outputs if outputs is None else outputs)
    stages = _stages(network, records)
    bound = max(stages, key=lambda name: stages[name])
    cycles = _first_row(board, network, records) + (rows - 1) * stages[bound]
    moved = beats_of(network.sizes[0], network.data_type) + sum(records)
    seconds = LAUNCH_SECONDS + rows * moved * BEAT_BYTES / PCIE_BYTES_PER_SECOND
    naive = naive_cycles(network.sizes, rows)
    return StreamEstimate(
        rows,
        cycles,
        _load(board, network),
        stages[bound],
        bound,
        seconds + cycles / (board.number("clock_mhz") * 1e6),
        naive,
        naive / cycles,
        fcn_seconds(board, network, rows),
    )


def naive_cycles(sizes: Sequence[int], rows: int) -> int:
    """Ticks of the naive design: one layer waits for the other, and each product for the last."""
    products = [before * after for before, after in itertools.pairwise(sizes)]
    return sum(count * NAIVE_LATENCY * rows + count for count in products)


def fcn_seconds(board: Board, network: StreamNetwork, rows: int) -> float:
    """A call of the Fcn engine for the same layers, with all compute units of the board."""
    data_type, share = network.data_type, -(-rows // board.number("compute_units"))
    chain = [
        estimate_product(board, "fcn", data_type, share, layer.inputs, layer.outputs)
        for layer in network.layers
    ]
    call = estimate_calls(board, data_type, [chain], share)
    # Each unit has its share of the cycles, but all rows cross one slot.
    moved = (call.input_seconds + call.output_seconds) * rows / share
    return call.launch_seconds + moved + sum(product.seconds for product in chain)


def faster_from(
    board: Board, network: StreamNetwork, outputs: Sequence[str]
) -> list[tuple[int, str]]:
    """From which batch on which of the two takes less time: ``[(1, "stream"), (300, "fcn")]``."""

    def winner(rows: int) -> str:
        found = estimate_stream(board, network, rows, outputs)
        return "stream" if found.seconds <= found.fcn_seconds else "fcn"

    changes, rows = [(1, winner(1))], 1
    while rows < LARGEST_BATCH:
        low, rows = rows, 2 * rows
        if winner(rows) == changes[-1][1]:
            continue
        high = rows
        while high - low > 1:
            middle = (low + high) // 2
            if winner(middle) == changes[-1][1]:
                low = middle
            else:
                high = middle
        changes.append((high, winner(high)))
    return changes


def _stages(network: StreamNetwork, records: Sequence[int]) -> dict[str, int]:
    """Cycles that a row keeps each stage busy."""
    stages, earlier = {}, 0
    for number, (layer, own) in enumerate(zip(network.layers, records, strict=True), 1):
        elements = BEAT_BYTES // ELEMENT_TYPES[network.data_type].bytes
        accept = -(-layer.inputs // min(layer.fold, elements)) + earlier
        finish = _finish(layer, elements) + own + earlier
        stages[f"layer{number}"] = max(accept, layer.row_cycles(network.data_type), finish)
        earlier += own
    stages["record"] = sum(records)
    return stages


def _finish(layer: StreamLayer, elements: int) -> int:
    return -(-layer.outputs // min(layer.lanes, elements))


def _first_row(board: Board, network: StreamNetwork, records: Sequence[int]) -> int:
    """Cycles until the record of the first row is in memory."""
    elements = BEAT_BYTES // ELEMENT_TYPES[network.data_type].bytes
    # When a layer's first and last input are there.
    begin = board.number("memory_latency") + len(network.layers)
    end = begin + beats_of(network.sizes[0], network.data_type)
    step = 1  # cycles in which a beat comes
    for layer in network.layers:
        slots = interval(layer, network.data_type)
        accepted = -(-layer.inputs // min(layer.fold, elements))
        first_block = min(-(-min(layer.fold, layer.inputs) // elements) * step, end - begin)
        done = HOP + max(
            begin + first_block + layer.row_cycles(network.data_type),
            max(end, begin + accepted) + slots,
        )
        # The last block's sums leave one group after the other.
        begin = done - slots
        end = begin + max(layer.groups, _finish(layer, elements))
        step = min(elements // min(layer.lanes, elements), layer.groups)
    return end + sum(records)


def _load(board: Board, network: StreamNetwork) -> int:
    beats = sum(1 + layer.payload_beats(network.data_type) for layer in network.layers)
    return board.number("memory_latency") + beats + LOAD_HOP * len(network.layers)
