"""Functions that the engine has tables of, where they stand between its layers."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from xfblas.layers.curves import is_curve
from xfblas.layers.host_operation import HostOperation
from xfblas.layers.operation import Operation, Place
from xfblas.layers.slope import Slope


@dataclass(frozen=True, eq=False)
class Table(Operation):
    """A function as part of the layer of the engine before it.

    Attributes:
        function, parameters: such that :func:`~xfblas.layers.curves.is_curve`.
        host: the same as a function of the host's.
    """

    is_for_engine = True

    function: str
    host: HostOperation
    parameters: dict[str, Any] = field(default_factory=dict)

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> "Table":
        """See :meth:`Operation.at`."""
        return replace(self, place=place, host=self.host.at(place, weights))

    def on_host(self) -> HostOperation:
        """The same as a function of the host's."""
        return self.host


def table_names(operation: Any) -> list[str]:
    """What ``on_host`` calls the function alone: that of a layer, ``dense:tanh``, or of a call.

    Args:
        operation: one that :func:`is_table`, at its place.
    """
    owners = dict.fromkeys((operation.layer.path, operation.output))
    function = "relu" if isinstance(operation, Slope) else operation.function
    return [f"{owner}:{function}" for owner in owners]


def is_table(operation: Operation) -> bool:
    """Whether the host's operation is a function that the engine can compute by a table."""
    if isinstance(operation, Slope):
        return not operation.is_for_engine
    return (
        isinstance(operation, HostOperation)
        and not operation.arrays
        and is_curve(operation.function, operation.parameters)
    )


def as_table(operation: Any) -> Table:
    """An operation that :func:`is_table` as one for the engine, at its place."""
    function, parameters = "relu", {}
    if isinstance(operation, Slope):
        parameters = {"negative_slope": operation.slope}
    else:
        function, parameters = operation.function, operation.parameters
    return Table(
        operation.layer,
        function,
        operation.on_host(),
        parameters,
        place=operation.place,
        shape=operation.shape,
    )
