"""What a board's chip has in each of its SLRs, and where compute units go.

A data file says it as ``resources.SLR0 = 388160 LUT, 776320 FF, 2280 DSP, 720 BRAM, 320 URAM`` and
where that is from as ``resources.source``; the order in which units take SLRs and shares of the
memory's banks as ``unit_slrs`` and ``unit_banks``.
"""

from typing import NamedTuple

from xfblas.errors import InvalidValueError

from .boards import Board

#: Names in data files by attributes of a region.
KINDS = {"luts": "LUT", "flip_flops": "FF", "dsps": "DSP", "brams": "BRAM", "urams": "URAM"}


class Region(NamedTuple):
    """An SLR, without what the board's platform takes of it where that is known.

    Attributes:
        name: such as SLR0.
        luts, flip_flops, dsps: how many.
        brams: block RAMs of 36 Kbit.
        urams: of 288 Kbit.
    """

    name: str
    luts: int
    flip_flops: int
    dsps: int
    brams: int
    urams: int


def regions_of(board: Board) -> list[Region]:
    """The SLRs of a board in their order; none where its data file does not tell them.

    Raises:
        InvalidValueError: the file tells some of them, or one that cannot be read.
    """
    names = [f"SLR{place}" for place in range(board.number("slrs"))]
    given = [name for name in names if f"resources.{name}" in board.values]
    if not given:
        return []
    return [_region(board, name) for name in names]


def _region(board: Board, name: str) -> Region:
    text = board.text(f"resources.{name}")
    pairs = [part.split() for part in text.split(",")]
    found = {pair[1]: int(pair[0]) for pair in pairs if len(pair) == 2 and pair[0].isdecimal()}
    if len(pairs) != len(KINDS) or set(found) != set(KINDS.values()):
        raise InvalidValueError(
            f"{board.path}: resources.{name} is '{text}', expected a number for each of "
            f"{', '.join(KINDS.values())}"
        )
    return Region(name, *(found[kind] for kind in KINDS.values()))


def slr_of(board: Board, unit: int) -> int:
    """The SLR of a compute unit, both counted from 0."""
    places = _places(board, "unit_slrs", board.number("slrs"))
    return places[unit % len(places)]


def banks_of(board: Board, unit: int) -> range:
    """The memory banks of a compute unit.

    Raises:
        InvalidValueError: the board has no bank left for it.
    """
    share = board.number("banks_of_a_unit")
    places = _places(board, "unit_banks", board.number("banks") // share)
    if not 0 <= unit < len(places):
        raise InvalidValueError(f"unit is {unit}, expected 0 to {len(places) - 1} on {board.name}")
    first = places[unit] * share
    return range(first, first + share)


def ports_of(board: Board, kernel: str, unit: int) -> list[str]:
    """Lines of v++'s connectivity: where both memory ports of a compute unit lead.

    In HBM each port has an entry of its own, that of a channel of its unit's.
    """
    memory, banks = board.text("memory"), banks_of(board, unit)
    numbers = str(banks[0]) if len(banks) == 1 else f"{banks[0]}:{banks[-1]}"
    own = memory == "HBM" and len(banks) > 1
    return [
        f"sp={kernel}_{unit + 1}.{port}:{memory}[{numbers}]" + (f".{banks[place]}" if own else "")
        for place, port in enumerate(("rd", "wr"))
    ]


def _places(board: Board, name: str, count: int) -> list[int]:
    """Numbers below a count in the order of a data file, or in their own."""
    if name not in board.values:
        return list(range(count))
    words = board.text(name).split()
    if not all(word.isdecimal() and int(word) < count for word in words):
        raise InvalidValueError(
            f"{board.path}: {name} is '{board.text(name)}', expected numbers below {count}"
        )
    return [int(word) for word in words]
