"""Batches of whatever Keras' ``predict`` and ``evaluate`` take."""

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.runtime.array_data import ArrayData
from xfblas.runtime.stream_data import StreamData
from xfblas.runtime.streams import is_stream


def data_of(
    x, y, sample_weight, model, batch_size=None, steps=None, at_once=1
) -> ArrayData | StreamData:
    """The batches of rows that are all there, or of a stream, which has its own.

    Args:
        x, y, sample_weight: see :mod:`xfblas.runtime.arrange`; a stream holds all three.
        model: gives ``graph.inputs`` and ``output_names``.
        batch_size, steps, at_once: see :class:`~xfblas.runtime.array_data.ArrayData`.

    Raises:
        InvalidValueError: x is missing or does not fit the inputs, a number is not 1 or more, or
            a stream is given together with y or sample_weight.
    """
    for name, value in (("batch_size", batch_size), ("steps", steps)):
        is_number = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
        if value is not None and (not is_number or value < 1):
            raise InvalidValueError(f"{name} is {value!r}, expected 1 or more, or None")
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
