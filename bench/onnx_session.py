"""ONNX Runtime's sessions, all with the same settings."""

import onnxruntime


def open_session(model: bytes | str, threads: int) -> onnxruntime.InferenceSession:
    """A session on the CPU with so many threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
