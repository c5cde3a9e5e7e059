"""From steps and weights to layers of the engine: scalings and slopes become part of a layer.

A batch normalization y = (x - c)*s + t, and a layer z = x*K + b, fold in two ways, both exact:
    backward, into the linear layer before:   (z - c)*s + t = x*(K*s) + ((b - c)*s + t)
    forward, into the layer after:            ((x - c)*s + t)*K + b = (x - c)*(s'*K) + (t*K + b)
where s' scales the rows of K. Where neither is possible it becomes a layer with K = diag(s), b = t.
Before the first layer c stays by itself, as the center of the model's input: see
:mod:`~xfblas.models.affine`. Elsewhere it goes into the bias. The folding is done in float64 and
rounded once.
"""

import math
from dataclasses import dataclass

import numpy as np

from xfblas.models.affine import Affine
from xfblas.models.network import FoldedLayer, Layer
from xfblas.models.placement import PREACTIVATION
from xfblas.models.scaling import constants_of, placed, wrong_shape
from xfblas.models.step import CannotRun, Step

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
    has_folded: bool = False

    def fold(self, affine: Affine) -> None:
        """Takes in what follows it, while it is linear."""
        self.kernel = self.kernel * affine.scale
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
        activation = {1.0: "linear", 0.0: "relu"}.get(self.slope, "leaky_relu")
        numbers = (self.kernel, self.bias, activation, self.slope)
        return kind(self.name, *numbers, self.output, tuple(self.folded))


