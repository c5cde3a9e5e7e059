"""Predictions of small networks: the cases, and who computes them."""

from bench.predict.mlp import Mlp

MODELS = ((784, 512, 512, 10), (128, 100, 25, 3), (784, 64, 10), (1000, 512, 46))
ROWS = (1, 32, 1024, 10_000)
QUICK_MODELS = ((784, 512, 512, 10), (128, 100, 25, 3))
QUICK_ROWS = (1, 32, 1024)

#: Modules of this package that :class:`~bench.suppliers.Predictors` asks.
SUPPLIERS = (
    "xfblas_compiled",
    "numpy_blas",
    "onnx_runtime",
    "openvino_cpu",
    "torch_cpu",
    "keras_jax",
    "hls4ml_csim",
)


def models(quick: bool) -> list[Mlp]:
    """The networks."""
    return [Mlp(sizes) for sizes in (QUICK_MODELS if quick else MODELS)]
