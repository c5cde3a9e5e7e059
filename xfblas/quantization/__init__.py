"""From float layers to the integers and scales that the Fcn engine computes with."""

from xfblas.quantization.comparison import Comparison, compare, decibels
from xfblas.quantization.explicit import quantize_explicitly, without_scales
from xfblas.quantization.layer_summary import LayerSummary
from xfblas.quantization.layers import Arithmetic, QuantizedLayer, QuantizedNetwork
from xfblas.quantization.maps.quantized_maps import QuantizedMaps
from xfblas.quantization.quantize import quantize
from xfblas.quantization.simulation import LayerTrace, Trace

__all__ = [
    "Arithmetic",
    "Comparison",
    "LayerSummary",
    "LayerTrace",
    "QuantizedLayer",
    "QuantizedMaps",
    "QuantizedNetwork",
    "Trace",
    "compare",
    "decibels",
    "quantize",
    "quantize_explicitly",
    "without_scales",
]
