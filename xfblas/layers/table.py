"""Functions that the engine has tables of, where they stand between its layers."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from xfblas.layers.host_operation import HostOperation
from xfblas.layers.operation import Operation, Place
from xfblas.layers.placement import TABLES


@dataclass(frozen=True, eq=False)
class Table(Operation):
    """tanh or sigmoid as part of the layer of the engine before it.

    Attributes:
        function: one of :data:`~xfblas.layers.placement.TABLES`.
        host: the same as a function of the host's.
    """

    is_for_engine = True

    function: str
    host: HostOperation

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
    return [f"{owner}:{operation.function}" for owner in owners]


def is_table(operation: Operation) -> bool:
    """Whether the host's operation is a function that the engine has a table of."""
    return (
        isinstance(operation, HostOperation)
        and operation.function in TABLES
        and not operation.parameters
    )


def as_table(operation: HostOperation) -> Table:
    """The host's operation as one for the engine, at its place."""
    return Table(
        operation.layer,
        operation.function,
        operation,
        place=operation.place,
        shape=operation.shape,
    )
