"""Batches of whatever Keras' ``predict`` and ``evaluate`` take."""

import itertools
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.runtime.arrange import input_sources, output_sources, require_same_rows

#: Keras' default: what its progress bar counts, and what ``steps`` means without a batch size.
KERAS_BATCH = 32


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


class ArrayData:
    """Rows that are all there.

    Args:
        x, y, sample_weight: see :mod:`xfblas.runtime.arrange`.
        model: gives ``graph.inputs`` and ``output_names``.
        batch_size: rows of a step; None for 32, or for a share of the rows where steps are given.
        steps: how many steps to take; all by default.
        at_once: about how many rows to give at once; whole steps, and at least one.
    """

    def __init__(self, x, y, sample_weight, model, batch_size=None, steps=None, at_once=1):
        self._inputs = input_sources(x, model.graph.inputs)
        names = model.output_names or ()
        self._targets = output_sources("y", y, names)
        self._weights = output_sources("sample_weight", sample_weight, names, repeat=True)
        given = require_same_rows([*self._inputs, *self._targets, *self._weights])
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
            yield Batch(
                [source.chunk(first, last) for source in self._inputs],
                [source and source.chunk(first, last) for source in self._targets],
                [source and source.chunk(first, last) for source in self._weights],
                last - first,
                first // self._batch_size,
                -(-last // self._batch_size) - 1,
                self._batch_size,
            )

    def sample(self, limit: int) -> list[np.ndarray]:
        """The inputs of at most ``limit`` rows, evenly from the first to the last."""
        if self.rows <= limit:
            return [source.chunk(0, self.rows) for source in self._inputs]
        indices = np.linspace(0, self.rows - 1, limit).round().astype(np.int64)
        return [source.take(indices) for source in self._inputs]


class StreamData:
    """Batches that come one after the other: a generator, a dataset or a loader.

    Args:
        batches: gives x, (x,), (x, y) or (x, y, sample_weight).
        model: gives ``graph.inputs`` and ``output_names``.
        steps: how many to take; all by default.
    """

    rows = None

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
        _tell(self._batches, "on_epoch_end")

    def _batch(self, element, step) -> Batch:
        x, y, weight = unpacked(element)
        inputs = input_sources(x, self._model.graph.inputs)
        names = self._model.output_names
        if names is None:  # Targets are of no interest.
            y, weight, names = None, None, ()
        targets = output_sources("y", y, names)
        weights = output_sources("sample_weight", weight, names, repeat=True)
        rows = require_same_rows([*inputs, *targets, *weights])
        parts = [
            [source and source.chunk(0, rows) for source in group]
            for group in (inputs, targets, weights)
        ]
        return Batch(*parts, rows, step, step, max(rows, 1))

    def sample(self, limit: int) -> list[np.ndarray]:
        """The inputs of the first ``limit`` rows."""
        found, rows = [], 0
        for batch in self:
            found.append(batch.inputs)
            rows += batch.rows
            if rows >= limit:
                break
        return [np.concatenate(parts)[:limit] for parts in zip(*found, strict=True)]


def is_stream(x) -> bool:
    """Whether batches come one after the other, as opposed to rows that are all there."""
    if isinstance(x, (list, tuple, dict, str, bytes)) or hasattr(x, "__array__"):
        return False
    if hasattr(x, "shape") or hasattr(x, "iloc"):
        return False
    return hasattr(x, "__iter__") or hasattr(x, "__next__") or _is_indexed(x)


def number_of_batches(batches) -> float | int | None:
    """How many batches a stream has: infinite for one without end, None where it cannot tell."""
    if hasattr(batches, "num_batches"):
        return float("inf") if batches.num_batches is None else int(batches.num_batches)
    if hasattr(batches, "cardinality"):
        count = int(batches.cardinality())
        return count if count >= 0 else float("inf") if count == -1 else None
    try:
        return len(batches)
    except TypeError:
        return None


def iterate(batches, length):
    """An iterator over a stream, which for Keras' datasets goes by index."""
    _tell(batches, "on_epoch_begin")
    if not _is_indexed(batches):
        return iter(batches)
    indices = itertools.count() if length is None else range(length)
    return (batches[index] for index in indices)


def unpacked(element):
    """x, y and weights of a batch, as ``keras.utils.unpack_x_y_sample_weight`` splits it."""
    if not isinstance(element, (tuple, list)):
        return element, None, None
    if not 1 <= len(element) <= 3:
        raise InvalidValueError(
            f"a batch of x has {len(element)} parts, expected (x,), (x, y) or (x, y, weights)"
        )
    return (*element, None, None)[:3]


def warn_of_end(found: int, wanted: int) -> None:
    """What Keras warns of when the data ends before ``steps`` do."""
    warnings.warn(
        f"x ended after {found} of {wanted} steps; the result has the rows that there were",
        stacklevel=4,
    )


def _is_indexed(batches) -> bool:
    return hasattr(batches, "__getitem__") and hasattr(batches, "on_epoch_end")


def _tell(batches, event) -> None:
    if _is_indexed(batches) and hasattr(batches, event):
        getattr(batches, event)()
