"""OpenVINO: a model compiled for the number of frames."""

from functools import partial
from pathlib import Path

from bench.candidate import Missing
from bench.frames.street_unet import StreetUnet

NAME = "OpenVINO"


def predictor(unet: StreetUnet, threads: int, folder: Path, stack):
    """float32, and the int8 that ONNX Runtime's static quantization made."""
    try:
        from bench.frames.onnx_models import planar, write_float, write_static
        from bench.openvino_models import call, compiled

        paths = {"float32": write_float(unet, folder), "int8": write_static(unet, folder)}
    except ImportError:
        raise Missing(f"{NAME}: pip install openvino onnx onnxruntime") from None

    def candidates(frames):
        held = planar(frames)
        return [
            unet.candidate(
                f"{NAME} {name}",
                partial(call, compiled(path, held.shape, threads), held),
                frames,
                axis=1,
            )
            for name, path in paths.items()
        ]

    return candidates
