"""Tables of functions that the host sends: where their entries are, and what they hold.

``hw/include/xfblas/entry_table.hpp`` has the formulas.
"""

from typing import Any

import numpy as np

from xfblas.arrays import require_array, seen
from xfblas.checks import require_integer
from xfblas.errors import InvalidValueError

#: In a table, and what an element counts in them.
ENTRIES, ENTRY_STEPS = 513, 4
#: An entry has 18 bits.
LARGEST_ENTRY = 2**17 - 1
GROUPS = (1, 2, 3)


def table_places(bits: int, groups: int) -> np.ndarray:
    """The arguments of a table's entries, in elements: (513,) float64, from the lowest on.

    Args:
        bits: of an element, 16 or 8; the places of 8 bits are partly between two elements.
        groups: as for :meth:`~xfblas.device.compute_unit.ComputeUnit.fcn`.

    Raises:
        InvalidValueError: there are no such elements or groups.
    """
    if require_integer("bits", bits, 8, 16) not in (16, 8):
        raise InvalidValueError(f"bits is {bits}, expected 16 or 8")
    require_groups(groups)
    in_group, count = 256 >> groups, 2**groups
    finest = 2.0 ** (8 + groups - count - 16 + bits)
    widths = finest * 2.0 ** np.maximum(np.arange(count) - 1, 0)
    ends = np.cumsum(np.repeat(widths, in_group))
    return np.concatenate([-ends[::-1], [0.0], ends])


def require_groups(groups: Any) -> int:
    """Raises an InvalidValueError unless a table may have so many; returns them."""
    return require_integer("groups", groups, GROUPS[0], GROUPS[-1])


def as_entries(name: str, entries: Any) -> np.ndarray:
    """Entries as int32 (513,).

    Raises:
        InvalidValueError: another number of them, or one that is not a whole number of 18 bits.
    """
    found = require_array(name, seen(name, entries))
    if found.shape not in ((ENTRIES,), (1, ENTRIES)) or found.dtype.kind not in "iu":
        raise InvalidValueError(
            f"{name} is {found.dtype} of shape {found.shape}, expected {ENTRIES} whole numbers"
        )
    beyond = found[(found > LARGEST_ENTRY) | (found < -LARGEST_ENTRY - 1)]
    if beyond.size:
        raise InvalidValueError(
            f"{name} has the value {beyond[0]}, expected {-LARGEST_ENTRY - 1} to {LARGEST_ENTRY}"
        )
    return found.reshape(-1).astype(np.int32)
