"""Tables of the host's: against the oracle, their worst errors, and which are chosen."""

from pathlib import Path

import numpy as np
import oracle
import pytest

from xfblas.layers.curves import CURVES, curve, is_curve
from xfblas.layers.placement import TABLES
from xfblas.quantization import bounds
from xfblas.quantization.entry_table import EntryTable, choose_entries
from xfblas.quantization.layers import QuantizedLayer

SENT = [name for name in CURVES if name not in TABLES]
SETTINGS = {"clip": {"smallest": -1.0, "largest": 2.0}}
DOCUMENT = Path(__file__).resolve().parents[2] / "docs/quantization.md"


@pytest.mark.parametrize("bits", [16, 8])
@pytest.mark.parametrize("groups", [1, 2, 3])
def test_equal_to_the_oracle(generator, bits, groups):
    half = 2 ** (bits - 1)
    elements = np.arange(-half, half)
    for entries in (
        generator.integers(-(2**17), 2**17, 513),
        np.clip(np.cumsum(generator.integers(-half // 30, half // 30, 513)), -(2**17), 2**17 - 1),
    ):
        table = EntryTable("elu", entries.astype(np.int32), groups, 1.0, 1.0)
        expected = oracle.table(bits, groups, entries)(elements)
        np.testing.assert_array_equal(table.apply(elements, bits), expected)


def stated_errors():
    """The table of docs/quantization.md, by function."""
    text = DOCUMENT.read_text(encoding="utf-8").split("| function | +-8 | +-64 |")[1]
    rows = text.split("\n\n")[0].strip().split("\n")[1:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {name: dict(zip((8, 64), errors, strict=True)) for name, *errors in cells}


@pytest.mark.parametrize("function", SENT)
def test_worst_errors_over_every_argument(function):
    """Those that are stated, and what a table says of itself."""
    parameters, elements = SETTINGS.get(function, {}), np.arange(-32768, 32768)
    for reach, stated in stated_errors()[function].items():
        if stated == "-":
            continue
        exact = curve(function, parameters, elements * reach / 32768)
        scale = 32767 / 1.01 / np.abs(exact).max()
        best = np.inf
        for groups in (1, 2, 3):
            table = EntryTable.of(function, parameters, 32768 / reach, scale, groups, 16)
            errors = np.abs(oracle.table(16, groups, table.entries)(elements) / scale - exact)
            assert table.worst_error == pytest.approx(errors.max())
            best = min(best, errors.max() * scale)
        assert best == pytest.approx(float(stated), abs=0.006), reach
    # Bytes have an entry for each argument.
    exact = curve(function, parameters, np.arange(-128, 128) / 16)
    scale = 127 / np.abs(exact).max()
    table = EntryTable.of(function, parameters, 16.0, scale, 1, 8)
    assert np.abs(table.apply(np.arange(-128, 128), 8) - exact * scale).max() <= 0.626


@pytest.mark.parametrize("function", SENT)
@pytest.mark.parametrize("bits", [16, 8])
def test_a_chosen_table_is_near_the_function(generator, function, bits):
    parameters = SETTINGS.get(function, {})
    for size in (0.3, 3.0, 30.0):
        if size > {"exponential": 1, "square": 3}.get(function, 30):
            continue
        sums = generator.normal(0, size, (300, 7))
        reach = (2 * sums.min(), 2 * sums.max())
        table = choose_entries(function, parameters, sums, reach, 2.0, np.ones(7), bits)
        elements = np.rint(sums * table.argument_scale)
        elements = np.clip(elements, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1).astype(np.int64)
        found = table.apply(elements, bits) / table.result_scale
        exact = curve(function, parameters, sums)
        reached = 10 * np.log10((exact**2).sum() / ((found - exact) ** 2).sum())
        assert reached > (66 if bits == 16 else 18), (size, table.text(bits))


def test_ranges_end_where_a_function_does():
    """relu6 is 6 from 6 on, and 0 below 0: steps beyond would be for nothing."""
    sums = np.linspace(-50, 40, 1001).reshape(-1, 1)
    one = np.ones(1)
    for function, end in (("relu6", 6), ("hard_sigmoid", 3), ("hard_tanh", 1)):
        table = choose_entries(function, {}, sums, (-90.0, 90.0), 2.0, one, 16)
        assert end * 0.999 <= table.argument_range(16) <= 1.001 * 2 ** np.ceil(np.log2(end))
        assert table.keeps_ends == (True, True)
    table = choose_entries("elu", {}, sums, (-90.0, 80.0), 2.0, one, 16)
    assert 80 <= table.argument_range(16) <= 128 and not table.keeps_ends[1]
    # What is always the same has a table too.
    table = choose_entries("relu6", {}, -1 - sums**2, (-9e3, -1.0), 2.0, one, 16)
    assert not table.apply(np.arange(-32768, 0), 16).any()


def test_which_functions_have_tables():
    assert is_curve("relu", {"max_value": 4.0}) and is_curve("elu", {"alpha": 0.3})
    # What jumps, has no settings, or is of a row.
    for function, parameters in (
        *(("hard_shrink", {}), ("relu", {}), ("softmax", {}), ("linear", {})),
        *(("relu", {"threshold": 1.0}), ("sparsemax", {})),
    ):
        assert not is_curve(function, parameters), function


def test_bounds_of_functions_that_turn(generator):
    """gelu has a least value inside of what its arguments can be."""
    table = EntryTable.of("gelu", {}, 4096.0, 4096.0, 3, 16)
    low, high = generator.integers(-32768, 32768, (2, 40))
    low, high = np.minimum(low, high), np.maximum(low, high)
    layer = QuantizedLayer("a", np.ones((1, 40), np.int16), np.zeros(40, np.int32), table=table)
    found = bounds.outputs(bounds.Interval(low, high), layer, 16, True, True)
    for column in range(40):
        results = table.apply(np.arange(low[column], high[column] + 1), 16)
        assert (found.low[column], found.high[column]) == (results.min(), results.max())
