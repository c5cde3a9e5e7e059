"""From float layers to the integers and scales that the Fcn engine computes with."""

from xfblas.quantization.comparison import Comparison, compare, decibels
from xfblas.quantization.explicit import quantize_explicitly
from xfblas.quantization.layers import Arithmetic, QuantizedLayer, QuantizedNetwork
from xfblas.quantization.quantize import quantize
from xfblas.quantization.simulation import LayerTrace, Trace
from xfblas.quantization.summary import LayerSummary
from xfblas.quantization.unscaled import without_scales

__all__ = [
    "Arithmetic",
    "Comparison",
    "LayerSummary",
    "LayerTrace",
    "QuantizedLayer",
    "QuantizedNetwork",
    "Trace",
    "compare",
    "decibels",
    "quantize",
    "quantize_explicitly",
    "without_scales",
]
