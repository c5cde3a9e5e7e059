"""The shape of what the host computes, found by computing it."""

import math

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.models.host_functions import compute
from xfblas.models.node import Node
from xfblas.models.step import CannotRun

#: More values than this in one row are a damaged configuration.
_LARGEST_ROW = 2**26
#: What open sizes are set to in turn, to see which sizes of a result follow them.
_PROBES = (64, 65)


def result_shape(node: Node, shapes: list[tuple], dtypes: list) -> tuple[int | None, ...]:
    """The shape of one row of a host node's result, None for a size that stays open.

    One row of zeros is computed, or two of different size where sizes are open.

    Args:
        node: of the host.
        shapes: of one row of each input; None for an open size.
        dtypes: of the inputs.

    Raises:
        CannotRun: the function does not take such inputs, or the result is too large.
    """
    has_open = any(None in shape for shape in shapes)
    found = []
    for size in _PROBES if has_open else _PROBES[:1]:
        given = [tuple(size if s is None else s for s in shape) for shape in shapes]
        if any(math.prod(shape) > _LARGEST_ROW for shape in given):
            raise CannotRun(f"its input has rows of shape {shapes}, which are too large")
        zeros = [np.zeros((1, *shape), dtype) for shape, dtype in zip(given, dtypes, strict=True)]
        try:
            result = compute(node.function, zeros, node.parameters, node.arrays)
        except (InvalidValueError, MemoryError) as error:
            raise CannotRun(str(error) or "its result is too large") from None
        found.append(result.shape[1:])
    first, last = found[0], found[-1]
    if len(first) != len(last):
        raise CannotRun("the number of its result's axes depends on the input")
    return tuple(a if a == b else None for a, b in zip(first, last, strict=True))
