"""The formulas of parts, held to what Yosys counts for Verilog of the same parts.

Yosys packs no adders into DSPs of UltraScale+ and counts each small function as a LUT of its own;
counts of the 7 series are taken where the adder must be in the DSP.
"""

import re
import shutil
import subprocess
from pathlib import Path

import packages
import pytest

from xfblas.image import part_counts as counts

PARTS = Path(__file__).parent / "parts"
#: LUTs of a memory, by UG574.
MEMORIES = {"RAM32M16": 8, "RAM64M8": 8, "RAM32M": 4, "RAM64M": 4, "RAM256X1D": 8}
#: Of what Yosys counts, for it rounds memories up and its logic minimization changes.
TOLERANCE = 0.05


def counted(top: str, family: str = "xcup", **sizes: int) -> dict[str, float]:
    """LUTs, DSPs and RAMs of 18 Kbit of a part."""
    if shutil.which("yosys") is None:
        packages.skip_without("yosys", "yosys")
    chosen = " ".join(f"-set {name} {size}" for name, size in sizes.items())
    script = f"read_verilog -sv {' '.join(map(str, sorted(PARTS.glob('*.v'))))}; "
    script += f"chparam {chosen} {top}; " if sizes else ""
    script += f"synth_xilinx -top {top} -family {family} -nowidelut -flatten; stat"
    done = subprocess.run(["yosys", "-p", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    stat = done.stdout[done.stdout.rindex("Number of cells") :]
    cells = {name: int(count) for name, count in re.findall(r"^ +([A-Z]\w+) +(\d+)$", stat, re.M)}

    def some(pattern: str) -> int:
        return sum(count for name, count in cells.items() if re.fullmatch(pattern, name))

    memory = sum(size * cells.get(name, 0) for name, size in MEMORIES.items())
    return {
        "luts": some("LUT[1-6]|INV|SRL.*") + memory,
        "memory": memory,
        "dsps": some("DSP48E[12]"),
        "blocks": some("RAMB18E[12]") + 2 * some("RAMB36E[12]"),
    }


def near(count: float):
    return pytest.approx(count, rel=TOLERANCE)


def test_a_row_of_the_array():
    """The gate at the first k, and sums in LUTs; the adder is in the DSP."""
    lanes, bits = 4, 48
    gated = counted("array_row", "xc7", LANES=lanes, ACC=bits)
    assert gated["dsps"] == lanes
    assert gated["luts"] - gated["memory"] == near(lanes * bits * counts.CHOICE_BIT)


def test_a_lane_of_the_epilogue():
    found = counted("epilogue_lane")
    assert found["luts"] == near(counts.EPILOGUE_LUTS[16])
    # Yosys cuts the scale in three; two do, as sum = high * 2^26 + low.
    assert found["dsps"] == counts.SCALE_DSPS + counts.SLOPE_DSPS + 1


@pytest.mark.hw
def test_a_row_whose_first_k_needs_no_gate():
    lanes, bits, strips = 8, 48, 16
    found = counted("array_row", LANES=lanes, ACC=bits, STRIPS=strips, GATED=0)
    assert found["dsps"] == lanes
    assert found["memory"] == near(counts.lutram(lanes * bits, strips) * 7 / 6)


@pytest.mark.hw
def test_a_lane_of_the_epilogue_of_bytes():
    found = counted("epilogue_lane", ACC=32, W=8)
    assert found["luts"] == near(counts.EPILOGUE_LUTS[8])


@pytest.mark.hw
def test_a_lane_of_a_table():
    found = counted("table_lane")
    assert found["luts"] == near(counts.TABLE_LUTS)
    assert found["dsps"] == counts.TABLE_DSPS


@pytest.mark.hw
def test_links():
    width = 384
    assert counted("fifo", WIDTH=width, DEPTH=16)["memory"] == near(counts.lutram(width, 16))
    assert counted("collect_link", WIDTH=width)["luts"] == near(width * counts.CHOICE_BIT)


@pytest.mark.hw
@pytest.mark.parametrize(("turns", "which"), [(1, 0), (2, 1)])
@pytest.mark.parametrize("lanes", [4, 8, 16, 32])
def test_words_put_together(lanes, turns, which):
    found = counted("joined", N=lanes, W=8, TURNS=turns)
    assert found["luts"] == pytest.approx(counts.joined(8 * lanes, lanes)[which], rel=0.15)


@pytest.mark.hw
def test_turns():
    assert counted("rotation", N=16, W=16)["luts"] <= 4 * 256 * counts.STAGE_BIT


@pytest.mark.hw
@pytest.mark.parametrize(("width", "depth"), [(512, 512), (16, 1024), (36, 512), (512, 2048)])
def test_block_memories(width, depth):
    assert counted("memory", WIDTH=width, DEPTH=depth)["blocks"] == counts.ram_blocks(width, depth)


@pytest.mark.hw
def test_what_walks_over_maps():
    for bits, sums in ((16, 48), (8, 32)):
        least = counted("window_lane", "xc7", W=bits, ACC=sums)
        most = counted("window_lane", W=bits, ACC=sums)
        assert (least["luts"], most["luts"]) == near(counts.WINDOW_LUTS[bits])
        assert least["dsps"] == most["dsps"] == counts.WINDOW_DSPS
    average = counted("average_lane")
    assert average["luts"] == near(counts.AVERAGE_LUTS[1])
    assert average["dsps"] == counts.AVERAGE_DSPS
    assert counted("padded", N=4)["luts"] == near(4 * counts.PADDED_LUTS)
    assert counted("divider")["luts"] == near(counts.DIVIDER_LUTS)


@pytest.mark.hw
@pytest.mark.parametrize(("bits", "dsps"), [(16, 1), (32, 4)])
def test_products_of_bounds(bits, dsps):
    """What loop bounds cost that were products of 32 bits in each process."""
    assert counted("bound_product", A=bits, B=bits, OUT=2 * bits)["dsps"] == dsps
