"""A network as the Fcn engine computes it: fully connected layers, each with its activation."""

import math
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from xfblas.arrays import as_rows, seen
from xfblas.checks import require_entries, require_instance, shown
from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.layers.activations import ENGINE_SLOPES, FIXED_SLOPES, HOST_FUNCTIONS, activate
from xfblas.layers.curves import CURVES, curve, is_curve


@dataclass(frozen=True, eq=False)
class Layer:
    """One fully connected layer, which one Fcn instruction computes.

    Attributes:
        name: the Keras layer's that the kernel belongs to.
        kernel: (k, n) float32, C-contiguous; float64 in a :class:`FoldedLayer`.
        bias: (n,) of the same type, zeros where the Keras layer has none.
        activation: 'linear', 'relu' or 'leaky_relu'; between layers also one of
            :data:`~xfblas.layers.curves.CURVES`, which integer engines compute by a table.
        negative_slope: factor of negative sums: 1 for linear and for tables, 0 for relu.
        output: what traces and reports call its values: the name of the last Keras layer that it
            computes, or of a part of it (see :mod:`xfblas.layers.placement`); by default its name.
        folded: names of the other Keras layers that it computes.
        parameters: settings of an activation by table, such as ``{"max_value": 4.0}`` of a relu.
        steps: (n,) float64, of which each column of the kernel has whole multiples, where its
            weights were quantized by their model; None where that is not known.

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
    parameters: dict[str, Any] = field(default_factory=dict)
    steps: np.ndarray | None = None

    #: Of the kernel and the bias.
    dtype: ClassVar[np.dtype[Any]] = np.dtype(np.float32)

    def __post_init__(self) -> None:
        require_instance("name", self.name, str)
        require_instance("output", self.output, str)
        require_entries("folded", self.folded, str)
        kernel, bias = (
            np.ascontiguousarray(seen(f"layer {self.name}: {part}", value, self.dtype))
            for part, value in (("kernel", self.kernel), ("bias", self.bias))
        )
        if kernel.ndim != 2 or kernel.size == 0:
            raise InvalidValueError(
                f"layer {self.name}: kernel has shape {kernel.shape}, expected (inputs, outputs)"
            )
        if bias.shape != kernel.shape[1:]:
            raise InvalidValueError(
                f"layer {self.name}: bias has shape {bias.shape}, expected {kernel.shape[1:]}"
            )
        if not isinstance(self.activation, str) or self.activation not in (*ENGINE_SLOPES, *CURVES):
            raise InvalidValueError(
                f"layer {self.name}: activation is {shown(self.activation)}, expected 'linear', "
                f"'relu', 'leaky_relu', {', '.join(map(repr, CURVES))}"
            )
        require_instance("parameters", self.parameters, dict)
        if self.parameters and not is_curve(self.activation, self.parameters):
            raise InvalidValueError(
                f"layer {self.name}: parameters is {shown(self.parameters)}, expected none for "
                f"{self.activation}"
            )
        require_instance("negative_slope", self.negative_slope, int, float, np.number)
        expected = 1 if self.has_table else FIXED_SLOPES.get(self.activation, self.negative_slope)
        if self.negative_slope != expected or not math.isfinite(expected):
            raise InvalidValueError(
                f"layer {self.name}: negative_slope is {self.negative_slope}, which is not that "
                f"of {self.activation}"
            )
        object.__setattr__(self, "kernel", kernel)
        object.__setattr__(self, "bias", bias)
        object.__setattr__(self, "output", self.output or self.name)

    @property
    def has_table(self) -> bool:
        """Whether the engine computes its activation by a table."""
        return self.activation in CURVES or bool(self.parameters)

    def activate(self, sums: np.ndarray) -> np.ndarray:
        """The layer's activation of its sums, (m, n) of their type."""
        if self.activation == "linear":
            return sums
        if self.has_table:
            return curve(self.activation, self.parameters, sums)
        if self.activation == "relu":
            return np.maximum(sums, np.float32(0))
        return np.where(sums < 0, sums * np.float32(self.negative_slope), sums)

    def __repr__(self) -> str:
        inputs, outputs = self.kernel.shape
        return f"<Layer {self.name}: {inputs}x{outputs}, {self.activation}>"


