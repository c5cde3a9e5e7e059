"""From steps and weights to layers of the engine: scalings and slopes become part of a layer.

A batch normalization y = s*x + t, and a layer z = x*K + b, fold in two ways, both exact:
    backward, into the linear layer before:   z*s + t = x*(K*s) + (b*s + t)
    forward, into the layer after:            (s*x + t)*K + b = x*(s'*K) + (t*K + b)
where s' scales the rows of K. Where neither is possible it becomes a layer with K = diag(s), b = t.
The folding is done in float64 and rounded once.
"""

import math
from dataclasses import dataclass

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.models.network import Layer
from xfblas.models.steps import CannotRun, Step

#: A diagonal layer of more units costs more memory than any such model is worth.
LARGEST_DIAGONAL = 4096


@dataclass
class _Draft:
    """A layer that may still take in what follows it; kernel (k, n) and bias (n,) float64."""

    name: str
    kernel: np.ndarray
    bias: np.ndarray
    slope: float = 1.0

    def finish(self) -> Layer:
        names = {1.0: "linear", 0.0: "relu"}
        return Layer(
            self.name, self.kernel, self.bias, names.get(self.slope, "leaky_relu"), self.slope
        )


class Folder:
    """Takes the steps of a model one after the other.

    Args:
        where: what messages call the model.
        input_shape: of one row, or None; also sizes may be None.

    Attributes:
        output_activation: what the host computes last.
        input_shape: of one row; known once a layer has been added.
    """

    def __init__(self, where: str, input_shape: tuple | None):
        self._where = where
        self._drafts: list[_Draft] = []
        self._scaling = None  # (scale, shift, layer) that waits for a layer to fold into
        self._shape = input_shape
        self.input_shape = input_shape
        self.output_activation = "linear"

    def add(self, step: Step, weights: dict[str, np.ndarray]) -> None:
        """Adds one step.

        Args:
            step: what happens to the rows.
            weights: the layer's arrays by kind, float32.

        Raises:
            CannotRun: with the reason.
            InvalidValueError: a weight has the wrong shape.
        """
        getattr(self, f"_add_{step.kind}")(step, weights)

    def finish(self) -> tuple[Layer, ...]:
        """All layers; a scaling that is left becomes a diagonal one."""
        if self._scaling:
            self._add_diagonal(self._scaling[2])
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
            self._wrong_shape(step, "bias", bias, f"({units},)")
        if self._shape is not None and self._shape[-1] is None and len(self._shape) > 1:
            raise CannotRun(
                f"its input has the shape {self._shape} with an open axis, expected flat rows (if "
                "Keras 3 loaded this model from an older file, pass the path of that file)"
            )
        self.require_flat("its input")
        if self._shape not in (None, (None,), (kernel.shape[0],)):
            self._wrong_shape(step, "kernel", kernel, f"({self._shape[0]}, {units})")
        if not self._drafts and (self._shape is None or None in self.input_shape):
            self.input_shape = (kernel.shape[0],)
        if self._scaling:
            scale, shift, _ = self._scaling
            bias = bias + shift @ kernel
            kernel = scale[:, np.newaxis] * kernel
            self._scaling = None
        self._drafts.append(_Draft(step.layer.name, kernel, bias))
        self._shape = (units,)

    def _check_kernel(self, step, kernel):
        units = step.value
        if kernel.ndim != 2 or 0 in kernel.shape:
            self._wrong_shape(step, "kernel", kernel, "(inputs, units)")
        if units is not None and kernel.shape[1] != units:
            self._wrong_shape(step, "kernel", kernel, f"({kernel.shape[0]}, {units})")

    def _add_scale(self, step, weights):
        epsilon, axis = step.value
        mean = weights["moving_mean"].astype(np.float64)
        for kind, values in weights.items():
            if values.ndim != 1 or values.shape != mean.shape:
                self._wrong_shape(step, kind, values, f"{mean.shape[:1]}")
        variance = weights["moving_variance"].astype(np.float64) + epsilon
        if (variance <= 0).any():
            raise InvalidValueError(
                f"{self._where}: layer {step.layer}: moving_variance has "
                f"{weights['moving_variance'].min()}, expected 0 or more"
            )
        scale = weights.get("gamma", np.float64(1)) / np.sqrt(variance)
        shift = weights.get("beta", np.float64(0)) - mean * scale
        scale, shift = self._spread(step, scale, axis), self._spread(step, shift, axis)
        if self._scaling:
            before, offset, layer = self._scaling
            self._scaling = (before * scale, offset * scale + shift, layer)
        elif self._drafts and self._drafts[-1].slope == 1:
            draft = self._drafts[-1]
            draft.kernel, draft.bias = draft.kernel * scale, draft.bias * scale + shift
        else:
            self._scaling = (scale, shift, step.layer)

    def _spread(self, step, values, axis):
        """The values of one axis, repeated for every element of a flat row."""
        if self._shape is None:
            self._shape = self.input_shape = values.shape
        if None in self._shape and len(self._shape) == 1:
            self._shape = self.input_shape = values.shape
        if None in self._shape:
            raise CannotRun(f"its input has the shape {self._shape}, expected known sizes")
        index = axis - 1 if axis > 0 else axis + len(self._shape)
        if not 0 <= index < len(self._shape):
            raise CannotRun(f"axis is {axis}, but a row has the shape {self._shape}")
        if self._shape[index] != values.size:
            self._wrong_shape(step, "moving_mean", values, f"({self._shape[index]},)")
        sizes = [1] * len(self._shape)
        sizes[index] = values.size
        return np.broadcast_to(values.reshape(sizes), self._shape).reshape(-1)

    def _add_slope(self, step, weights, slope=None):
        slope = step.value if slope is None else slope
        if slope == 1:
            return
        if self._scaling or not self._drafts:
            self._add_diagonal(self._scaling[2] if self._scaling else step.layer)
        draft = self._drafts[-1]
        # What an earlier negative slope has turned positive passes a second one unchanged.
        draft.slope = draft.slope if draft.slope < 0 else draft.slope * slope

    def _add_shared_slope(self, step, weights):
        alpha = weights["alpha"]
        if alpha.size == 0 or (alpha != alpha.flat[0]).any():
            raise CannotRun(
                f"alpha has {alpha.size} values between {alpha.min(initial=0)} and "
                f"{alpha.max(initial=0)}, but a layer of the engine has one slope: use "
                "shared_axes=[1]"
            )
        self._add_slope(step, weights, float(alpha.flat[0]))

    def _add_output(self, step, weights):
        self.require_flat("its input")
        if not self._drafts and not self._scaling:
            self._add_diagonal(step.layer)
        self.output_activation = step.value

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
        scale, shift, _ = self._scaling or (None, None, None)
        if scale is None:
            if self._shape is None or None in self._shape:
                raise CannotRun("it comes first, and the model does not state its input's shape")
            scale = np.ones(math.prod(self._shape))
            shift = np.zeros_like(scale)
        if scale.size > LARGEST_DIAGONAL:
            raise CannotRun(
                f"it needs a diagonal layer of {scale.size} units, at most {LARGEST_DIAGONAL} are "
                "supported"
            )
        self._drafts.append(_Draft(layer.name, np.diag(scale), shift))
        self._scaling = None

    def _wrong_shape(self, step, kind, values, expected):
        raise InvalidValueError(
            f"{self._where}: layer {step.layer}: {kind} has shape {values.shape}, expected "
            f"{expected}"
        )
