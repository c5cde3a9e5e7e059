"""What gives batches one after the other: generators, Keras' and TensorFlow's datasets, loaders."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from xfblas.errors import InvalidValueError


class FunctionBatches:
    """What a function gives for 0, 1, 2, ...: a stream that may be used again and again.

    Args:
        function: ``function(iteration)`` gives a batch.
        count: how many.
    """

    def __init__(self, function: Callable[[int], Any], count: int):
        self._function, self._count = function, count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        return map(self._function, range(self._count))


def is_stream(x) -> bool:
    """Whether batches come one after the other, as opposed to rows that are all there."""
    if isinstance(x, (list, tuple, dict, str, bytes, type)) or hasattr(x, "__array__"):
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


def end(batches) -> None:
    """Tells one of Keras' datasets that all batches were taken."""
    _tell(batches, "on_epoch_end")


def unpacked(element):
    """x, y and weights of a batch, as ``keras.utils.unpack_x_y_sample_weight`` splits it."""
    if not isinstance(element, (tuple, list)):
        return element, None, None
    if not 1 <= len(element) <= 3:
        raise InvalidValueError(
            f"a batch of x has {len(element)} parts, expected (x,), (x, y) or (x, y, weights)"
        )
    return (*element, None, None)[:3]


def _is_indexed(batches) -> bool:
    return hasattr(batches, "__getitem__") and hasattr(batches, "on_epoch_end")


def _tell(batches, event) -> None:
    if _is_indexed(batches) and hasattr(batches, event):
        getattr(batches, event)()
