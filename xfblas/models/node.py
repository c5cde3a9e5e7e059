"""One step of a model between tensors, before chains are formed."""

from dataclasses import dataclass, field

import numpy as np

from xfblas.models.affine import Affine
from xfblas.models.architecture import LayerSpec
from xfblas.models.step import Step


@dataclass(eq=False)
class Node:
    """One step, called once.

    Attributes:
        kind: 'dense', 'scale' (along the last axis), 'slope' or 'host'.
        step: where it comes from.
        inputs: tensors.
        output: tensor.
        weights: of a dense step.
        affine: of a scaling, (n,).
        slope: for negative values.
        function, parameters, arrays: of the host's function.
        reason: why it is on the host.
    """

    kind: str
    step: Step
    inputs: tuple[str, ...]
    output: str
    weights: dict = field(default_factory=dict)
    affine: Affine | None = None
    slope: float = 1.0
    function: str = ""
    parameters: dict = field(default_factory=dict)
    arrays: dict = field(default_factory=dict)
    reason: str = ""

    @property
    def layer(self) -> LayerSpec:
        """The layer that the node is a call of."""
        return self.step.layer


def rectifier(slope: float) -> tuple[str, dict, dict]:
    """The host's function, its parameters and arrays for a slope of negative values."""
    if slope == 0:
        return "relu", {}, {}
    return "prelu", {}, {"alpha": np.float32([slope])}
