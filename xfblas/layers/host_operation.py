"""Operations that the host computes by a function of numpy arrays."""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.layers.curves import is_curve
from xfblas.layers.host_functions import compute
from xfblas.layers.merges import MERGES
from xfblas.layers.operation import CannotRun, Operation, Place
from xfblas.layers.placement import why_on_host

#: More values than this in one row are a damaged configuration.
_LARGEST_ROW = 2**26
#: What open sizes are set to in turn, to see which sizes of a result follow them.
_PROBES = (64, 65)


@dataclass(frozen=True, eq=False)
class HostOperation(Operation):
    """A function of the host's.

    Attributes:
        function: key of :data:`~xfblas.layers.host_functions.FUNCTIONS`.
        parameters: its settings.
        arrays: its weights by kind, once it is placed.
        reason: why it is on the host.
        same_rank: whether its inputs must have as many axes as each other.
    """

    function: str
    parameters: dict = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    reason: str = ""
    same_rank: bool = False

    @property
    def takes_several(self) -> bool:
        """Whether it merges tensors."""
        return self.function in MERGES

    def on_host(self) -> "HostOperation":
        """Itself."""
        return self

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> "HostOperation":
        """See :meth:`Operation.at`; the shape is found by computing a row or two of zeros."""
        parameters, rank = self.parameters, len(place.shapes[0])
        if self.function == "softmax" and parameters.get("axis") in ([rank], [-1]):
            parameters = {}
        _require_axes(place.shapes, parameters)
        if self.same_rank and len({len(shape) for shape in place.shapes}) > 1:
            raise CannotRun("takes tensors of different rank, whose axes it would not align")
        reason = self.reason or why_on_host(self.function, is_curve(self.function, parameters))
        arrays = {**self.arrays, **weights}
        found = replace(self, parameters=parameters, arrays=arrays, reason=reason, place=place)
        return replace(found, shape=found._result_shape())

    def _result_shape(self) -> tuple[int | None, ...]:
        """One row of zeros is computed, or two of different size where sizes are open."""
        shapes, dtypes = self.place.shapes, self.place.dtypes
        has_open = any(None in shape for shape in shapes)
        found = []
        for size in _PROBES if has_open else _PROBES[:1]:
            given = [tuple(size if s is None else s for s in shape) for shape in shapes]
            if any(math.prod(shape) > _LARGEST_ROW for shape in given):
                raise CannotRun(f"its input has rows of shape {list(shapes)}, which are too large")
            zeros = [np.zeros((1, *s), dtype) for s, dtype in zip(given, dtypes, strict=True)]
            try:
                result = compute(self.function, zeros, self.parameters, self.arrays)
            except (InvalidValueError, MemoryError) as error:
                raise CannotRun(str(error) or "its result is too large") from None
            found.append(result.shape[1:])
        first, last = found[0], found[-1]
        if len(first) != len(last):
            raise CannotRun("the number of its result's axes depends on the input")
        return tuple(a if a == b else None for a, b in zip(first, last, strict=True))


def _require_axes(shapes, parameters):
    """Raises where an axis is none of the row's: it could be the batch, counted backwards."""
    axes = parameters.get("axes", parameters.get("axis", []))
    axes = axes if isinstance(axes, list) else [axes]
    ranks = [len(shape) for shape in shapes]
    for index, axis in enumerate(axes):
        rank = ranks[index] if len(ranks) == len(axes) == 2 else min(ranks)
        if not 1 <= abs(axis) <= rank:
            raise CannotRun(f"axis {axis} is none of the row's, whose shape has {rank}")
