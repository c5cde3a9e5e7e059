"""How the scales of a compiled model were derived, to derive them again for other weights."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.graph import ModelGraph
from xfblas.quantization import QuantizedMaps, QuantizedNetwork

Networks = dict[str, QuantizedNetwork | QuantizedMaps]
#: Rows of each input that a .xfblas file keeps.
SAVED_ROWS = 512
#: What these may take: of images only as many are kept as fit.
SAVED_BYTES = 16 << 20


@dataclass(frozen=True, eq=False)
class Recipe:
    """What a model was compiled with.

    Attributes:
        requantize: makes the networks of a graph, and the reasons of steps without; of a graph,
            rows, options and softmax.
        inputs: the calibration rows of each input; None where none are kept.
        options: of :func:`xfblas.quantize`, by name.
        softmax: as compile takes it.
        on_host: the layers and functions that the host computes though the engine could.
        has_tables: whether the engine has tables of functions.
    """

    requantize: Callable[..., tuple[Networks, dict[str, str]]]
    inputs: list[np.ndarray] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    softmax: Any = None
    on_host: tuple[str, ...] = ()
    has_tables: bool = False

    def derive(self, graph: ModelGraph, before: Networks) -> Networks:
        """Networks of a graph with other weights, by the same rows and options.

        Raises:
            InvalidValueError: no rows are kept.
            UnsupportedModelError: a step cannot be quantized any more; names it and tells why.
        """
        is_float = any(network.dtype.kind == "f" for network in before.values())
        if self.inputs is None and before and not is_float:
            raise InvalidValueError(
                "scales is 'derive', but no calibration rows are stored with this model: pass "
                "calibration, or scales='keep'"
            )
        found, reasons = self.requantize(graph, self.inputs, self.options, self.softmax, is_float)
        lost = [f"{name}: {reasons.get(name)}" for name in before if name not in found]
        if lost:
            raise UnsupportedModelError(
                "with these weights the engine cannot compute " + "; ".join(lost)
            )
        return {name: found[name] for name in before}

    def with_inputs(self, inputs: list[np.ndarray]) -> "Recipe":
        """The same with other calibration rows."""
        return replace(self, inputs=inputs)

    def description(self) -> dict[str, Any]:
        """What JSON holds of it, for a file."""
        return {
            "options": _plain(self.options),
            "softmax": _plain(self.softmax),
            "on_host": list(self.on_host),
            "has_tables": self.has_tables,
        }


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if hasattr(value, "items"):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
