"""The parts of a compute unit and what each takes of the chip, by formulas over its sizes.

``hw/src/multiply.hpp`` lists the same parts. The least is what the widths of the values ask for;
the most is what the tools make of it where they pair no gates, turn words twice and see no width.
"""

import math

from xfblas.errors import InvalidValueError

from .element_types import ELEMENT_TYPES
from .machine import Machine
from .part_counts import (
    AVERAGE_DSPS,
    AVERAGE_LUTS,
    CHOICE_BIT,
    CUT_DSPS,
    DIVIDER_LUTS,
    EPILOGUE_LUTS,
    FLOAT_PRODUCT_DSPS,
    FLOAT_PRODUCT_LUTS,
    FLOAT_SUM_DSPS,
    FLOAT_SUM_LUTS,
    LUTRAM_BIT,
    PADDED_LUTS,
    PORTS_LUT_BIT,
    PORTS_LUTS,
    PROCESS_LUTS,
    SCALE_DSPS,
    SLOPE_DSPS,
    STAGE_BIT,
    TABLE_DSPS,
    TABLE_LUTS,
    WALK_DSPS,
    WALK_LUTS,
    WINDOW_DSPS,
    WINDOW_LUTS,
    Use,
    joined,
    lutram,
    ram_blocks,
    times,
    use,
)  # fmt: skip

ENGINES = ("fcn", "gemm", "gemv", "zynq")
#: What stands beside the array of an Fcn engine of integers, for feature maps and softmax.
BESIDE = ("maps", "windows", "softmax")
#: FIFOs and memories with as many entries as a memory of LUTs has for the price of one.
SHALLOW = 32
TABLE_BITS, WINDOW_SUMS, WINDOW_PARTS = 18, 256, 8
#: RAMs of 18 Kbit of the softmax: two tables of 4,096 entries, two rows of 1,024 elements twice.
SOFTMAX_BLOCKS, SOFTMAX_DSPS, SOFTMAX_LUTS = 22, 3, 1500
RECIPROCAL_LUTS = 35 * 35
#: Products of 32 and 64 bits for places in memory and bounds of loops, once for an instruction.
PLACE_DSPS = 149
#: Where words are put together: one in each process, or one for each of its streams.
LEAST_JOINTS, MOST_JOINTS = 6, 9
#: Bursts on their way and beats of each, of a port.
READ_BURSTS, WRITE_BURSTS, MERGE_BURSTS, BURST = 16, 16, 4, 64


def unit_parts(machine: Machine, dtype: str, engine: str) -> dict[str, Use]:
    """What each part of a compute unit takes, by its name.

    Args:
        machine: the engine's sizes.
        dtype: ``"short"``, ``"int8"`` or ``"float"``.
        engine: ``"fcn"``, ``"gemm"``, ``"gemv"``, or ``"zynq"`` for the Fcn engine of hw/zynq.

    Raises:
        InvalidValueError: there is no such engine.
    """
    if engine not in ENGINES:
        raise InvalidValueError(f"engine is {engine!r}, expected {' or '.join(ENGINES[:3])}")
    bits = 8 * ELEMENT_TYPES[dtype].bytes
    word = machine.word_elements * bits
    if engine == "gemv":
        return _vector_parts(machine, dtype, bits) | _ports(word, 6)
    is_fcn = engine in ("fcn", "zynq")
    parts = _array_parts(machine, dtype, bits, is_fcn)
    parts |= _operand_parts(machine, bits, word, is_fcn)
    parts |= _ports(word, 2 * machine.array_rows + 10)
    if is_fcn and dtype != "float":
        beside = _parts_beside(machine, bits, word)
        parts |= beside if engine == "fcn" else {"softmax": beside["softmax"]}
    return parts


def sum_bits(dtype: str) -> int:
    """Bits of a sum in the array."""
    return 48 if dtype == "short" else 32


def _array_parts(machine: Machine, dtype: str, bits: int, is_fcn: bool) -> dict[str, Use]:
    """Multipliers, their sums, and what makes elements of these."""
    rows, columns, count = machine.array_rows, machine.array_columns, machine.multipliers
    sums = sum_bits(dtype)
    strips = machine.tile_rows // rows * (machine.tile_columns // columns)
    gate = count * sums * CHOICE_BIT
    if dtype == "int8":
        first = use(gate)  # which is in the adders beside the DSPs
    elif strips < SHALLOW:
        first = use((0, gate))  # the memory has an entry left that stays zero
    else:
        first = use((gate / 2, gate))
    parts = {"sums": use(lutram(count * sums, strips)), "first k": first}
    parts["sums' FIFOs"] = parts["sums"]
    # A row needs an element of A less than the one above it, if the tools see that.
    links = rows * columns * bits + count * sums
    passed = rows * rows * bits
    parts["links"] = use(times(LUTRAM_BIT, (links + passed / 2, links + passed)))
    parts["collecting"] = use((gate / 2, gate))
    if dtype == "float":
        product_and_sum = tuple(map(sum, zip(FLOAT_PRODUCT_LUTS, FLOAT_SUM_LUTS, strict=True)))
        array = use(times(count, product_and_sum), count * (FLOAT_PRODUCT_DSPS + FLOAT_SUM_DSPS))
        lanes = use(times(columns, FLOAT_SUM_LUTS), columns * FLOAT_SUM_DSPS)
        return {"array": array, **parts, "epilogue": lanes, "places": use(0, (0, PLACE_DSPS))}
    dsps = columns * (SCALE_DSPS + (SLOPE_DSPS if is_fcn else 0))
    wide = columns * CUT_DSPS
    parts = {"array": use(0, count), **parts}
    parts["epilogue"] = use(columns * EPILOGUE_LUTS[bits], (dsps, dsps + wide))
    if is_fcn:
        parts["tables"] = use(columns * TABLE_LUTS, columns * TABLE_DSPS, columns)
    return parts | {"places": use(0, (0, PLACE_DSPS))}


