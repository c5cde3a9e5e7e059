"""Layers for a float image, which computes with the model's own numbers."""

import numpy as np

from xfblas.errors import UnsupportedModelError
from xfblas.models import Network
from xfblas.quantization.layers import Arithmetic, QuantizedLayer, QuantizedNetwork
from xfblas.quantization.scales import prelu_fields


def without_scales(network: Network) -> QuantizedNetwork:
    """The layers of a network as float32 instructions.

    Raises:
        UnsupportedModelError: a layer has a leaky activation, which the float engine lacks.
    """
    leaky = [layer for layer in network.layers if layer.activation == "leaky_relu"]
    if leaky:
        raise UnsupportedModelError(
            "the float engine has only linear and ReLU layers; use an int16 image for "
            + ", ".join(f"{layer.name} (negative slope {layer.negative_slope})" for layer in leaky)
        )
    layers = tuple(
        QuantizedLayer(
            layer.name,
            layer.kernel.astype(np.float32),
            layer.bias.astype(np.float32),
            1,
            0,
            *prelu_fields(layer.activation, layer.negative_slope),
        )
        for layer in network.layers
    )
    return QuantizedNetwork(
        layers,
        Arithmetic(False, False, True),
        output_activation=network.output_activation,
        input_offset=network.center,
    )
