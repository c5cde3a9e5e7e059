"""HGQ's layers: dense ones, convolutions, pooling and normalization, with bits for each value."""

from dataclasses import dataclass, field, replace

import numpy as np

from xfblas.keras_files.quantizer_weights import OF_SIZE
from xfblas.layers.activation_rules import activation
from xfblas.layers.dense import Dense
from xfblas.layers.gathered_windows import KernelLayout
from xfblas.layers.hgq_quantizers import Part, of_rows, part_of
from xfblas.layers.operation import NO_SUCH_LAYER, RULES, Operation, Place, reads
from xfblas.layers.quantized_convolutions import channels_back, filters_of, windows_of
from xfblas.layers.quantized_layers import column_steps
from xfblas.layers.scaling import Scale, batch_normalization
from xfblas.layers.settings import number


@dataclass(frozen=True, eq=False)
class HgqDense(Dense):
    """A product with bits for each weight.

    Attributes:
        parts: quantizers by kind of weight.
        layout: of the kernel of a convolution, whose windows are the rows; None for a matrix.
        epsilon: where a batch normalization is folded into the weights, what it adds to the
            variance.
    """

    parts: dict[str, Part] = field(default_factory=dict, kw_only=True)
    epsilon: float | None = field(default=None, kw_only=True)
    layout: KernelLayout | None = field(default=None, kw_only=True)

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> Dense:
        """See :meth:`Operation.at`."""
        kernel, layout = weights["kernel"], self.layout
        if layout is not None:
            layout.require(self, place, kernel)
            weights = {**weights, "kernel": layout.matrix(kernel)}
        found = super().at(place, weights)
        bias = found.bias
        if self.epsilon is not None:
            bias = bias - weights["moving_mean"] @ kernel
            deviation = np.sqrt(weights["moving_variance"] + np.float32(self.epsilon))
            kernel = (weights.get("bn_gamma", np.float32(1)) / deviation)[:, np.newaxis] * kernel
        steps = None
        if "kernel" in self.parts:
            kernel = self.parts["kernel"].of_weights(kernel, weights)
            steps = column_steps(kernel, np.ones(()), layout)
        if "bias" in self.parts:
            bias = self.parts["bias"].of_weights(bias, weights)
        kernel = kernel if layout is None else layout.matrix(kernel)
        return replace(found, kernel=kernel, bias=bias, steps=steps)


@reads("hgq>QDense", "hgq>QBatchNormDense")
def _dense(layer) -> list[Operation]:
    units = number(layer.config.get("units"), None)
    has_norm = layer.class_name == "hgq>QBatchNormDense"
    weights, parts = _weights(layer, has_norm)
    epsilon = number(layer.config.get("epsilon"), 1e-3) if has_norm else None
    dense = HgqDense(
        layer,
        None if units is None else int(units),
        weights=weights,
        parts=parts,
        epsilon=epsilon,
    )
    return _between_quantizers(layer, [dense, *activation(layer)])


@reads("hgq>QConv1D", "hgq>QConv2D")
def _convolution(layer) -> list[Operation]:
    gathered, layout = windows_of(layer, "convolution")
    weights, parts = _weights(layer, False)
    own = {"weights": weights, "parts": parts, "layout": layout, "refusal": NO_SUCH_LAYER}
    products = HgqDense(layer, filters_of(layer.config), **own)
    found = [gathered, products, *channels_back(layer), *activation(layer)]
    return _between_quantizers(layer, found)


def _weights(layer, has_norm):
    """Kinds of weights of a layer with a kernel, in the order of its file, and its quantizers."""
    config = layer.config
    weights = ("kernel", "bias") if config.get("use_bias", True) else ("kernel",)
    parts = {kind: part_of(f"{kind[0]}q", config.get(f"{kind[0]}q_conf")) for kind in weights}
    parts = {kind: part for kind, part in parts.items() if part is not None}
    weights += ("bn_gamma",) if has_norm and config.get("scale", True) else ()
    weights += _of_size(layer)
    weights += ("moving_mean", "moving_variance") if has_norm else ()
    weights += tuple(kind for part in parts.values() for kind in part.weights)
    return weights, parts


def _of_size(layer):
    """Weights that measure a layer's size in training."""
    return OF_SIZE if layer.config.get("enable_ebops") else ()


@reads(
    "hgq>QMaxPooling1D",
    "hgq>QMaxPooling2D",
    "hgq>QAveragePooling1D",
    "hgq>QAveragePooling2D",
    "hgq>QGlobalAveragePooling1D",
    "hgq>QGlobalAveragePooling2D",
    "hgq>QGlobalMaxPooling1D",
    "hgq>QGlobalMaxPooling2D",
)
def _pooling(layer) -> list[Operation]:
    bare = replace(layer, class_name=layer.class_name.removeprefix("hgq>Q"))
    (found,) = RULES[bare.class_name](bare)
    return _between_quantizers(layer, [replace(found, layer=layer, weights=_of_size(layer))])


@dataclass(frozen=True, eq=False)
class HgqScale(Scale):
    """A batch normalization, whose factor and offset are quantized.

    Attributes:
        parts: quantizers of both, by kind.
    """

    parts: dict[str, Part] = field(default_factory=dict, kw_only=True)

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> Scale:
        """See :meth:`Operation.at`."""
        epsilon = np.float32(self.epsilon)
        factor = weights.get("bn_gamma", np.float32(1)) / np.sqrt(
            weights["moving_variance"] + epsilon
        )
        # Without an offset of its own HGQ takes 1.
        offset = weights.get("bn_beta", np.float32(1)) - weights["moving_mean"] * factor
        found = {"scale": factor, "shift": offset}
        for kind, part in self.parts.items():
            found[kind] = part.of_weights(found[kind], weights)
        bare = replace(self, kind="constant", arrays=found, weights=())
        return Scale.at(bare, place, {})


@reads("hgq>QBatchNormalization")
def _normalization(layer) -> list[Operation]:
    config = layer.config
    (scale,) = batch_normalization(layer)
    kinds = (("scale", "kq"), ("shift", "bq"))
    parts = {kind: part_of(name, config.get(f"{name}_conf")) for kind, name in kinds}
    parts = {kind: part for kind, part in parts.items() if part is not None}
    weights = ("bn_gamma",) if config.get("scale", True) else ()
    weights += ("bn_beta",) if config.get("center", True) else ()
    weights += ("moving_mean", "moving_variance", *_of_size(layer))
    weights += tuple(kind for part in parts.values() for kind in part.weights)
    own = {"weights": weights, "parts": parts, "refusal": NO_SUCH_LAYER}
    found = HgqScale(layer, "constant", scale.axes, {}, scale.epsilon, **own)
    return _between_quantizers(layer, [found])


def _between_quantizers(layer, operations):
    """Operations after the quantizer of a layer's inputs, and before that of its outputs."""
    first = of_rows(layer, "iq") if layer.config.get("enable_iq", True) else []
    last = of_rows(layer, "oq") if layer.config.get("enable_oq") else []
    return [*first, *operations, *last]
