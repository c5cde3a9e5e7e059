"""The way that the sums of a node go, which decides how many bits its weights may have.

:mod:`~xfblas.quantization.ways` says why sums of 32 bits are cheaper. Maps have one way more, since
the engine can add up blocks of k in 32 bits and spill them, which costs a tenth, where weights of
all 16 bits take it twice the time:

    proved    as there;
    rows      as there, of windows;
    blocks    where ||a|| ||q|| of each block of k stays in 32 bits, as above;
    wide      whatever the numbers are.

A block's ||a|| is at most the root of its pixels times the largest pixel's, which is what the
engine looks at, and which it does for every task: a frame beyond the sample goes the wide way
there, exactly.

So the cheapest way is taken that costs a node at most SPENT decibels more than the wide one, or
that keeps the outputs of products of matrices KEPT decibels above the goal, which is 62 at least:
as many as some twenty layers one after the other lose of it. What elements have beyond that, by
their own roundings ROUNDED above the goal, goes into a wider range, up to the largest margin, since
smaller elements leave weights more bits.
"""

from dataclasses import dataclass

from xfblas.quantization.options import GOALS, Options
from xfblas.quantization.ways import SPENT

#: Decibels above the goal.
KEPT, ROUNDED = 9.0, 15.0


@dataclass(frozen=True)
class Way:
    """How sums are added up.

    Attributes:
        name: 'proved', 'rows', 'blocks' or 'wide'.
        accumulator: bits that sums must be proved to fit.
        block: so much of k must fit 32 bits by norms; 0 for all of it, None where nothing must.
    """

    name: str
    accumulator: int
    block: int | None = None


#: How wide sums are, in words.
TEXTS = {
    "proved": "32 bits",
    "rows": "32 bits by norms of windows, else 48",
    "blocks": "48 bits, in blocks of 32 by norms",
    "wide": "48 bits",
}
PROVED, WIDE = Way("proved", 32), Way("wide", 48)
#: Shorter ones cost nearly what wide sums do.
BLOCKS = (512, 256, 128)
#: From the cheapest to the dearest.
WAYS = (PROVED, Way("rows", 48, 0), *(Way("blocks", 48, size) for size in BLOCKS), WIDE)


def ways_for(options: Options, kind: str) -> tuple[Way, ...]:
    """Those that a node of this kind may go, the cheapest first."""
    if options.bits == 8 or options.accumulator == 32:
        return (PROVED,)
    if options.accumulator == 48:
        return (WIDE,)
    # Depthwise sums are short, and no product of matrices.
    return WAYS if kind == "sum" else (PROVED, WIDE)


def _share(options: Options, above: float) -> float:
    """The squares of noise beside those of values, so many decibels above the goal."""
    return 10 ** (-(max(options.goal, GOALS[16]) + above) / 10)


def most_noise(options: Options, finest: float, heard: float) -> float:
    """The noise that a way may leave.

    Args:
        options: the caller's, with the goal.
        finest: the noise of the wide way.
        heard: the squares of what outputs are, in the same unit.
    """
    return max(finest * 10 ** (SPENT / 10), heard * _share(options, KEPT))


def wider_range(options: Options, heard: float, rounded: float) -> float:
    """By how much ranges may be wider, 1 or more; squares of outputs, and noise of roundings."""
    if options.bits == 8 or options.accumulator is not None or not heard > 0:
        return 1.0
    return max(1.0, (heard / rounded * _share(options, ROUNDED)) ** 0.5)
