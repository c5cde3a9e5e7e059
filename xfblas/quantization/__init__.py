"""From float layers to the integers and scales that the Fcn engine computes with."""

from xfblas.quantization.calibrated import quantize
from xfblas.quantization.explicit import quantize_explicitly
from xfblas.quantization.layers import Arithmetic, QuantizedLayer, QuantizedNetwork
from xfblas.quantization.unscaled import without_scales

__all__ = [
    "Arithmetic",
    "QuantizedLayer",
    "QuantizedNetwork",
    "quantize",
    "quantize_explicitly",
    "without_scales",
]
