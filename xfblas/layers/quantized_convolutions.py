"""QKeras' layers of maps, and the older ones with binary and ternary weights.

A convolution is a product of gathered windows (:mod:`~xfblas.layers.gathered_windows`), so that its
integers are its model's as those of a dense layer are. Without quantizers it is Keras' own.
"""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from xfblas.layers.activation_rules import activation
from xfblas.layers.convolution_rules import convolving, is_first, rank_of, sizes_of
from xfblas.layers.dense import Dense
from xfblas.layers.gathered_windows import GatheredWindows, KernelLayout
from xfblas.layers.host_operation import HostOperation
from xfblas.layers.operation import NO_SUCH_LAYER, RULES, CannotRun, Operation, Place, reads
from xfblas.layers.quantized_layers import (
    OldDense,
    QuantizedDense,
    old_kind,
    quantized_weights,
    stated_quantizer,
    steps_of,
)
from xfblas.layers.quantizer_settings import Quantizer
from xfblas.layers.scaling import Scale
from xfblas.layers.settings import checked_whole, number
from xfblas.layers.windows import PADDINGS


def windows_of(layer, function: str) -> tuple[GatheredWindows, KernelLayout]:
    """The windows of a layer that convolves, and how its kernel becomes a matrix."""
    config, rank = layer.config, rank_of(layer)
    sizes = sizes_of(config, ("kernel_size",), rank)
    parameters = convolving(layer, PADDINGS if rank == 1 else PADDINGS[:2])
    parameters |= {"sizes": sizes, "channels_first": is_first(config)}
    if config.get("output_padding") is not None and function == "transposed_convolution":
        keys = ("output_padding",)
        parameters["output_padding"] = sizes_of(config, keys, rank, smallest=0)
    is_transposed = function == "transposed_convolution"
    gathered = GatheredWindows(
        layer,
        "gather_windows",
        parameters,
        refusal=NO_SUCH_LAYER,
        transposed=is_transposed,
    )
    is_grouped = function == "convolution"
    groups = checked_whole(config.get("groups", 1), "groups", 1) if is_grouped else 1
    return gathered, KernelLayout(function, tuple(sizes), groups)


def filters_of(config: dict) -> int | None:
    """How many outputs a configuration states."""
    filters = number(config.get("filters"), None)
    return None if filters is None else int(filters)


def channels_back(layer) -> list[Operation]:
    """What puts the channels of products first again, where the layer has them there."""
    if not is_first(layer.config):
        return []
    rank = rank_of(layer)
    axes = [rank + 1, *range(1, rank + 1)]
    return [HostOperation(layer, "permute", {"axes": axes}, refusal=NO_SUCH_LAYER)]


def _products(layer, function, filters=None, key="kernel_quantizer"):
    gathered, layout = windows_of(layer, function)
    weights, more = quantized_weights(layer, "kernel", key)
    own = {"weights": weights, "layout": layout, "refusal": NO_SUCH_LAYER, **more}
    found = QuantizedDense(layer, filters, **own)
    return [gathered, found, *channels_back(layer), *activation(layer)]


def _as_keras(layer):
    """What the layer is as Keras' own, where it quantizes no weights; else None."""
    keys = ("kernel_quantizer", "depthwise_quantizer", "pointwise_quantizer", "bias_quantizer")
    if layer.class_name.endswith("Batchnorm") or any(layer.config.get(key) for key in keys):
        return None
    return RULES[layer.class_name.removeprefix("Q")](layer)


@reads("QConv1D", "QConv2D", "QConv2DBatchnorm")
def _convolution(layer):
    filters = filters_of(layer.config)
    return _as_keras(layer) or _products(layer, "convolution", filters)


@reads("QDepthwiseConv2D", "QDepthwiseConv2DBatchnorm")
def _depthwise(layer):
    key = "depthwise_quantizer"
    return _as_keras(layer) or _products(layer, "depthwise_convolution", key=key)


@reads("QConv2DTranspose")
def _transposed(layer):
    # QKeras hands Keras no output padding, whatever it was given.
    layer = replace(layer, config={**layer.config, "output_padding": None})
    filters = filters_of(layer.config)
    return _as_keras(layer) or _products(layer, "transposed_convolution", filters)