def _operand_parts(machine: Machine, bits: int, word: int, is_fcn: bool) -> dict[str, Use]:
    """What brings A, B and X to the array and C to the memory."""
    rows, columns, chunk = machine.array_rows, machine.array_columns, machine.chunk
    row_strips = machine.tile_rows // rows
    column_strips = machine.tile_columns // columns
    addend = 32 if is_fcn else bits
    # A quarter of a chunk, or what the array takes while a chunk of A comes.
    waiting = rows * (chunk // machine.word_elements + machine.burst_cycles)
    waiting = max(chunk * column_strips // 4, waiting)
    joint = joined(word, machine.word_elements)
    turns = 2 * rows * bits * STAGE_BIT * math.log2(max(2, rows))
    return {
        "A": use(turns, 0, rows * ram_blocks(bits, 2 * row_strips * chunk)),
        "B": use(0, 0, ram_blocks(columns * bits, waiting)),
        "X": use(0, 0, ram_blocks(columns * addend, machine.tile_rows * column_strips)),
        "words": use((LEAST_JOINTS * joint[0], MOST_JOINTS * joint[1])),
        "words' FIFOs": use(5 * word * LUTRAM_BIT),
    }


def _ports(word: int, processes: int) -> dict[str, Use]:
    """Memory ports, control and the program."""
    blocks = ram_blocks(word, READ_BURSTS * BURST)
    blocks += ram_blocks(word * 9 // 8, WRITE_BURSTS * BURST)
    blocks += ram_blocks(word, MERGE_BURSTS * BURST)
    return {
        "memory ports": use(PORTS_LUTS + PORTS_LUT_BIT * word, 0, blocks),
        "control": use(PROCESS_LUTS * processes, 0, ram_blocks(512, 64)),
    }


def _parts_beside(machine: Machine, bits: int, word: int) -> dict[str, Use]:
    """Feature maps and softmax; few of a word's lanes finish a window."""
    lanes = machine.word_elements
    finishing, sums = lanes // WINDOW_PARTS, sum_bits("short" if bits == 16 else "int8")
    joint, walk = joined(word, lanes), tuple(3 * DIVIDER_LUTS + luts for luts in WALK_LUTS)
    gathered = PADDED_LUTS * lanes + (word + 100) * LUTRAM_BIT
    held = lanes * sums + 32
    fixed = lutram(held, WINDOW_SUMS) + RECIPROCAL_LUTS + gathered + 7 * word * LUTRAM_BIT
    fixed += finishing * (EPILOGUE_LUTS[bits] + TABLE_LUTS + sums)
    least, most = (
        fixed + lanes * lane + finishing * average
        for lane, average in zip(WINDOW_LUTS[bits], AVERAGE_LUTS, strict=True)
    )
    window_dsps = lanes * WINDOW_DSPS
    window_dsps += finishing * (SCALE_DSPS + SLOPE_DSPS + TABLE_DSPS + AVERAGE_DSPS)
    # Each walks twice: one process reads and the other takes the elements out.
    return {
        "maps": use(
            (joint[0] + gathered + 2 * walk[0], joint[1] + gathered + 2 * walk[1]),
            times(2, WALK_DSPS),
            ram_blocks(word, machine.tile_rows * machine.chunk // lanes),
        ),
        "windows": use(
            (least + 3 * joint[0] + 2 * walk[0], most + 8 * joint[1] + 2 * walk[1]),
            (window_dsps + 2 * WALK_DSPS[0], window_dsps + 2 * WALK_DSPS[1]),
            ram_blocks(held, WINDOW_SUMS) + finishing,
        ),
        "softmax": use(
            (SOFTMAX_LUTS + 2 * word * LUTRAM_BIT, SOFTMAX_LUTS + 2 * sum(joint)),
            SOFTMAX_DSPS,
            SOFTMAX_BLOCKS,
        ),
    }  # fmt: skip


def _vector_parts(machine: Machine, dtype: str, bits: int) -> dict[str, Use]:
    """A word of products a cycle, and the trees that add them up."""
    lanes, sums = machine.word_elements, sum_bits(dtype)
    word = lanes * bits
    parts = machine.update_interval
    products, adders = use(0, lanes), use((lanes + parts) * sums * CHOICE_BIT)
    if dtype == "float":
        products = use(times(lanes, FLOAT_PRODUCT_LUTS), lanes * FLOAT_PRODUCT_DSPS)
        adders = use(times(lanes + parts, FLOAT_SUM_LUTS), (lanes + parts) * FLOAT_SUM_DSPS)
    return {
        "products": products,
        "adders": adders,
        "x": use(0, 0, ram_blocks(word, machine.vector_chunk // lanes)),
        "y": use(lutram(lanes * sums, machine.vector_rows // lanes) + lanes * sums),
        "words": use(times(5, joined(word, lanes))),
        "words' FIFOs": use(5 * word * LUTRAM_BIT),
    }
