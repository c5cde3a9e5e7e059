"""A call on one compute unit and on all, in either layout, with the host's work counted.

The model of what :mod:`xfblas.device.shared_work` does: each unit has a thread of the host, takes a
part of the rows, rounds it, sends it, runs, fetches and converts; one slot of PCIe carries it all.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from xfblas.device.shared_work import even_slices
from xfblas.image.boards import Board
from xfblas.performance.estimate import CallEstimate, estimate_calls, estimate_product
from xfblas.program.chain import ROWS_PER_PREDICTION

#: Bytes of float32 that a thread of the host turns into elements, or makes of them, in a second:
#: a cautious figure, since rounding alone goes at up to 14e9 on a CPU with AVX-512.
HOST_BYTES_PER_SECOND = 3e9
LAYOUTS = {False: "rows", True: "packed"}
#: Name, m, k, n, and whether the host sends a table.
Layer = tuple[str, int, int, int, bool]


@dataclass(frozen=True)
class Choice:
    """A way to make a call.

    Attributes:
        units: compute units that share its rows.
        layout: "rows" or "packed": how A lies in memory; B is packed where it is sent.
        seconds: of the call, the host's rounding and conversions included.
        rows_per_second: of its input.
        speedup: beside one unit with the same layout.
    """

    units: int
    layout: str
    seconds: float
    rows_per_second: float
    speedup: float

    def to_dict(self) -> dict:
        """The same as plain numbers and texts, for JSON."""
        return asdict(self)


def call_of(
    board: Board,
    engine: str,
    dtype: str,
    chains: Sequence[Sequence[Layer]],
    rows: int,
    packed: bool,
) -> CallEstimate:
    """One call of one unit."""
    products = [
        [
            estimate_product(board, engine, dtype, m, k, n, packed=packed, table=table, name=name)
            for name, m, k, n, table in chain
        ]
        for chain in chains
    ]
    return estimate_calls(board, dtype, products, rows)


def choices(
    board: Board, engine: str, dtype: str, chains: Sequence[Sequence[Layer]], rows: int
) -> list[Choice]:
    """One unit and all of the board, each in both layouts; none where nothing runs on the engine.

    Args:
        board, engine, dtype: as for :func:`~xfblas.performance.estimate.estimate_product`.
        chains: of each launch its layers.
        rows: of the call.
    """
    if not chains:
        return []
    found = []
    for packed, layout in LAYOUTS.items():
        one = _seconds(board, engine, dtype, chains, rows, 1, packed)
        for units in sorted({1, board.number("compute_units")}):
            seconds = _seconds(board, engine, dtype, chains, rows, units, packed)
            found.append(Choice(units, layout, seconds, rows / seconds, one / seconds))
    return found


def _seconds(board, engine, dtype, chains, rows, units, packed) -> float:
    parts = even_slices(rows, units, ROWS_PER_PREDICTION)
    times, crossing = [], 0.0
    for size in {part.stop - part.start for part in parts}:
        shares = [
            [(name, max(1, round(m * size / rows)), k, n, table) for name, m, k, n, table in chain]
            for chain in chains
        ]
        call = call_of(board, engine, dtype, shares, size, packed)
        moved = call.input_seconds + call.output_seconds
        values = sum(chain[0][1] * chain[0][2] + chain[-1][1] * chain[-1][3] for chain in shares)
        count = sum(part.stop - part.start == size for part in parts)
        times += [call.seconds + 4 * values / HOST_BYTES_PER_SECOND] * count
        crossing += moved * count
    # Each unit takes the next part as soon as it is free.
    ends = [0.0] * units
    for seconds in sorted(times, reverse=True):
        ends[ends.index(min(ends))] += seconds
    return max(max(ends), crossing)


def why_int8_is_slower(
    board: Board, engine: str, chains: Sequence[Sequence[Layer]], rows: int
) -> str | None:
    """Why int8 takes longer than int16 where operands lie as rows; None where it does not."""
    if not chains:
        return None
    calls = {
        (dtype, packed): call_of(board, engine, dtype, chains, rows, packed)
        for dtype in ("short", "int8")
        for packed in LAYOUTS
    }
    ratios = {packed: _cycles(calls["int8", packed]) / _cycles(calls["short", packed])
              for packed in LAYOUTS}  # fmt: skip
    if ratios[False] <= 1:
        return None
    wide, narrow = (board.machine(dtype, engine) for dtype in ("short", "int8"))
    bound = max(calls["int8", False].products, key=lambda product: product.cycles).bound
    text = f"int8 takes {ratios[False]:.2f} times the cycles of int16 here: "
    if narrow.multipliers <= wide.multipliers:
        text += f"its array has {narrow.multipliers:,} multipliers, int16's {wide.multipliers:,}; "
    text += (
        f"most of its time is {bound}, its tile is {narrow.tile_rows}x{narrow.tile_columns}, "
        f"int16's {wide.tile_rows}x{wide.tile_columns}"
    )
    if bound == "memory":
        text += (
            f": a smaller tile reads the rows of A and B more often, and each begins a burst of "
            f"{narrow.burst_cycles} cycles however few bytes it has"
        )
    return f"{text}. Packed, int8 takes {ratios[True]:.2f} times those of int16"


def _cycles(call: CallEstimate) -> int:
    return sum(product.cycles for product in call.products)