@dataclass(frozen=True, eq=False)
class QuantizedSeparable(QuantizedDense):
    """A depthwise convolution and one of single pixels, as the one product that they are.

    Nothing is rounded between the two, so their integers multiply to integers of one kernel.

    Attributes:
        pointwise: quantizer of the second kernel, or None.
    """

    pointwise: Quantizer | None = field(default=None, kw_only=True)

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> Dense:
        """See :meth:`Operation.at`."""
        bare = replace(self, units=None, weights=self.weights[:1])
        first = QuantizedDense.at(bare, place, {self.kernel_kind: weights[self.kernel_kind]})
        bias = {"bias": weights["bias"]} if "bias" in weights else {}
        one = KernelLayout("convolution", (1,) * (weights["pointwise_kernel"].ndim - 2))
        quantizers = {k: self.quantizers[k] for k in ("bias",) if k in self.quantizers}
        quantizers |= {} if self.pointwise is None else {"kernel": self.pointwise}
        bare = QuantizedDense(
            self.layer,
            self.units,
            weights=("kernel", *bias),
            quantizers=quantizers,
            layout=one,
        )
        between = replace(place, shapes=(first.shape,))
        second = bare.at(between, {"kernel": weights["pointwise_kernel"], **bias})
        kernel = first.kernel.astype(np.float64) @ second.kernel.astype(np.float64)
        steps = None
        if first.steps is not None and second.steps is not None:
            # Powers of two aside, which a search finds, only one step of all channels is a factor.
            is_one = (first.steps == first.steps[0]).all()
            steps = steps_of(kernel, second.steps * (first.steps[0] if is_one else 1.0))
        settings = {"bias": second.bias, "steps": steps, "shape": second.shape}
        return replace(first, units=self.units, kernel=kernel.astype(np.float32), **settings)


@reads("QSeparableConv1D", "QSeparableConv2D")
def _separable(layer):
    if (found := _as_keras(layer)) is not None:
        return found
    gathered, layout = windows_of(layer, "depthwise_convolution")
    weights, more = quantized_weights(layer, "depthwise_kernel", "depthwise_quantizer")
    pointwise = stated_quantizer(layer, "pointwise_quantizer")
    products = QuantizedSeparable(
        layer,
        filters_of(layer.config),
        weights=(weights[0], "pointwise_kernel", *weights[1:]),
        layout=layout,
        pointwise=None if pointwise is None else pointwise.with_scale(),
        refusal=NO_SUCH_LAYER,
        **more,
    )
    return [gathered, products, *channels_back(layer), *activation(layer)]


@reads("BinaryConv2D", "TernaryConv2D")
def _old_convolution(layer):
    gathered, layout = windows_of(layer, "convolution")
    weights = ("kernel", "bias") if layer.config.get("use_bias", True) else ("kernel",)
    own = {"weights": weights, "layout": layout, "refusal": NO_SUCH_LAYER}
    found = OldDense(layer, filters_of(layer.config), kind=old_kind(layer), **own)
    return [gathered, found, *channels_back(layer), *activation(layer)]


@reads("QAveragePooling2D")
def _average_pooling(layer):
    """A mean, times its window's size, times the quantized reciprocal of that."""
    found = RULES["AveragePooling2D"](layer)
    quantizer = stated_quantizer(layer, "average_quantizer")
    if quantizer is not None:
        area = math.prod(found[0].parameters["size"])
        for factor in (area, _reciprocal(quantizer, area)):
            arrays = {"scale": np.float32(factor), "shift": np.float32(0)}
            found.append(Scale(layer, "constant", (), arrays, refusal=NO_SUCH_LAYER))
    return [*found, *activation(layer)]


@dataclass(frozen=True, eq=False)
class QuantizedMean(HostOperation):
    """A mean of a whole map, times its size, times the quantized reciprocal of that."""

    quantizer: Quantizer | None = None

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> HostOperation:
        """See :meth:`Operation.at`."""
        if None in place.shapes[0]:
            shape = place.shapes[0]
            raise CannotRun(f"its input has rows of shape {shape}, expected known sizes")
        area = math.prod(place.shapes[0][axis - 1] or 1 for axis in self.parameters["axes"])
        factors = [float(area), float(_reciprocal(self.quantizer, area))]
        parameters = {**self.parameters, "factors": factors}
        return HostOperation(self.layer, "scaled_mean", parameters).at(place, {})


def _reciprocal(quantizer, area):
    return np.float32(quantizer.of_weights(np.float32([1 / area]))[0][0])


@reads("QGlobalAveragePooling2D")
def _global_average(layer):
    (found,) = RULES["GlobalAveragePooling2D"](layer)
    quantizer = stated_quantizer(layer, "average_quantizer")
    if quantizer is not None:
        own = {"quantizer": quantizer, "refusal": NO_SUCH_LAYER}
        found = QuantizedMean(layer, "mean", found.parameters, **own)
    return [found, *activation(layer)]
