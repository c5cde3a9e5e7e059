"""Batches of rows that are all there."""

from collections.abc import Iterator

import numpy as np

from xfblas.runtime.batch import Batch, warn_of_end
from xfblas.runtime.row_sources import RowSources

#: Keras' default: what its progress bar counts, and what ``steps`` means without a batch size.
KERAS_BATCH = 32


class ArrayData:
    """Rows that are all there.

    Args:
        x, y, sample_weight: see :mod:`xfblas.runtime.arrange`.
        model: gives ``graph.inputs`` and ``output_names``.
        batch_size: rows of a step; None for 32, or for a share of the rows where steps are given.
        steps: how many steps to take; all by default.
        at_once: about how many rows to give at once; whole steps, and at least one.

    Attributes:
        columns: names of each input's columns, None for an input without.
    """

    def __init__(self, x, y, sample_weight, model, batch_size=None, steps=None, at_once=1):
        self._sources = RowSources(x, y, sample_weight, model)
        given = self._sources.rows
        self.columns = [source.columns for source in self._sources.inputs]
        if batch_size is None:
            batch_size = KERAS_BATCH if steps is None else max(1, -(-given // steps))
        self._batch_size = int(batch_size)
        self._chunk = max(1, at_once // self._batch_size) * self._batch_size
        self.rows = given if steps is None else min(given, int(steps) * self._batch_size)
        self.steps = -(-self.rows // self._batch_size)
        if steps is not None and steps > self.steps:
            warn_of_end(self.steps, steps)

    def __iter__(self) -> Iterator[Batch]:
        for first in range(0, self.rows, self._chunk):
            last = min(first + self._chunk, self.rows)
            first_step = first // self._batch_size
            last_step = -(-last // self._batch_size) - 1
            yield self._sources.batch(first, last, first_step, last_step, self._batch_size)

    def sample(self, limit: int) -> list[np.ndarray]:
        """The inputs of at most ``limit`` rows, evenly from the first to the last."""
        if self.rows <= limit:
            return [source.chunk(0, self.rows) for source in self._sources.inputs]
        indices = np.linspace(0, self.rows - 1, limit).round().astype(np.int64)
        return [source.take(indices) for source in self._sources.inputs]
