"""The published U-Net of ``apps/unet_street``, with weights as Keras draws them, and frames."""

from functools import cached_property, partial

import numpy as np

from apps.unet_street.unet import CHANNELS, HEIGHT, WIDTH, build_unet, multiplications
from bench.candidate import Candidate, Missing, WrongResult

CALIBRATION_FRAMES = 2
#: Frames are as smooth as photographs: so many random values along each side.
COARSE = 16
#: Of an untrained network, whose classes are near each other in many pixels.
LEAST_AGREEMENT = {"float32": 0.999, "int16": 0.99, "int8": 0.8}


class StreetUnet:
    """256 x 512 pixels of three channels in, logits of four classes out, float32.

    Args:
        width: what channels are multiplied by; 1 is the published network.
        size: height and width of a frame.

    Raises:
        Missing: Keras is not installed.
    """

    def __init__(self, width: float = 1.0, size: tuple[int, int] = (HEIGHT, WIDTH)):
        try:
            import keras
        except ImportError:
            raise Missing("frames of the U-Net: pip install keras jax") from None
        keras.utils.set_random_seed(0)
        self.width, self.size = width, size
        self._labels: dict[int, np.ndarray] = {}  # by the number of frames, whose seed is the same
        self.model = build_unet("upsampling", width, *size)

    @property
    def name(self) -> str:
        """Such as ``U-Net`` or ``U-Net 0.125``."""
        return "U-Net" if self.width == 1 else f"U-Net {self.width:g}"

    @property
    def macs(self) -> int:
        """Multiplications for one frame."""
        return multiplications(self.model)

    def frames(self, count: int, seed: int = 1) -> np.ndarray:
        """Inputs (count, height, width, 3), float32 from -1 to 1."""
        coarse = np.random.default_rng(seed).uniform(-1, 1, (count, COARSE, COARSE, CHANNELS))
        height, width = self.size
        fine = np.repeat(np.repeat(coarse, height // COARSE, 1), width // COARSE, 2)
        noise = np.random.default_rng(seed + 1).normal(0, 0.05, fine.shape)
        return np.clip(fine + noise, -1, 1).astype(np.float32)

    @cached_property
    def calibration(self) -> np.ndarray:
        """Frames that scales are derived from, for everyone the same."""
        return self.frames(CALIBRATION_FRAMES, seed=5)

    def labels(self, frames: np.ndarray) -> np.ndarray:
        """The classes by Keras, float32, which others are compared with."""
        known = self._labels
        if len(frames) not in known:
            found = self.model.predict(frames, batch_size=1, verbose=0)
            known[len(frames)] = found.argmax(axis=-1)
        return known[len(frames)]

    def candidate(self, name: str, call, frames: np.ndarray, axis: int = -1) -> Candidate:
        """A candidate whose call returns logits with the classes along ``axis``.

        Args:
            name: of the candidate, with its type of elements in it.
            call: predicts the frames.
            frames: float32.
            axis: of the classes.
        """
        return Candidate(name, call, partial(self._check, name, call, frames, axis))

    def _check(self, name, call, frames, axis) -> dict:
        found, expected = np.asarray(call()).argmax(axis=axis), self.labels(frames)
        if found.shape != expected.shape:
            raise WrongResult(f"{name}: masks are {found.shape}, not {expected.shape}")
        agreement = float((found == expected).mean())
        least = next((share for kind, share in LEAST_AGREEMENT.items() if kind in name), 0.999)
        if agreement < least:
            raise WrongResult(f"{name}: only {agreement:.1%} of the pixels are as in float32")
        return {"agreement": agreement}
