"""Layers whose windows slide over maps: convolutions, pooling, upsampling."""

from dataclasses import replace

from xfblas.layers.activation_rules import activation
from xfblas.layers.operation import IN_NO_CHAIN, CannotRun, reads
from xfblas.layers.settings import checked_whole
from xfblas.layers.window_operation import WindowOperation
from xfblas.layers.windows import PADDINGS


def rank_of(layer):
    """2 of ``Conv2DTranspose``."""
    return 2 if "2D" in layer.class_name else 1


def sizes_of(config, keys, rank, default=1, smallest=1):
    """A whole number for each axis, by the first of the keys that the configuration has."""
    value = next((config[key] for key in keys if config.get(key) is not None), default)
    values = list(value) if isinstance(value, (list, tuple)) else [value] * rank
    if len(values) != rank:
        raise CannotRun(f"{keys[0]} is {str(value)[:60]}, expected {rank} whole numbers")
    return [checked_whole(one, keys[0], smallest) for one in values]


def _padding(config, allowed=PADDINGS[:2]):
    padding = str(config.get("padding", config.get("border_mode", "valid"))).lower()
    if padding not in allowed:
        raise CannotRun(f"padding is {padding[:60]!r}, expected one of {', '.join(allowed)}")
    return padding


def is_first(config):
    """Whether the channels come before the other axes."""
    order = config.get("data_format", config.get("dim_ordering", "channels_last"))
    if order not in (None, "channels_last", "channels_first", "tf"):
        # Theano turned its kernels around.
        raise CannotRun(f"data_format is {str(order)[:60]!r}, expected channels_last or _first")
    return order == "channels_first"


def _windows(layer, function, parameters, weights=(), config=None):
    config = layer.config if config is None else config
    parameters |= {"channels_first": True} if is_first(config) else {}
    return WindowOperation(layer, function, parameters, weights=weights, refusal=IN_NO_CHAIN)


def convolving(layer, allowed=PADDINGS[:2]):
    """Strides, padding and dilation of a layer that convolves."""
    config, rank = layer.config, rank_of(layer)
    return {
        "strides": sizes_of(config, ("strides", "subsample", "subsample_length"), rank),
        "padding": _padding(config, allowed),
        "dilation": sizes_of(config, ("dilation_rate", "atrous_rate"), rank),
    }


def _weights(config, *kernels):
    return (*kernels, "bias") if config.get("use_bias", config.get("bias", True)) else kernels


@reads("Conv1D", "Conv2D", "Convolution1D", "Convolution2D", "Conv2DV2")
def _convolution(layer):
    is_causal = rank_of(layer) == 1
    parameters = convolving(layer, PADDINGS if is_causal else PADDINGS[:2])
    parameters["groups"] = checked_whole(layer.config.get("groups", 1), "groups", 1)
    weights = _weights(layer.config, "kernel")
    return [_windows(layer, "convolution", parameters, weights), *activation(layer)]


@reads("DepthwiseConv1D", "DepthwiseConv2D")
def _depthwise(layer):
    weights = _weights(layer.config, "kernel")
    parameters = convolving(layer)
    return [_windows(layer, "depthwise_convolution", parameters, weights), *activation(layer)]


@reads("Conv1DTranspose", "Conv2DTranspose", "Deconvolution2D")
def _transposed(layer):
    parameters = convolving(layer)
    config = layer.config
    if config.get("output_padding") is not None:
        keys = ("output_padding",)
        parameters["output_padding"] = sizes_of(config, keys, rank_of(layer), smallest=0)
    weights = _weights(config, "kernel")
    return [_windows(layer, "transposed_convolution", parameters, weights), *activation(layer)]


@reads("SeparableConv1D", "SeparableConv2D", "SeparableConvolution1D", "SeparableConvolution2D")
def _separable(layer):
    rank = rank_of(layer)
    parameters = convolving(layer, PADDINGS if rank == 1 else PADDINGS[:2])
    first = _windows(layer, "depthwise_convolution", parameters, ("depthwise_kernel",))
    plain = {"strides": [1] * rank, "padding": "valid", "dilation": [1] * rank, "groups": 1}
    weights = _weights(layer.config, "pointwise_kernel")
    second = _windows(layer, "convolution", plain, weights)
    return [replace(first, part="depthwise"), second, *activation(layer)]


@reads("MaxPooling1D", "MaxPooling2D", "AveragePooling1D", "AveragePooling2D")
def _pooling(layer):
    config, rank = layer.config, rank_of(layer)
    size = sizes_of(config, ("pool_size", "pool_length"), rank, 2)
    strides = config.get("strides", config.get("stride"))
    strides = size if strides is None else sizes_of({"strides": strides}, ("strides",), rank)
    function = "max_pool" if layer.class_name.startswith("Max") else "average_pool"
    parameters = {"size": size, "strides": strides, "padding": _padding(config)}
    return [_windows(layer, function, parameters)]


@reads("UpSampling1D", "UpSampling2D")
def _upsampling(layer):
    config = layer.config
    kind = config.get("interpolation", "nearest")
    if kind != "nearest":
        raise CannotRun(f"interpolation is {str(kind)[:60]!r}, expected nearest")
    factors = sizes_of(config, ("size", "length"), rank_of(layer), 2)
    return [_windows(layer, "upsample", {"factors": factors})]
