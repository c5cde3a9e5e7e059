"""OpenVINO: a model compiled for the number of rows."""

from functools import partial
from pathlib import Path

from bench.candidate import Missing
from bench.predict.mlp import Mlp

NAME = "OpenVINO"


def predictor(mlp: Mlp, threads: int, folder: Path, stack):
    """float32, and the int8 that ONNX Runtime's static quantization made."""
    try:
        import openvino

        from bench.predict.onnx_models import write_float, write_static

        paths = {"float32": write_float(mlp, folder), "int8": write_static(mlp, folder)}
    except ImportError:
        raise Missing(f"{NAME}: pip install openvino onnx onnxruntime") from None
    core = openvino.Core()
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        # Some processors would take bfloat16 for float32.
        "INFERENCE_PRECISION_HINT": "f32",
    }

    def compiled(path, rows):
        model = core.read_model(path)
        model.reshape(list(rows.shape))
        return core.compile_model(model, "CPU", settings)

    def call(model, rows):
        return model([rows], share_inputs=True, share_outputs=True)[0]

    return lambda rows: [
        mlp.candidate(f"{NAME} {name}", partial(call, compiled(path, rows), rows), rows)
        for name, path in paths.items()
    ]
