"""One thing that happens to the tensors of a model: what a layer consists of.

A layer's rule gives operations with the layer's settings alone. The reader places each call of them
between tensors of known shape, with its weights. Passes walk what has been placed.
"""

from dataclasses import KW_ONLY, dataclass

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.keras_files.architecture import LayerSpec

#: Rules by the class of a layer, from a LayerSpec to operations: see :func:`reads`.
RULES = {}
#: Why a layer cannot be part of a plain chain.
NO_SUCH_LAYER = "the engine has no such layer"
#: The same of one that graphs may have.
IN_NO_CHAIN = f"{NO_SUCH_LAYER} in a chain of dense layers, but xfblas.compile runs it"


def reads(*class_names: str):
    """Registers the rule of layers: ``@reads("LayerNormalization")`` is above that of one."""

    def register(rule):
        RULES.update(dict.fromkeys(class_names, rule))
        return rule

    return register


class CannotRun(Exception):
    """Why a layer cannot be run; gathered over all layers before the caller sees any."""


@dataclass(frozen=True, eq=False)
class Place:
    """Where one call of an operation stands.

    Attributes:
        inputs: tensors.
        output: tensor.
        shapes: of one row of each input; None for an open size.
        dtypes: of the inputs.
        where: what messages call the model.
    """

    inputs: tuple[str, ...]
    output: str
    shapes: tuple[tuple[int | None, ...], ...]
    dtypes: tuple
    where: str


@dataclass(frozen=True, eq=False)
class Operation:
    """One thing that happens to the rows.

    Attributes:
        layer: where it comes from.
        weights: kinds of the layer's weights, in Keras' order.
        refusal: why it cannot be part of a plain chain; None where it can, or can be last.
        uses_mask: whether a mask of an earlier layer changes what it computes.
        place: where it is called; None as long as it is not placed.
        shape: of one row of what it gives, once it is placed.
    """

    #: Whether it gives the values that it takes.
    does_nothing = False
    #: Whether it takes several tensors.
    takes_several = False
    #: Whether it can become part of a layer of the engine.
    is_for_engine = False
    #: What of the layer its values are, where they are neither the layer's nor sums.
    part_name = ""

    layer: LayerSpec
    _: KW_ONLY
    weights: tuple[str, ...] = ()
    refusal: str | None = None
    uses_mask: bool = False
    place: Place | None = None
    shape: tuple[int | None, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """The tensors that it takes."""
        return self.place.inputs

    @property
    def output(self) -> str:
        """The tensor that it gives."""
        return self.place.output

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> "Operation | None":
        """The same at a place, with its weights and the shape it gives; None if it does nothing.

        Raises:
            CannotRun: with the reason.
            InvalidValueError: a weight has the wrong shape.
        """
        raise NotImplementedError

    def on_host(self) -> "Operation":
        """The same as a function of the host's."""
        raise NotImplementedError

    def wrong_shape(self, where: str, kind: str, values: np.ndarray, expected: str):
        """The error of a weight whose shape does not fit."""
        return InvalidValueError(
            f"{where}: layer {self.layer}: {kind} has shape {values.shape}, expected {expected}"
        )
