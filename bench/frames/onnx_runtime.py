"""ONNX Runtime: ``session.run``."""

from functools import partial
from pathlib import Path

from bench.candidate import Missing
from bench.frames.street_unet import StreetUnet

NAME = "ONNX Runtime"


def predictor(unet: StreetUnet, threads: int, folder: Path, stack):
    """float32, and int8 with a scale for each channel."""
    try:
        from bench.frames.onnx_models import INPUT, planar, write_float, write_static
        from bench.onnx_session import open_session

        writers = {"float32": write_float, "int8": write_static}
        sessions = {
            name: open_session(str(write(unet, folder)), threads) for name, write in writers.items()
        }
    except ImportError:
        raise Missing(f"{NAME}: pip install onnx onnxruntime") from None

    def call(session, frames):
        return session.run(None, {INPUT: frames})[0]

    def candidates(frames):
        held = planar(frames)
        return [
            unet.candidate(f"{NAME} {name}", partial(call, session, held), frames, axis=1)
            for name, session in sessions.items()
        ]

    return candidates
