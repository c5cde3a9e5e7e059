"""What parts of the engines take of a chip, counted: LUTs, DSPs and block RAMs.

The numbers are those of Yosys for Verilog of the parts (``tests/hw/parts``), which
``tests/hw/test_part_counts.py`` counts again where Yosys is installed. No Vivado has run: it packs
small functions in pairs and shares others, so that LUTs are an interval. What nobody counted is
called assumed.
"""

import math
from typing import NamedTuple

#: LUTs of a lane of the epilogue by bits of an element; of a table's interpolation.
EPILOGUE_LUTS = {16: 494, 8: 400}
TABLE_LUTS = 327
#: DSPs of a lane: a sum of 48 bits times a scale of 16 is cut in two, and a slope; of a table.
SCALE_DSPS, SLOPE_DSPS, TABLE_DSPS = 2, 1, 1
#: One more where the tools cut the scale's product in three.
CUT_DSPS = 1
#: A bit of a memory of LUTs, of 32 entries and of 64; of a choice between two; of a turn's stage.
LUTRAM_BIT, DEEP_LUTRAM_BIT, CHOICE_BIT, STAGE_BIT = 0.573, 8 / 7, 1.0, 0.6
#: A bit of a memory of LUTs with 256 entries: four of 64; the slice's multiplexers choose.
LARGE_LUTRAM_BIT = 4 * DEEP_LUTRAM_BIT
#: A bit of a word put together from two, by stages of its turn: chosen before it turns, or behind.
JOINED_BITS = (
    *((1.6, 2.1), (2.1, 3.3), (2.9, 3.2)),
    *((3.0, 5.8), (3.6, 5.1), (4.9, 7.7)),
)
#: A lane of a window, of an average; an element that may be padding; a divider, a bit a cycle.
#: With the adder in the DSP, and beside it.
WINDOW_LUTS = {16: (157, 200), 8: (101, 133)}
AVERAGE_LUTS, PADDED_LUTS, DIVIDER_LUTS = (216, 250), 57, 138
WINDOW_DSPS, AVERAGE_DSPS = 1, 5
#: Of floats, as HLS reports its operators (not counted): a product, a sum.
FLOAT_PRODUCT_DSPS, FLOAT_SUM_DSPS = 3, 2
FLOAT_PRODUCT_LUTS, FLOAT_SUM_LUTS = (80, 320), (200, 400)
#: Assumed: the control of a process and its scalar FIFOs; both memory ports, of words of no bits
#: and for each bit of a word (9,000 of 512 bits).
PROCESS_LUTS, PORTS_LUTS, PORTS_LUT_BIT = 230, 3000, 12
#: Assumed: the addresses of a walk over a map, beside its dividers, and their products.
WALK_LUTS, WALK_DSPS = (640, 2000), (14, 30)
#: Shapes of a block RAM of 18 Kbit: width, depth.
RAM_SHAPES = ((36, 512), (18, 1024), (9, 2048), (4, 4096), (2, 8192), (1, 16384))


class Use(NamedTuple):
    """What a part takes at the least, and at the most where the tools find no better.

    Attributes:
        luts, most_luts: look-up tables.
        dsps, most_dsps: multipliers.
        blocks: RAMs of 18 Kbit, half a RAMB36.
    """

    luts: float = 0
    most_luts: float = 0
    dsps: int = 0
    most_dsps: int = 0
    blocks: int = 0

    def __add__(self, other):
        return Use(*(a + b for a, b in zip(self, other, strict=True)))


def use(luts=0, dsps=0, blocks=0) -> Use:
    """A part's use, of pairs where the most is another number than the least."""
    least, most = luts if isinstance(luts, tuple) else (luts, luts)
    few, many = dsps if isinstance(dsps, tuple) else (dsps, dsps)
    return Use(least, most, few, many, blocks)


def ram_blocks(width: int, depth: int) -> int:
    """RAMs of 18 Kbit of a memory with a port to write and one to read."""
    return min(-(-width // wide) * -(-depth // deep) for wide, deep in RAM_SHAPES)


def lutram(bits: float, depth: int) -> float:
    """LUTs of a memory, or of a FIFO's, of so many bits an entry."""
    if depth <= 32:
        return bits * LUTRAM_BIT
    return bits * (LARGE_LUTRAM_BIT if depth > 64 else DEEP_LUTRAM_BIT) * -(-depth // 256)


def joined(bits: int, lanes: int) -> tuple[float, float]:
    """LUTs of a word that begins within another one."""
    fewest, most = JOINED_BITS[min(6, max(1, math.ceil(math.log2(lanes)))) - 1]
    return bits * fewest, bits * most


def times(count: float, luts: tuple[float, float]) -> tuple[float, float]:
    """So many of the same."""
    return count * luts[0], count * luts[1]
