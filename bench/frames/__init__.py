"""Frames through the U-Net of street scenes: the cases, and who computes them."""

from bench.frames.street_unet import StreetUnet as StreetUnet

FRAMES = (1, 4)
QUICK_FRAMES = (1,)

#: Modules of this package that :class:`~bench.suppliers.Predictors` asks.
SUPPLIERS = ("xfblas_compiled", "onnx_runtime", "openvino_cpu", "keras_jax")
