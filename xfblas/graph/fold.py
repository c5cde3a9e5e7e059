"""From operations to layers of the engine: scalings and slopes become part of a layer.

A batch normalization y = (x - c)*s + t, and a layer z = x*K + b, fold in two ways, both exact:
    backward, into the linear layer before:   (z - c)*s + t = x*(K*s) + ((b - c)*s + t)
    forward, into the layer after:            ((x - c)*s + t)*K + b = (x - c)*(s'*K) + (t*K + b)
where s' scales the rows of K. Where neither is possible it becomes a layer with K = diag(s), b = t.
Before the first layer c stays by itself, as the center of the model's input: see
:mod:`~xfblas.layers.affine`. Elsewhere it goes into the bias. The folding is done in float64 and
rounded once.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from xfblas.graph.network import FoldedLayer, Layer
from xfblas.layers.activations import FIXED_SLOPES
from xfblas.layers.affine import Affine
from xfblas.layers.dense import Dense
from xfblas.layers.operation import CannotRun, Operation
from xfblas.layers.placement import PREACTIVATION
from xfblas.layers.scaling import Scale
from xfblas.layers.table import Table

#: A diagonal layer of more units costs more memory than any such model is worth.
LARGEST_DIAGONAL = 4096
#: Biases so large against a batch normalization's output take the mean of large sums away.
LARGE_BIAS = 64


@dataclass
class _Draft:
    """A layer that may still take in what follows it; kernel (k, n) and bias (n,) float64."""

    name: str
    kernel: np.ndarray
    bias: np.ndarray
    output: str
    folded: list[str]
    slope: float = 1.0
    table: str = ""
    parameters: dict = field(default_factory=dict)
    has_folded: bool = False
    steps: np.ndarray | None = None

    @property
    def is_linear(self) -> bool:
        return self.slope == 1 and not self.table

    def fold(self, affine: Affine) -> None:
        """Takes in what follows it, while it is linear."""
        self.kernel = self.kernel * affine.scale
        if self.steps is not None:
            self.steps = self.steps * np.where(affine.scale == 0, 1, np.abs(affine.scale))
        self.bias = (self.bias - affine.center) * affine.scale + affine.shift
        self.has_folded = True

    def implied_center(self) -> np.ndarray | None:
        """What a batch normalization after the model's first layer says of the inputs' means.

        Its mean is that of the sums, mean(x)*K + b, so with as many outputs as inputs it tells
        mean(x) unless K is singular. None where it is not needed, or the sums do not tell.
        """
        inputs, units = self.kernel.shape
        size = np.median(np.abs(self.bias))
        if not self.has_folded or units < inputs or not size > LARGE_BIAS:
            return None
        center = np.linalg.lstsq(self.kernel.T, -self.bias, rcond=1e-9)[0].astype(np.float32)
        is_found = np.abs(self.bias + center @ self.kernel).max() * LARGE_BIAS < size
        return center.astype(np.float64) if is_found else None

    def take(self, output: str) -> None:
        """Another step has become part of it, which gives ``output``."""
        if not self.output.endswith(PREACTIVATION):
            self.folded.append(self.output)
        self.output = output

    def finish(self) -> Layer:
        kind = FoldedLayer if self.has_folded else Layer
        names = {slope: name for name, slope in FIXED_SLOPES.items()}
        activation = self.table or names.get(self.slope, "leaky_relu")
        numbers = (self.kernel, self.bias, activation, self.slope)
        folded = tuple(self.folded)
        return kind(self.name, *numbers, self.output, folded, self.parameters, self.steps)


class Folder:
    """Takes operations for the engine one after the other.

    Args:
        is_stated: whether the model states the shape of its input.

    Attributes:
        center: (k,) float64, what is subtracted from a row before the first layer, or None.
    """

    def __init__(self, is_stated: bool = True):
        self._is_stated = is_stated
        self._drafts: list[_Draft] = []
        self._scaling = None  # (Affine, operation) that waits for a layer to fold into
        self._waiting = []  # what the operations in it give
        self.center = None

    def add(self, operation: Operation) -> None:
        """Adds a :class:`Dense`, :class:`Scale`, :class:`Slope` or :class:`Table` of vectors.

        A table comes after a layer.

        Raises:
            CannotRun: it needs a diagonal layer, which it cannot have.
        """
        if isinstance(operation, Dense):
            self._dense(operation)
        elif isinstance(operation, Scale):
            self._scale(operation)
        elif isinstance(operation, Table):
            self._drafts[-1].table = operation.function
            self._drafts[-1].parameters = operation.parameters
            self._drafts[-1].take(operation.output)
        else:
            self._slope(operation)

    def end(self, operation: Operation | None = None) -> tuple[Layer, ...]:
        """All layers; a scaling that is left becomes a diagonal one.

        Args:
            operation: what the host computes last, which cannot be without a layer before it.

        Raises:
            CannotRun: as for :meth:`add`.
        """
        if self._scaling or (operation is not None and not self._drafts):
            self._diagonal(operation)
        first = self._drafts[0] if self._drafts and self.center is None else None
        if first is not None:
            self.center = first.implied_center()
            if self.center is not None:
                first.bias = first.bias + self.center @ first.kernel
        return tuple(draft.finish() for draft in self._drafts)

    def _dense(self, dense):
        kernel, bias = dense.kernel.astype(np.float64), dense.bias.astype(np.float64)
        steps = dense.steps
        if self._scaling:
            steps = None  # A scale for each row leaves no step for a column.
            scale, shift = self._taken(kernel.shape[0])
            bias = bias + shift @ kernel
            kernel = scale[:, np.newaxis] * kernel
        draft = _Draft(dense.layer.name, kernel, bias, dense.output, self._waiting, steps=steps)
        self._drafts.append(draft)
        self._waiting = []

    def _taken(self, units):
        """Scale and shift that waited, (units,) each; the center of the first layer is set."""
        affine = self._scaling[0].each(lambda values: np.broadcast_to(values, (units,)))
        self._scaling = None
        if self._drafts:
            return affine.scale, affine.shift - affine.center * affine.scale
        # Where float32 holds it but for the rounding of the composition, it is subtracted faster.
        single = affine.center.astype(np.float32).astype(np.float64)
        near = np.abs(single - affine.center) <= np.abs(single) * 2.0**-50
        self.center = np.where(near, single, affine.center)
        return affine.scale, affine.shift

    def _scale(self, operation):
        affine = operation.along_last_axis()
        if self._scaling:
            before, first = self._scaling
            self._scaling = (before.then(affine), first)
        elif self._drafts and self._drafts[-1].is_linear:
            self._drafts[-1].fold(affine)
            self._drafts[-1].take(operation.output)
            return
        else:
            self._scaling = (affine, operation)
        self._waiting.append(operation.output)

    def _slope(self, operation):
        if operation.does_nothing:
            return  # A learned slope of 1.
        if self._scaling or not self._drafts:
            self._diagonal(operation)
        draft = self._drafts[-1]
        # What an earlier negative slope has turned positive passes a second one unchanged.
        draft.slope = draft.slope if draft.slope < 0 else draft.slope * operation.slope
        draft.take(operation.output)

    def _diagonal(self, operation):
        """A layer of its own for the scaling that waits, or else for an operation with no other."""
        operation = self._scaling[1] if self._scaling else operation
        units = self._scaling[0].scale.size if self._scaling else 1
        if units == 1:
            shape = operation.place.shapes[0]
            is_told = self._scaling and operation.weights  # Those of one value.
            if None in shape or not (self._is_stated or self._drafts or is_told):
                raise CannotRun("it comes first, and the model does not state its input's shape")
            units = math.prod(shape)
        if units > LARGEST_DIAGONAL:
            raise CannotRun(
                f"it needs a diagonal layer of {units} units, at most {LARGEST_DIAGONAL} are "
                "supported"
            )
        scale, shift = self._taken(units) if self._scaling else (np.ones(units), np.zeros(units))
        layer = operation.layer
        waiting = self._waiting or ["/".join(layer.address) + PREACTIVATION]
        self._drafts.append(_Draft(layer.name, np.diag(scale), shift, waiting[-1], waiting[:-1]))
        self._waiting = []
