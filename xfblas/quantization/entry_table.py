"""Any function by a table of 513 entries that the host sends, and the table that suits a layer.

``hw/include/xfblas/entry_table.hpp`` has the arithmetic. With E for the entries, which lie at
elements a[i], w[i] apart, and an element c between a[i] and a[i + 1]

    y = (E[i] * w[i] + (E[i + 1] - E[i]) * (c - a[i])) / w[i]      E = round(4 * R * f(a / A))  (1)

is rounded half up to a quarter: f of c / A, in steps of 1 / R. The entries cover every element, so
the host is free to choose A, R and how the entries lie.

R is such that the largest results of the calibration rows, with the room that the margin asks for,
just fit an element. A is such that sums fit, of which those do not count that lie beyond the place
where f has its last value: they saturate, and f with them. Of the powers of two beside A, where the
bends of functions such as hard_silu lie on entries, and of entries that lie evenly or closer
towards 0, those are taken that leave the sample's results the least error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from xfblas.device.entries import ENTRIES, ENTRY_STEPS, GROUPS, LARGEST_ENTRY, table_places
from xfblas.layers.curves import curve

#: Rows of the sample that a table is chosen with.
ROWS = 256
#: Sums that are looked at for where a function has its last value.
PLACES = 4097
#: So near to it in steps of the result it is that.
FLAT = 0.25
#: Results so much larger than those that were seen, with their margin, still get room: clipped,
#: they would bend the segment in which that happens.
CLOSE = 1.25
#: Room for the last entry, which lies beyond the largest result.
ROOM = 1 + 2.0**-7
#: How far beyond the ends of its arguments a function is looked at.
FAR = 1.5


@dataclass(frozen=True, eq=False)
class EntryTable:
    """A function by a table of the host's.

    Attributes:
        function: one of :data:`~xfblas.layers.curves.CURVES`, or 'relu'.
        entries: (513,) int32, E of equation (1).
        groups: 1, 2 or 3, see :func:`~xfblas.device.entries.table_places`.
        argument_scale, result_scale: A and R.
        worst_error: the largest error of a result, over every argument between entries that 18 bits
            hold; beyond these results saturate.
        is_flat_below, is_flat_above: whether the function has its last value where arguments
            saturate.
    """

    function: str
    entries: np.ndarray
    groups: int
    argument_scale: float
    result_scale: float
    worst_error: float = 0.0
    is_flat_below: bool = False
    is_flat_above: bool = False

    @staticmethod
    def of(
        function: str,
        parameters: Mapping[str, Any],
        argument_scale: float,
        result_scale: float,
        groups: int,
        bits: int,
    ) -> EntryTable:
        """The table of a function with these scales, for elements of so many bits."""

        def exact(elements):
            return curve(function, parameters, elements / argument_scale) * result_scale

        half = 2 ** (bits - 1)
        places = table_places(bits, groups)
        wanted = np.nan_to_num(ENTRY_STEPS * exact(places))
        ends = np.float64([-half, half - 1])
        last, beyond = exact(ends), exact(FAR * ends)
        # The last entry is no element's: it makes the largest element right.
        share = (half - 1 - places[-2]) / (places[-1] - places[-2])
        if share > 0:
            wanted[-1] = wanted[-2] + (ENTRY_STEPS * last[1] - wanted[-2]) / share
        flat = [bool(found) for found in np.abs(beyond - last) <= FLAT]
        numbers = (_as_entries(wanted), groups, argument_scale, result_scale, 0.0, *flat)
        table = EntryTable(function, *numbers)
        elements = np.arange(-half, half)
        below = np.searchsorted(places, elements, "right") - 1
        holds = np.abs(wanted) <= LARGEST_ENTRY + 1
        elements = elements[holds[below] & holds[below + 1]]
        errors = table.apply(elements, bits) - exact(elements.astype(np.float64))
        return replace(table, worst_error=float(np.abs(errors).max(initial=0.0) / result_scale))

    def apply(self, elements: np.ndarray, bits: int) -> np.ndarray:
        """Equation (1) for integers of any shape, int64; ``bits`` of an element."""
        if bits not in self._lookups:
            self._lookups[bits] = self._results(bits)
        return self._lookups[bits][np.asarray(elements, np.int64) + 2 ** (bits - 1)]

    @cached_property
    def _lookups(self) -> dict[int, np.ndarray]:
        """What elements of so many bits give, by their bits, as it is asked for."""
        return {}

    def _results(self, bits: int) -> np.ndarray:
        half = 2 ** (bits - 1)
        fine = 2 ** (16 - bits)
        places = np.rint(table_places(bits, self.groups) * fine).astype(np.int64)
        elements = np.arange(-half, half, dtype=np.int64) * fine
        below = np.searchsorted(places, elements, "right") - 1
        entries, widths = self.entries.astype(np.int64), np.diff(places)[below]
        steps = (entries[below + 1] - entries[below]) * (elements - places[below])
        wide = ENTRY_STEPS * widths
        return np.clip((entries[below] * widths + steps + wide // 2) // wide, -half, half - 1)

    @property
    def instruction(self) -> dict[str, Any]:
        """What :meth:`~xfblas.device.compute_unit.ComputeUnit.fcn` takes, but for the matrix."""
        return {"activation": "table", "groups": self.groups}

    def text(self, bits: int) -> str:
        """Such as ``elu +-7.9 to +-7.8``: the ranges of argument and result."""
        ends = (2 ** (bits - 1) / scale for scale in (self.argument_scale, self.result_scale))
        return f"{self.function} " + " to ".join(f"+-{end:.3g}" for end in ends)

    def argument_range(self, bits: int) -> float:
        """Where an argument saturates."""
        return 2.0 ** (bits - 1) / self.argument_scale

    @property
    def keeps_ends(self) -> tuple[bool, bool]:
        """Whether the function has its last value where arguments saturate, below and above."""
        return self.is_flat_below, self.is_flat_above


def _as_entries(values: Any) -> np.ndarray:
    return np.clip(np.rint(values), -LARGEST_ENTRY - 1, LARGEST_ENTRY).astype(np.int32)


def choose_entries(
    function: str,
    parameters: Mapping[str, Any],
    sums: np.ndarray,
    reach: tuple[float, float],
    margin: float,
    importance: np.ndarray,
    bits: int,
) -> EntryTable:
    """The table with the least error.

    Args:
        function, parameters: see :func:`~xfblas.layers.curves.curve`.
        sums: (rows, n) of the sample.
        reach: the least and the largest sum that there shall be room for.
        margin: how much larger than the sample's results others may be.
        importance: (n,) how much each output's error matters.
        bits: of an element.
    """
    largest = 2 ** (bits - 1) - 1
    sample = sums[:: -(-len(sums) // ROWS)]
    exact = curve(function, parameters, sample)
    sizes = curve(function, parameters, np.linspace(*reach, PLACES))
    seen = margin * float(np.abs(curve(function, parameters, sums)).max(initial=0.0))
    possible = float(np.nan_to_num(np.abs(sizes)).max())
    result = ROOM * (possible if possible <= CLOSE * seen else seen) or 1.0

    def results(values):
        return np.clip(curve(function, parameters, values), -result, result)

    low, high = reach
    step = FLAT * result / largest
    needed = (_last_place(results, low, high, step), _last_place(results, high, low, step))
    finest = largest / max(*needed, largest / 2.0**31)
    scales = [finest, 2.0 ** np.floor(np.log2(finest))]
    best, least = None, np.inf
    for scale in scales:
        elements = np.clip(np.rint(sample * scale), -largest - 1, largest).astype(np.int64)
        for groups in GROUPS if bits == 16 else GROUPS[:1]:
            table = EntryTable.of(function, parameters, scale, largest / result, groups, bits)
            found = table.apply(elements, bits) / table.result_scale
            cost = float(((found - exact) ** 2 * importance).sum())
            if best is None or cost < least:
                best, least = table, cost
    assert best is not None
    return best


def _last_place(results: Callable, end: float, other: float, step: float) -> float:
    """How far from 0 sums matter on the side of an end: up to where the last value is reached."""
    value = results(np.float64([end]))[0]
    # Twice, the second time between two places of the first.
    for _ in range(2):
        places = np.linspace(end, other, PLACES)
        moved = np.abs(results(places) - value) > step
        if not moved.any():
            return 0.0
        first = int(np.argmax(moved))
        end, other = places[max(first - 1, 0)], places[first]
    return abs(float(end))


def as_stored(entries: np.ndarray) -> bool:
    """Whether an array of a file holds a table's entries."""
    is_whole = entries.shape == (ENTRIES,) and entries.dtype == np.int32
    return is_whole and bool((np.abs(entries.astype(np.int64)) <= LARGEST_ENTRY + 1).all())