class Folder:
    """Takes the steps of a model one after the other.

    Args:
        where: what messages call the model.
        input_shape: of one row, or None; also sizes may be None.

    Attributes:
        output_activation: what the host computes last.
        output: name of what the model gives; known once it is finished.
        input_shape: of one row; known once a layer has been added.
        center: (k,) float64, what is subtracted from a row before the first layer, or None.
    """

    def __init__(self, where: str, input_shape: tuple | None):
        self._where = where
        self._drafts: list[_Draft] = []
        self._scaling = None  # (Affine, layer) that waits for a layer to fold into
        self._waiting = []  # what the steps in it give
        self._output = ""  # what the step that is added gives
        self._shape = input_shape
        self.input_shape = input_shape
        self.output_activation, self.output = "linear", None
        self.center = None

    def add(self, step: Step, weights: dict[str, np.ndarray], output: str) -> None:
        """Adds one step.

        Args:
            step: what happens to the rows.
            weights: the layer's arrays by kind, float32.
            output: name of what it gives.

        Raises:
            CannotRun: with the reason.
            InvalidValueError: a weight has the wrong shape.
        """
        self._output = output
        getattr(self, f"_add_{step.kind}")(step, weights)

    def add_node(self, node) -> None:
        """Adds a step whose constants are known already; never needs a diagonal layer."""
        self._output = node.output
        if node.kind == "dense":
            self._add_dense(node.step, node.weights)
        elif node.kind == "scale":
            self._fold(node.affine, node.layer)
        else:
            self._add_slope(node.step, {}, node.slope)

    def finish(self) -> tuple[Layer, ...]:
        """All layers; a scaling that is left becomes a diagonal one."""
        if self._scaling:
            self._add_diagonal(self._scaling[1])
        first = self._drafts[0] if self._drafts and self.center is None else None
        if first is not None:
            self.center = first.implied_center()
            if self.center is not None:
                first.bias = first.bias + self.center @ first.kernel
        if self._drafts and self.output is None:
            self.output = self._drafts[-1].output
        return tuple(draft.finish() for draft in self._drafts)

    def require_flat(self, what: str) -> None:
        """Raises CannotRun unless a row is known to be a vector by now."""
        shape = self._shape
        if shape is not None and len(shape) != 1:
            raise CannotRun(f"{what} has rows of shape {shape}, expected flat rows: use Flatten")

    def _add_dense(self, step, weights):
        kernel = weights["kernel"].astype(np.float64)
        self._check_kernel(step, kernel)
        units = kernel.shape[1]
        bias = weights.get("bias", np.zeros(units, np.float32)).astype(np.float64)
        if bias.shape != (units,):
            raise wrong_shape(self._where, step, "bias", bias, f"({units},)")
        if self._shape is not None and len(self._shape) > 1 and self._shape[-1] is None:
            raise CannotRun(
                f"its input has the shape {self._shape} with an open axis, expected flat rows (if "
                "Keras 3 loaded this model from an older file, pass the path of that file)"
            )
        self.require_flat("its input")
        if self._shape not in (None, (None,), (kernel.shape[0],)):
            raise wrong_shape(self._where, step, "kernel", kernel, f"({self._shape[0]}, {units})")
        if not self._drafts and (self._shape is None or None in self.input_shape):
            self.input_shape = (kernel.shape[0],)
        if self._scaling:
            scale, shift = self._taken(kernel.shape[0])
            bias = bias + shift @ kernel
            kernel = scale[:, np.newaxis] * kernel
        self._drafts.append(_Draft(step.layer.name, kernel, bias, self._output, self._waiting))
        self._waiting = []
        self._shape = (units,)

    def _check_kernel(self, step, kernel):
        units = step.value
        if kernel.ndim != 2 or 0 in kernel.shape:
            raise wrong_shape(self._where, step, "kernel", kernel, "(inputs, units)")
        if units is not None and kernel.shape[1] != units:
            raise wrong_shape(self._where, step, "kernel", kernel, f"({kernel.shape[0]}, {units})")

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

    def _add_scale(self, step, weights):
        affine = constants_of(step, weights, self._where)
        self._fold(affine.each(lambda values: self._spread(step, values)), step.layer)

    def _fold(self, affine, layer):
        if self._scaling:
            before, first = self._scaling
            self._scaling = (before.then(affine), first)
        elif self._drafts and self._drafts[-1].slope == 1:
            self._drafts[-1].fold(affine)
            self._drafts[-1].take(self._output)
            return
        else:
            self._scaling = (affine, layer)
        self._waiting.append(self._output)

    def _spread(self, step, values):
        """The constants, repeated for every element of a flat row; one for all stays one."""
        if values.size == 1 and values.ndim != 1:
            return values.reshape(1)
        if self._shape is None:
            self._shape = self.input_shape = values.shape
        if None in self._shape and len(self._shape) == 1:
            self._shape = self.input_shape = values.shape
        if None in self._shape:
            raise CannotRun(f"its input has the shape {self._shape}, expected known sizes")
        values = placed(step, values, self._shape, self._where)
        return np.broadcast_to(values, self._shape).reshape(-1)

    def _add_slope(self, step, weights, slope=None):
        slope = step.value if slope is None else slope
        if slope == 1:
            return
        if self._scaling or not self._drafts:
            self._add_diagonal(self._scaling[1] if self._scaling else step.layer)
        draft = self._drafts[-1]
        # What an earlier negative slope has turned positive passes a second one unchanged.
        draft.slope = draft.slope if draft.slope < 0 else draft.slope * slope
        draft.take(self._output)

    def _add_shared_slope(self, step, weights):
        alpha = weights["alpha"]
        if alpha.size == 0 or (alpha != alpha.flat[0]).any():
            raise CannotRun(
                f"alpha has {alpha.size} values between {alpha.min(initial=0)} and "
                f"{alpha.max(initial=0)}, but a layer of the engine has one slope: use "
                "shared_axes=[1]"
            )
        self._add_slope(step, weights, float(alpha.flat[0]))

    def _add_host(self, step, weights):
        self.require_flat("its input")
        if not self._drafts and not self._scaling:
            self._add_diagonal(step.layer)
        self.output_activation, self.output = step.value, self._output

    def _add_shape(self, step, weights):
        if self._shape is None or None in self._shape:
            # Only the sizes are open: rows keep their order, and the next kernel tells the width.
            known = step.value and -1 not in step.value
            self._shape = step.value if known else None
            return
        size = math.prod(self._shape)
        sizes = list(step.value) or [size]
        if -1 in sizes:
            rest = math.prod(s for s in sizes if s != -1)
            sizes[sizes.index(-1)] = size // rest
        if math.prod(sizes) != size:
            raise CannotRun(f"rows of shape {self._shape} cannot take the shape {step.value}")
        self._shape = tuple(sizes)

    def _add_diagonal(self, layer):
        """A layer of its own for a scaling, or for an activation with none before it."""
        units = self._scaling[0].scale.size if self._scaling else 1
        if units == 1:
            if self._shape is None or None in self._shape:
                raise CannotRun("it comes first, and the model does not state its input's shape")
            units = math.prod(self._shape)
        if units > LARGEST_DIAGONAL:
            raise CannotRun(
                f"it needs a diagonal layer of {units} units, at most {LARGEST_DIAGONAL} are "
                "supported"
            )
        scale, shift = self._taken(units) if self._scaling else (np.ones(units), np.zeros(units))
        waiting = self._waiting or ["/".join(layer.address) + PREACTIVATION]
        self._drafts.append(_Draft(layer.name, np.diag(scale), shift, waiting[-1], waiting[:-1]))
        self._waiting = []
