"""Keras with the jax backend: ``model.predict`` in batches of one frame."""

from functools import partial
from pathlib import Path

from bench.frames.street_unet import StreetUnet


def predictor(unet: StreetUnet, threads: int, folder: Path, stack):
    """As it comes."""
    return lambda frames: [
        unet.candidate(
            "Keras predict",
            partial(unet.model.predict, frames, batch_size=1, verbose=0),
            frames,
        )
    ]