class FoldedLayer(Layer):
    """A linear layer with what followed it, such as a batch normalization: in float64.

    Rounded to float32, numbers that take a large mean away from large sums would leave an error of
    that mean's size.
    """

    dtype: ClassVar[np.dtype[Any]] = np.dtype(np.float64)


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
        center: (k,) float64, what is subtracted from every row, in double, before the first layer:
            means of a Normalization and the like. None for zeros.

    Raises:
        InvalidValueError: the layers' shapes do not fit each other or the input.
    """

    name: str
    layers: tuple[Layer, ...]
    output_activation: str
    input_shape: tuple[int, ...]
    output: str = "output"
    center: np.ndarray | None = None

    def __post_init__(self) -> None:
        require_instance("name", self.name, str)
        require_instance("output", self.output, str)
        object.__setattr__(self, "layers", require_entries("layers", self.layers, Layer))
        shape = require_entries("input_shape", self.input_shape, int, np.integer)
        object.__setattr__(self, "input_shape", shape)
        if not self.layers:
            raise InvalidValueError(f"network {self.name} has no layers, expected 1 or more")
        for before, layer in zip(self.layers, self.layers[1:], strict=False):
            if before.kernel.shape[1] != layer.kernel.shape[0]:
                raise InvalidValueError(
                    f"layer {layer.name}: kernel has shape {layer.kernel.shape}, but layer "
                    f"{before.name} before it puts out {before.kernel.shape[1]} values"
                )
        if self.layers[-1].has_table:
            raise InvalidValueError(
                f"layer {self.layers[-1].name}: activation is {self.layers[-1].activation!r} of "
                "the last layer, expected 'linear' and that as output_activation"
            )
        if math.prod(self.input_shape) != self.input_units:
            raise InvalidValueError(
                f"layer {self.layers[0].name}: kernel has shape {self.layers[0].kernel.shape}, "
                f"but the input has shape {shown(self.input_shape)}"
            )
        activation = self.output_activation
        if not isinstance(activation, str) or activation not in HOST_FUNCTIONS:
            raise InvalidValueError(
                f"output_activation is {shown(activation)}, expected one of "
                f"{', '.join(sorted(HOST_FUNCTIONS))}"
            )
        object.__setattr__(self, "center", self._checked_center())

    def _checked_center(self) -> Any:
        if self.center is None:
            return None
        center = np.ascontiguousarray(seen("center", self.center, np.float64))
        if center.shape != (self.input_units,) or not np.isfinite(center).all():
            raise InvalidValueError(
                f"center of network {self.name} has shape {center.shape}, expected "
                f"{self.input_units} finite values"
            )
        return center if center.any() else None

    @property
    def input_units(self) -> int:
        """Values in a row of the input."""
        return self.layers[0].kernel.shape[0]

    @property
    def output_units(self) -> int:
        """Values in a row of the output."""
        return self.layers[-1].kernel.shape[1]

    def forward(self, x: Any) -> np.ndarray:
        """The model's output, float32 (m, n), as Keras' ``predict`` gives it.

        Args:
            x: (m, k) numbers, or (m, *input_shape); 0 rows are allowed.

        Raises:
            InvalidValueError: not numbers, not finite, or of another width.
        """
        return activate(self.output_activation, self.logits(x))

    def logits(self, x: Any) -> np.ndarray:
        """The last layer's output, float32 (m, n), before what the host computes."""
        return self.layer_outputs(x)[-1]

    def layer_outputs(self, x: Any) -> list[np.ndarray]:
        """Each layer's activated output, float32 (m, n)."""
        return self.outputs_of(as_rows("x", x, self.input_units, np.float32))

    def outputs_of(self, rows: np.ndarray) -> list[np.ndarray]:
        """:meth:`layer_outputs` of what the host computed: float64 rows keep what they hold.

        Args:
            rows: (m, k) float32 or float64.
        """
        rows = self.centered(as_rows("x", rows, self.input_units))
        outputs = []
        for layer in self.layers:
            rows = layer.activate(rows @ layer.kernel + layer.bias)
            outputs.append(rows.astype(np.float32, copy=False))
        return outputs

    def sums_of(self, rows: np.ndarray) -> list[np.ndarray]:
        """What each layer has before its activation, float32 (m, n).

        Args:
            rows: as for :meth:`outputs_of`.
        """
        given = [self.centered(as_rows("x", rows, self.input_units)), *self.outputs_of(rows)]
        pairs = zip(given, self.layers, strict=False)
        return [(x @ layer.kernel + layer.bias).astype(np.float32) for x, layer in pairs]

    def centered(self, rows: np.ndarray) -> np.ndarray:
        """Float rows (m, k) less the center, float32 (m, k): what the first layer multiplies."""
        return subtracted(as_rows("rows", rows, self.input_units), self.center)

    def require_no_tables(self, wanted: str) -> None:
        """Raises an UnsupportedModelError where a layer's activation is a table.

        Args:
            wanted: what cannot compute it, for the message.
        """
        found = [f"{layer.name} ({layer.activation})" for layer in self.layers if layer.has_table]
        if found:
            raise UnsupportedModelError(f"{wanted} has no tables for {', '.join(found)}")

    def without_center(self) -> "Network":
        """The same with its center folded into the first layer's bias, to float32."""
        if self.center is None:
            return self
        first = self.layers[0]
        bias = first.bias - self.center @ first.kernel.astype(np.float64)
        layers = (replace(first, bias=bias), *self.layers[1:])
        return replace(self, layers=layers, center=None)

    def __repr__(self) -> str:
        widths = "-".join(str(layer.kernel.shape[1]) for layer in self.layers)
        return f"<Network {self.name}: {self.input_units}-{widths}, {self.output_activation}>"


def subtracted(rows: np.ndarray, center: np.ndarray | None) -> np.ndarray:
    """Float rows (m, k) less (k,) float64, computed as in double, rounded to float32 at the end."""
    if center is None:
        return rows.astype(np.float32, copy=False)
    single = center.astype(np.float32)
    if rows.dtype == np.float32 and (single == center).all():
        # Rounded once, to what double would give.
        return rows - single
    with np.errstate(over="ignore"):
        return (rows - center).astype(np.float32)
