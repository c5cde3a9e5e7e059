"""Other shapes of the same values: the layers Flatten and Reshape."""

import math
from dataclasses import dataclass

import numpy as np

from xfblas.layers.host_operation import HostOperation
from xfblas.layers.operation import CannotRun, Operation, Place, reads
from xfblas.layers.settings import require_channels_last


@dataclass(frozen=True, eq=False)
class Reshape(Operation):
    """A row in another shape.

    Attributes:
        target: the shape, in which one size may be -1; () for flat.
    """

    target: tuple[int, ...]

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> HostOperation | None:
        """None where the row has this shape."""
        shape, target = place.shapes[0], list(self.target) or [-1]
        if None not in shape:
            size, known = math.prod(shape), math.prod(s for s in target if s != -1)
            fits = size == known if -1 not in target else known and size % known == 0
            if not fits or target.count(-1) > 1:
                raise CannotRun(f"rows of shape {shape} cannot take the shape {self.target}")
            target = [size // known if s == -1 else s for s in target]
        if list(shape) == target:
            return None
        parameters = {"shape": [-1] if len(target) == 1 else target}
        return HostOperation(self.layer, "reshape", parameters, {}, "layout only").at(place, {})


@dataclass(frozen=True, eq=False)
class ChannelsLast(Operation):
    """A row whose first axis becomes the last, as Flatten has it before it flattens."""

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> HostOperation | None:
        """None where the row has one axis."""
        rank = len(place.shapes[0])
        axes = [*range(2, rank + 1), 1]
        if rank < 2:
            return None
        return HostOperation(self.layer, "permute", {"axes": axes}, {}, "layout only").at(place, {})


@reads("Flatten")
def _flatten(layer):
    order = layer.config.get("data_format", layer.config.get("dim_ordering"))
    is_first = order == "channels_first"
    if not is_first:
        require_channels_last(layer.config)
    refusal = "data_format is channels_first, which reorders the values"
    return [ChannelsLast(layer, refusal=refusal)] * is_first + [Reshape(layer, ())]


@reads("Reshape")
def _reshape(layer):
    target = layer.config.get("target_shape", layer.config.get("dims"))
    if not isinstance(target, (list, tuple)) or not all(
        isinstance(size, int) and (size > 0 or size == -1) for size in target
    ):
        raise CannotRun(f"target_shape is {target!r}, expected sizes")
    return [Reshape(layer, () if len(target) == 1 else tuple(target))]
