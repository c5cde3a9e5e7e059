"""QKeras' layers, and the older ones with binary and ternary weights."""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from xfblas.keras_files.quantizer_weights import ITERATION, NORM
from xfblas.layers.activation_rules import activation
from xfblas.layers.dense import Dense
from xfblas.layers.gathered_windows import KernelLayout
from xfblas.layers.operation import CannotRun, Operation, Place, reads
from xfblas.layers.quantizer_settings import Quantizer, quantizer_of
from xfblas.layers.scaling import Scale, batch_normalization
from xfblas.layers.settings import gamma_beta, number

#: Weights of a grid are whole multiples of a step, to this part, which float32 leaves of them.
_NEAR = 2.0**-21
_MOST_FRACTION_BITS = 40
#: A whole multiple has at most so many bits, or it is none of any use.
_LARGEST_MULTIPLE = 2.0**15


@dataclass(frozen=True, eq=False)
class QuantizedDense(Dense):
    """A product whose weights are quantized when it is placed.

    Attributes:
        quantizers: by kind of weight, kernel and bias.
        layout: of the kernel of a convolution, whose windows are the rows; None for a matrix.
        kernel_kind: which of the weights the kernel is.
        epsilon: where a batch normalization is folded into the weights before they are quantized,
            what it adds to the variance.
    """

    quantizers: dict[str, Quantizer] = field(default_factory=dict, kw_only=True)
    layout: KernelLayout | None = field(default=None, kw_only=True)
    kernel_kind: str = field(default="kernel", kw_only=True)
    epsilon: float | None = field(default=None, kw_only=True)

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> Dense:
        """See :meth:`Operation.at`."""
        kernel, layout = weights[self.kernel_kind], self.layout
        if layout is not None:
            layout.require(self, place, kernel)
        bare = {"kernel": kernel if layout is None else layout.matrix(kernel)}
        given = {kind: values for kind, values in weights.items() if kind == "bias"}
        found = super().at(place, bare | given)
        bias, steps = found.bias, None
        if self.epsilon is not None:
            kernel, bias = _folded(kernel, bias, weights, self.epsilon, layout)
        if "kernel" in self.quantizers:
            kernel, scale = _quantized(self.quantizers["kernel"], kernel)
            steps = column_steps(kernel, scale, layout)
        if "bias" in self.quantizers and ("bias" in self.weights or self.epsilon is not None):
            bias, _ = _quantized(self.quantizers["bias"], bias)
        kernel = kernel if layout is None else layout.matrix(kernel)
        return replace(found, kernel=kernel, bias=bias, steps=steps)


def _folded(kernel, bias, weights, epsilon, layout):
    """Kernel and bias of a convolution with the batch normalization after it."""
    part = {kind.rpartition("/")[2]: values for kind, values in weights.items()}
    inverse = 1 / np.sqrt(part["moving_variance"] + np.float32(epsilon))
    inverse = inverse * part.get("gamma", np.float32(1))
    bias = inverse * (bias - part["moving_mean"]) + part.get("beta", np.float32(0))
    is_depthwise = layout is not None and layout.function == "depthwise_convolution"
    return kernel * (inverse.reshape(kernel.shape[-2:]) if is_depthwise else inverse), bias


def _quantized(quantizer, values):
    found, scale = quantizer.of_weights(values)
    if found.shape != values.shape or not np.isfinite(found).all():
        raise CannotRun(f"{quantizer.name} makes weights of shape {found.shape} that are unusable")
    return found.astype(np.float32), scale


def column_steps(
    kernel: np.ndarray, scale: np.ndarray, layout: KernelLayout | None
) -> np.ndarray | None:
    """:func:`steps_of` of a kernel as Keras has it, with the scale of its integers."""
    if layout is None:
        return steps_of(kernel, scale)
    scales = np.abs(layout.matrix(np.broadcast_to(scale, kernel.shape)))
    largest = scales.max(axis=0)
    # A scale for each input is a step where all are powers of two.
    is_one = ((scales == largest) | (scales == 0)).all()
    return steps_of(layout.matrix(kernel), largest if is_one else np.ones(()))


def steps_of(kernel: np.ndarray, scale: np.ndarray) -> np.ndarray | None:
    """The largest step of each column (n,) that its weights are whole multiples of, or None.

    Args:
        kernel: (k, n) of a grid.
        scale: of its integers, broadcasts to it: steps are this times a power of two.
    """
    scale = np.broadcast_to(np.asarray(scale, np.float64).reshape(-1), kernel.shape[1:])
    scale = np.where(scale > 0, scale, 1.0)
    rest = np.abs(kernel) / scale
    steps = np.where(rest.any(axis=0), 0.0, scale)
    for places in range(-_MOST_FRACTION_BITS, _MOST_FRACTION_BITS):
        multiples = rest * 2.0**places
        fits = (np.abs(multiples - np.rint(multiples)) <= multiples * _NEAR).all(axis=0)
        steps = np.where((steps == 0) & fits, scale * 2.0**-places, steps)
    is_found = (steps > 0) & (np.abs(kernel).max(axis=0) <= steps * _LARGEST_MULTIPLE)
    return steps if is_found.all() else None


