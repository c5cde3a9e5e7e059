"""Batches that come one after the other, arranged in the model's own order."""

from collections.abc import Iterator

import numpy as np

from xfblas.columns import listed
from xfblas.errors import InvalidValueError
from xfblas.runtime.batch import Batch, warn_of_end
from xfblas.runtime.row_sources import RowSources
from xfblas.runtime.streams import end, iterate, number_of_batches, unpacked


class StreamData:
    """Batches that come one after the other: a generator, a dataset or a loader.

    Args:
        batches: gives x, (x,), (x, y) or (x, y, sample_weight).
        model: gives ``graph.inputs`` and ``output_names``.
        steps: how many to take; all by default.

    Attributes:
        columns: names of each input's columns in the last batch, None for an input without.
    """

    rows = None
    columns: list | None = None

    def __init__(self, batches, model, steps):
        self._batches, self._model, self._wanted = batches, model, steps
        length = number_of_batches(batches)
        if length == float("inf") and steps is None:
            raise InvalidValueError("x has no end, expected steps to say how many batches to take")
        self._length = None if length == float("inf") else length
        known = [count for count in (steps, self._length) if count is not None]
        self.steps = min(known) if known else None

    def __iter__(self) -> Iterator[Batch]:
        step = 0
        source = iterate(self._batches, self._length)
        while self._wanted is None or step < self._wanted:
            try:
                element = next(source)
            except StopIteration:
                break
            yield self._batch(element, step)
            step += 1
        if step == 0 and self._wanted != 0:
            raise InvalidValueError(
                "x gave no batch, expected one or more: a generator can be used only once"
            )
        if self._wanted is not None and step < self._wanted:
            warn_of_end(step, self._wanted)
        end(self._batches)

    def _batch(self, element, step) -> Batch:
        sources = RowSources(*unpacked(element), self._model)
        before, self.columns = self.columns, [source.columns for source in sources.inputs]
        for old, new in zip(before or self.columns, self.columns, strict=True):
            if old != new and None not in (old, new):
                raise InvalidValueError(
                    f"a batch of x has columns {listed(new)}, but the batch before it {listed(old)}"
                )
        return sources.batch(0, sources.rows, step, step, max(sources.rows, 1))

    def sample(self, limit: int) -> list[np.ndarray]:
        """The inputs of the first ``limit`` rows."""
        found, rows = [], 0
        for batch in self:
            found.append(batch.inputs)
            rows += batch.rows
            if rows >= limit:
                break
        return [np.concatenate(parts)[:limit] for parts in zip(*found, strict=True)]
