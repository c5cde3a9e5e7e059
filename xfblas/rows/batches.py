"""Batches of whatever Keras' ``predict`` and ``evaluate`` take."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from xfblas.checks import shown
from xfblas.errors import InvalidValueError
from xfblas.notices import notify
from xfblas.rows.arguments import input_sources, output_sources, require_same_rows
from xfblas.rows.columns import listed
from xfblas.rows.streams import end, is_stream, iterate, number_of_batches, unpacked

#: Keras' default: what its progress bar counts, and what ``steps`` means without a batch size.
KERAS_BATCH = 32
#: Rows that scales are derived from, of data that has more: they hardly change a range, and all of
#: them are kept in memory.
CALIBRATION_ROWS = 8192


@dataclass(frozen=True)
class Batch:
    """Some rows of the data.

    Attributes:
        inputs: one array per input of the model, (m, ...), of any number type.
        targets: one per output, None where there are none.
        weights: one per output, None where there are none.
        rows: m.
        first_step, last_step: the steps of Keras that it stands for.
        batch_size: rows of a step.
    """

    inputs: list[np.ndarray]
    targets: list[np.ndarray | None]
    weights: list[np.ndarray | None]
    rows: int
    first_step: int
    last_step: int
    batch_size: int


def warn_of_end(found: int, wanted: int) -> None:
    """What Keras warns of when the data ends before ``steps`` do."""
    notify(f"x ended after {found} of {wanted} steps; the result has the rows that there were")


class RowSources:
    """What a caller passes for a model's inputs, targets and weights, in the model's own order.

    Args:
        x, y, sample_weight: see :mod:`xfblas.rows.arguments`.
        model: gives ``graph.inputs`` and ``output_names``, None where the inputs alone are wanted.

    Attributes:
        inputs: one source per input.
        rows: how many all of them have.

    Raises:
        InvalidValueError: they do not fit the model, or have other numbers of rows.
    """

    def __init__(self, x, y, sample_weight, model):
        names = model.output_names
        if names is None:  # Targets are of no interest.
            y, sample_weight, names = None, None, ()
        elif model.graph.outputs[0].key is not None:
            names = [spec.key for spec in model.graph.outputs]
        self.inputs = input_sources(x, model.graph.inputs)
        self._targets = output_sources("y", y, names)
        self._weights = output_sources("sample_weight", sample_weight, names, repeat=True)
        self.rows = require_same_rows([*self.inputs, *self._targets, *self._weights])

    def batch(self, first: int, last: int, first_step: int, last_step: int, size: int) -> Batch:
        """Rows ``first`` to ``last``, exclusive, which stand for some steps of ``size`` rows."""
        inputs, targets, weights = (
            [source and source.chunk(first, last) for source in sources]
            for sources in (self.inputs, self._targets, self._weights)
        )
        return Batch(inputs, targets, weights, last - first, first_step, last_step, size)


class ArrayData:
    """Rows that are all there.

    Args:
        x, y, sample_weight: see :mod:`xfblas.rows.arguments`.
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


def data_of(
    x, y, sample_weight, model, batch_size=None, steps=None, at_once=1
) -> ArrayData | StreamData:
    """The batches of rows that are all there, or of a stream, which has its own.

    Args:
        x, y, sample_weight: see :mod:`xfblas.rows.arguments`; a stream holds all three.
        model: gives ``graph.inputs`` and ``output_names``.
        batch_size, steps, at_once: see :class:`ArrayData`.

    Raises:
        InvalidValueError: x is missing or does not fit the inputs, a number is not 1 or more, or
            a stream is given together with y or sample_weight.
    """
    for name, value in (("batch_size", batch_size), ("steps", steps)):
        is_number = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if value is not None and (not is_number or value < 1):
            raise InvalidValueError(f"{name} is {shown(value)}, expected 1 or more, or None")
    # More than there can be rows, or numpy's own numbers, only make the sums below overflow.
    batch_size, steps = (
        None if value is None else min(int(value), sys.maxsize) for value in (batch_size, steps)
    )
    if x is None:
        raise InvalidValueError("x is None, expected rows, or batches of them")
    if not is_stream(x):
        return ArrayData(x, y, sample_weight, model, batch_size, steps, at_once)
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise InvalidValueError(
                f"{name} is given, but x gives batches and must hold them itself"
            )
    return StreamData(x, model, steps)
