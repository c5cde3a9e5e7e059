"""A network as the Fcn engine computes it: fully connected layers, each with its activation."""

import math
from dataclasses import dataclass

import numpy as np

from xfblas.arrays import as_rows
from xfblas.errors import InvalidValueError
from xfblas.models.activations import HOST_FUNCTIONS, activate

_FIXED_SLOPES = {"linear": 1.0, "relu": 0.0}


@dataclass(frozen=True, eq=False)
class Layer:
    """One fully connected layer, which one Fcn instruction computes.

    Attributes:
        name: the Keras layer's that the kernel belongs to.
        kernel: (k, n) float32, C-contiguous.
        bias: (n,) float32, zeros where the Keras layer has none.
        activation: 'linear', 'relu' or 'leaky_relu'.
        negative_slope: factor of negative sums: 1 for linear, 0 for relu.
        output: what traces and reports call its values: the name of the last Keras layer that it
            computes, or of a part of it (see :mod:`xfblas.models.placement`); by default its name.
        folded: names of the other Keras layers that it computes.

    Raises:
        InvalidValueError: shapes do not fit, or the slope is not that of the activation.
    """

    name: str
    kernel: np.ndarray
    bias: np.ndarray
    activation: str
    negative_slope: float
    output: str = ""
    folded: tuple[str, ...] = ()

    def __post_init__(self):
        kernel = np.ascontiguousarray(self.kernel, np.float32)
        bias = np.ascontiguousarray(self.bias, np.float32)
        if kernel.ndim != 2 or kernel.size == 0:
            raise InvalidValueError(
                f"layer {self.name}: kernel has shape {kernel.shape}, expected (inputs, outputs)"
            )
        if bias.shape != kernel.shape[1:]:
            raise InvalidValueError(
                f"layer {self.name}: bias has shape {bias.shape}, expected {kernel.shape[1:]}"
            )
        if self.activation not in (*_FIXED_SLOPES, "leaky_relu"):
            raise InvalidValueError(
                f"layer {self.name}: activation is {self.activation!r}, expected 'linear', "
                "'relu' or 'leaky_relu'"
            )
        expected = _FIXED_SLOPES.get(self.activation, self.negative_slope)
        if self.negative_slope != expected or not math.isfinite(expected):
            raise InvalidValueError(
                f"layer {self.name}: negative_slope is {self.negative_slope}, which is not that "
                f"of {self.activation}"
            )
        object.__setattr__(self, "kernel", kernel)
        object.__setattr__(self, "bias", bias)
        object.__setattr__(self, "output", self.output or self.name)

    def activate(self, sums: np.ndarray) -> np.ndarray:
        """The layer's activation of its sums, float32 (m, n)."""
        if self.activation == "linear":
            return sums
        if self.activation == "relu":
            return np.maximum(sums, np.float32(0))
        return np.where(sums < 0, sums * np.float32(self.negative_slope), sums)


@dataclass(frozen=True, eq=False)
class Network:
    """A chain of layers, and what the host computes last.

    Attributes:
        name: the model's.
        layers: in the order of computation.
        output_activation: what the host applies to the last layer's output: 'linear', 'softmax',
            'sigmoid' or another name that :func:`activate` knows.
        input_shape: of one row, without the batch.
        output: what traces and reports call its output.

    Raises:
        InvalidValueError: the layers' shapes do not fit each other or the input.
    """

    name: str
    layers: tuple[Layer, ...]
    output_activation: str
    input_shape: tuple[int, ...]
    output: str = "output"

    def __post_init__(self):
        object.__setattr__(self, "layers", tuple(self.layers))
        object.__setattr__(self, "input_shape", tuple(self.input_shape))
        if not self.layers:
            raise InvalidValueError(f"network {self.name} has no layers, expected 1 or more")
        for before, layer in zip(self.layers, self.layers[1:], strict=False):
            if before.kernel.shape[1] != layer.kernel.shape[0]:
                raise InvalidValueError(
                    f"layer {layer.name}: kernel has shape {layer.kernel.shape}, but layer "
                    f"{before.name} before it puts out {before.kernel.shape[1]} values"
                )
        if math.prod(self.input_shape) != self.input_units:
            raise InvalidValueError(
                f"layer {self.layers[0].name}: kernel has shape {self.layers[0].kernel.shape}, "
                f"but the input has shape {self.input_shape}"
            )
        if self.output_activation not in HOST_FUNCTIONS:
            raise InvalidValueError(
                f"output_activation is {self.output_activation!r}, expected one of "
                f"{', '.join(sorted(HOST_FUNCTIONS))}"
            )

    @property
    def input_units(self) -> int:
        """Values in a row of the input."""
        return self.layers[0].kernel.shape[0]

    @property
    def output_units(self) -> int:
        """Values in a row of the output."""
        return self.layers[-1].kernel.shape[1]

    def forward(self, x) -> np.ndarray:
        """The model's output, float32 (m, n), as Keras' ``predict`` gives it.

        Args:
            x: (m, k) numbers, or (m, *input_shape); 0 rows are allowed.

        Raises:
            InvalidValueError: not numbers, not finite, or of another width.
        """
        return activate(self.output_activation, self.logits(x))

    def logits(self, x) -> np.ndarray:
        """The last layer's output, float32 (m, n), before what the host computes."""
        return self.layer_outputs(x)[-1]

    def layer_outputs(self, x) -> list[np.ndarray]:
        """Each layer's activated output, float32 (m, n)."""
        rows = as_rows("x", x, self.input_units, np.float32)
        outputs = []
        for layer in self.layers:
            rows = layer.activate(rows @ layer.kernel + layer.bias)
            outputs.append(rows)
        return outputs

    def __repr__(self):
        widths = "-".join(str(layer.kernel.shape[1]) for layer in self.layers)
        return f"<Network {self.name}: {self.input_units}-{widths}, {self.output_activation}>"
