"""One thing that happens to the rows of a model."""

from dataclasses import dataclass, field

import numpy as np

from xfblas.models.architecture import LayerSpec


class CannotRun(Exception):
    """Why a layer cannot be run; gathered over all layers before the caller sees any."""


@dataclass(frozen=True, eq=False)
class Step:
    """One thing that happens to the rows.

    Attributes:
        kind: 'dense' (value: units, or None if not stated), 'scale' (value: a Scaling), 'slope'
            (value: the slope), 'shared_slope' (the slope is a weight), 'host' (value: the name of
            the host's function), 'shape' (value: the row's new shape, () for flat).
        layer: where it comes from.
        weights: kinds of the layer's weights, in Keras' order.
        parameters: settings of a host's function.
        arrays: what takes the place of weights and stands in the configuration.
        refusal: why the step cannot be part of a plain chain; None where it can, or can be last.
        uses_mask: whether a mask of an earlier layer changes what it computes.
        same_rank: whether its inputs must have as many axes as each other.
    """

    kind: str
    layer: LayerSpec
    value: object = None
    weights: tuple[str, ...] = ()
    parameters: dict = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    refusal: str | None = None
    uses_mask: bool = False
    same_rank: bool = False

    @property
    def does_nothing(self) -> bool:
        """Whether it gives the values that it takes."""
        return self.kind == "slope" and self.value == 1