@reads("QDense", "QDenseBatchnorm")
def _quantized_dense(layer):
    units = number(layer.config.get("units"), None)
    units = None if units is None else int(units)
    weights, more = quantized_weights(layer)
    return [QuantizedDense(layer, units, weights=weights, **more), *activation(layer)]


def quantized_weights(
    layer, kernel: str = "kernel", key: str = "kernel_quantizer"
) -> tuple[tuple[str, ...], dict]:
    """Kinds of weights of a layer with a kernel, and what its :class:`QuantizedDense` takes."""
    config = layer.config
    has_norm = layer.class_name.endswith("Batchnorm")
    weights = (kernel, "bias") if config.get("use_bias", True) else (kernel,)
    quantizers = {"kernel": stated_quantizer(layer, key)}
    if "bias" in weights or has_norm:
        quantizers["bias"] = stated_quantizer(layer, "bias_quantizer")
    found = {kind: quantizer for kind, quantizer in quantizers.items() if quantizer is not None}
    if "kernel" in found:
        found["kernel"] = found["kernel"].with_scale()
    more: dict = {"quantizers": found, "kernel_kind": kernel}
    if has_norm:
        if config.get("axis", -1) not in (-1, [-1], 3, [3]):
            raise CannotRun(f"axis is {config['axis']!r}, expected that of the channels")
        more["epsilon"] = number(config.get("epsilon"), 1e-3)
        norm = (*gamma_beta(config), "moving_mean", "moving_variance")
        weights = (*weights, *(f"{NORM}/{kind}" for kind in norm), ITERATION)
    return weights, more


def stated_quantizer(layer, key: str) -> Quantizer | None:
    """The quantizer that a configuration has by this key, or None where it has none."""
    given = layer.config.get(key)
    found = quantizer_of(given, layer)
    if found is None and given is not None:
        raise CannotRun(f"{key} {str(given)[:60]} can not be computed here")
    return found


@reads("QActivation")
def _quantized_activation(layer):
    return activation(layer)


@dataclass(frozen=True, eq=False)
class QuantizedScale(Scale):
    """A batch normalization whose weights are quantized when it is placed.

    Attributes:
        quantizers: by kind of weight.
    """

    quantizers: dict[str, Quantizer] = field(default_factory=dict, kw_only=True)

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> Scale:
        """See :meth:`Operation.at`."""
        given = {
            kind: self.quantizers[kind].of_weights(values)[0] if kind in self.quantizers else values
            for kind, values in weights.items()
        }
        return super().at(place, given)


@reads("QBatchNormalization")
def _quantized_normalization(layer):
    config = layer.config
    if config.get("inverse_quantizer") is not None:
        raise CannotRun("inverse_quantizer is given, expected None")
    (scale,) = batch_normalization(layer)
    keys = {"gamma": "gamma", "beta": "beta", "moving_mean": "mean", "moving_variance": "variance"}
    named = {kind: stated_quantizer(layer, f"{keys[kind]}_quantizer") for kind in keys}
    quantizers = {}
    for kind, quantizer in named.items():
        if quantizer is not None:
            is_scaled = kind in ("gamma", "moving_variance")
            quantizers[kind] = quantizer.with_scale() if is_scaled else quantizer
    settings = (scale.kind, scale.axes, scale.arrays, scale.epsilon)
    return [QuantizedScale(layer, *settings, weights=scale.weights, quantizers=quantizers)]


@reads("BinaryDense", "TernaryDense")
def _old_dense(layer) -> list[Operation]:
    """Weights of two or three values, of a size H that is stated or from the number of units."""
    (dense, *rest) = _quantized_dense(layer)
    return [OldDense(layer, dense.units, weights=dense.weights, kind=old_kind(layer)), *rest]


def old_kind(layer) -> str:
    """The quantizer of a layer with binary or ternary weights."""
    return "binary_tanh" if layer.class_name.startswith("Binary") else "ternary_tanh"


@dataclass(frozen=True, eq=False)
class OldDense(QuantizedDense):
    """A product with weights of -H, H and perhaps 0."""

    kind: str = ""

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> Dense:
        """See :meth:`Operation.at`."""
        height = self.layer.config.get("H", 1.0)
        if height == "Glorot":
            *window, inputs, outputs = weights["kernel"].shape
            height = math.sqrt(1.5 / (math.prod(window) * (inputs + outputs)))
        height = number(height, 1.0)
        if height <= 0:
            raise CannotRun(f"H is {height}, expected a number above 0 or 'Glorot'")
        quantizer = Quantizer(self.kind, {"scale": height})
        return QuantizedDense.at(replace(self, quantizers={"kernel": quantizer}), place, weights)
