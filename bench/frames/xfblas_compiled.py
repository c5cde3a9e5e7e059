"""Ours: ``xfblas.compile(model, calibration).predict(frames)``."""

from functools import partial
from pathlib import Path

import xfblas
from bench.frames.street_unet import StreetUnet

#: Options of :func:`xfblas.compile` by the candidate's name.
OPTIONS = {"xfblas int8": {"bits": 8}, "xfblas int16": {}}


def predictor(unet: StreetUnet, threads: int, folder: Path, stack):
    """The default calls of int8 and int16."""
    models = {
        name: stack.enter_context(_compiled(unet, name, folder, options))
        for name, options in OPTIONS.items()
    }
    return lambda frames: [
        unet.candidate(name, partial(model.predict, frames, verbose=0), frames)
        for name, model in models.items()
    ]


def _compiled(unet, name, folder, options):
    """The model; read from the folder where an earlier worker has quantized it."""
    path = folder / f"{unet.name}-{name}.xfblas".replace(" ", "-")
    if path.is_file():
        return xfblas.load(path)
    model = xfblas.compile(unet.model, unet.calibration, **options)
    model.save(path, rows=0)
    return model
