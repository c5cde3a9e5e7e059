"""OpenVINO's models, all with the same settings."""

from pathlib import Path

import openvino


def compiled(path: Path, shape, threads: int):
    """An ONNX file for inputs of this shape and so many threads."""
    core = openvino.Core()
    model = core.read_model(path)
    model.reshape(list(shape))
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        # Some processors would take bfloat16 for float32.
        "INFERENCE_PRECISION_HINT": "f32",
    }
    return core.compile_model(model, "CPU", settings)


def call(model, values):
    """The model's first output, in its own memory."""
    return model([values], share_inputs=True, share_outputs=True)[0]
