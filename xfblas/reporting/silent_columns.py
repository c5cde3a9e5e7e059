"""Columns of a layer, or channels of its maps, that are 0 for every row."""

import numpy as np


class SilentColumns:
    """Adds up which columns had other values than 0, chunk by chunk of the data.

    Args:
        axis: of the columns.
    """

    def __init__(self, axis: int = -1):
        self._axis = axis
        self._float: np.ndarray | bool = False
        self._engine: np.ndarray | bool = False

    def add(self, expected: np.ndarray, found: np.ndarray) -> None:
        """The float model's values and the engine's, of one shape, rows first."""
        others = tuple(np.delete(np.arange(expected.ndim), self._axis))
        self._float = self._float | np.any(expected != 0, axis=others)
        self._engine = self._engine | np.any(found != 0, axis=others)

    @property
    def dead(self) -> tuple[int, ...]:
        """Those that are 0 in the float model."""
        return _indices(~np.atleast_1d(self._float))

    @property
    def lost(self) -> tuple[int, ...]:
        """Those that are 0 on the engine alone."""
        return _indices(np.atleast_1d(self._float & ~np.asarray(self._engine)))


def _indices(which: np.ndarray) -> tuple[int, ...]:
    return tuple(int(index) for index in np.flatnonzero(which))
