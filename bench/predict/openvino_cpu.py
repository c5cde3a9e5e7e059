"""OpenVINO: a model compiled for the number of rows."""

from functools import partial
from pathlib import Path

from bench.candidate import Missing
from bench.predict.mlp import Mlp

NAME = "OpenVINO"


def predictor(mlp: Mlp, threads: int, folder: Path, stack):
    """float32, and the int8 that ONNX Runtime's static quantization made."""
    try:
        from bench.openvino_models import call, compiled
        from bench.predict.onnx_models import write_float, write_static

        paths = {"float32": write_float(mlp, folder), "int8": write_static(mlp, folder)}
    except ImportError:
        raise Missing(f"{NAME}: pip install openvino onnx onnxruntime") from None
    return lambda rows: [
        mlp.candidate(
            f"{NAME} {name}", partial(call, compiled(path, rows.shape, threads), rows), rows
        )
        for name, path in paths.items()
    ]
