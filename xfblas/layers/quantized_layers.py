"""QKeras' layers, and the older ones with binary and ternary weights."""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from xfblas.layers.activation_rules import activation
from xfblas.layers.dense import Dense
from xfblas.layers.operation import CannotRun, Operation, Place, reads
from xfblas.layers.quantizer_settings import Quantizer, quantizer_of
from xfblas.layers.scaling import Scale, batch_normalization
from xfblas.layers.settings import number

#: Weights of a grid are whole multiples of a step, to this part, which float32 leaves of them.
_NEAR = 2.0**-21
_MOST_FRACTION_BITS = 40
#: A whole multiple has at most so many bits, or it is none of any use.
_LARGEST_MULTIPLE = 2.0**15


@dataclass(frozen=True, eq=False)
class QuantizedDense(Dense):
    """A dense layer whose weights are quantized when it is placed.

    Attributes:
        quantizers: by kind of weight.
    """

    quantizers: dict[str, Quantizer] = field(default_factory=dict, kw_only=True)

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> Dense:
        """See :meth:`Operation.at`."""
        found = super().at(place, weights)
        kernel, bias, steps = found.kernel, found.bias, None
        if "kernel" in self.quantizers:
            kernel, scale = _quantized(self.quantizers["kernel"], kernel, found.kernel.shape)
            steps = steps_of(kernel, scale)
        if "bias" in self.quantizers and "bias" in self.weights:
            bias, _ = _quantized(self.quantizers["bias"], bias, bias.shape)
        return replace(found, kernel=kernel, bias=bias, steps=steps)


def _quantized(quantizer, values, shape):
    found, scale = quantizer.of_weights(values)
    if found.shape != shape or not np.isfinite(found).all():
        raise CannotRun(f"{quantizer.name} makes weights of shape {found.shape} that are unusable")
    return found.astype(np.float32), scale


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


@reads("QDense")
def _quantized_dense(layer):
    config = layer.config
    units = number(config.get("units"), None)
    weights = ("kernel", "bias") if config.get("use_bias", True) else ("kernel",)
    found = {kind: quantizer_of(config.get(f"{kind}_quantizer"), layer) for kind in weights}
    _require_known(found, config)
    if found["kernel"] is not None:
        found["kernel"] = found["kernel"].with_scale()
    quantizers = {kind: quantizer for kind, quantizer in found.items() if quantizer is not None}
    units = None if units is None else int(units)
    dense = QuantizedDense(layer, units, weights=weights, quantizers=quantizers)
    return [dense, *activation(layer)]


def _require_known(quantizers, config):
    """Raises where a configuration names a quantizer that is none."""
    for kind, quantizer in quantizers.items():
        given = config.get(f"{kind}_quantizer")
        if quantizer is None and given is not None:
            raise CannotRun(f"{kind}_quantizer {str(given)[:60]} can not be computed here")


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
    named = {kind: quantizer_of(config.get(f"{keys[kind]}_quantizer"), layer) for kind in keys}
    _require_known({keys[kind]: quantizer for kind, quantizer in named.items()}, config)
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
    kind = "binary_tanh" if layer.class_name == "BinaryDense" else "ternary_tanh"
    return [OldDense(layer, dense.units, weights=dense.weights, kind=kind), *rest]


@dataclass(frozen=True, eq=False)
class OldDense(QuantizedDense):
    """A dense layer with weights of -H, H and perhaps 0."""

    kind: str = ""

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> Dense:
        """See :meth:`Operation.at`."""
        height = self.layer.config.get("H", 1.0)
        if height == "Glorot":
            height = math.sqrt(1.5 / sum(weights["kernel"].shape))
        height = number(height, 1.0)
        if height <= 0:
            raise CannotRun(f"H is {height}, expected a number above 0 or 'Glorot'")
        quantizer = Quantizer(self.kind, {"scale": height})
        return QuantizedDense.at(replace(self, quantizers={"kernel": quantizer}), place, weights)
