"""Why the host computes what the engine could compute over feature maps."""

from collections.abc import Collection

from xfblas.graph.map_regions import CONVOLUTIONS, REDUCTIONS, SUMS, is_on_maps
from xfblas.layers.host_operation import HostOperation
from xfblas.layers.operation import Operation
from xfblas.layers.scaling import Scale
from xfblas.layers.slope import Slope
from xfblas.layers.table import Table
from xfblas.layers.window_operation import WindowOperation

#: What has a place among maps though it slides no window.
BESIDE = (*SUMS, *REDUCTIONS, "concatenate", "pad", "crop")


def reasons_on_host(
    operations: list[Operation], inside: Collection[int], kept: Collection[int], first: bool
) -> dict[int, str]:
    """Why operations over maps are in no region, by their ids.

    Args:
        operations: in the order of computation.
        inside: ids of those that are in regions.
        kept: ids of those that have a reason of their own.
        first: whether the model's maps have their channels first.
    """
    found: dict[int, str] = {}
    on_host: dict[str, str] = {}  # Layers of the host by what they give.
    for one in operations:
        if id(one) in inside:
            continue
        before = next((on_host[tensor] for tensor in one.inputs if tensor in on_host), None)
        if isinstance(one, HostOperation) or (
            before is not None and isinstance(one, Slope | Table | Scale)
        ):
            on_host[one.output] = one.layer.path
        if id(one) not in kept:
            reason = _reason(one, before, first)
            if reason is not None:
                found[id(one)] = reason
    return found


def is_for_maps(operation: Operation) -> bool:
    """Whether it is a function of maps that the engine may compute."""
    return isinstance(operation, WindowOperation) or getattr(operation, "function", "") in BESIDE


def _reason(one: Operation, before: str | None, first: bool) -> str | None:
    """None where it has a reason of its own, or is no function over maps."""
    if not any(len(shape) > 1 for shape in one.place.shapes):
        return None
    if isinstance(one, Slope):
        is_bent = before is not None and one.is_for_engine
        return f"it follows {before}, which the host computes" if is_bent else None
    function = getattr(one, "function", "")
    if not is_for_maps(one):
        return None
    is_open = next((shape for shape in (*one.place.shapes, one.shape) if None in shape), None)
    if is_open is not None:
        return f"its maps have an open size, {is_open}: those of the engine are known"
    if not is_on_maps(one, first):
        return None
    if before is not None:
        return f"it follows {before}, which the host computes"
    if function in CONVOLUTIONS:
        return "it is in no part of the model that has one input and one output"
    return "no convolution on the engine comes before or after it"
