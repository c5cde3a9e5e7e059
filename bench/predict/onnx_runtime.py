"""ONNX Runtime: ``session.run``."""

from functools import partial
from pathlib import Path

from bench.candidate import Missing
from bench.predict.mlp import Mlp

NAME = "ONNX Runtime"


def predictor(mlp: Mlp, threads: int, folder: Path, stack):
    """float32, and int8 in both ways."""
    try:
        from bench.onnx_session import open_session
        from bench.predict.onnx_models import INPUT, write_dynamic, write_float, write_static

        writers = {
            "float32": write_float,
            "int8 dynamic": write_dynamic,
            "int8 static": write_static,
        }
        sessions = {
            name: open_session(str(write(mlp, folder)), threads) for name, write in writers.items()
        }
    except ImportError:
        raise Missing(f"{NAME}: pip install onnx onnxruntime") from None

    def call(session, rows):
        return session.run(None, {INPUT: rows})[0]

    return lambda rows: [
        mlp.candidate(f"{NAME} {name}", partial(call, session, rows), rows)
        for name, session in sessions.items()
    ]
