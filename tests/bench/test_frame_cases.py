"""The candidates of the U-Net compute the same masks."""

from contextlib import ExitStack

import numpy as np
import pytest

from bench import frames
from bench.candidate import WrongResult
from bench.suppliers import Predictors

pytestmark = pytest.mark.exhaustive  # Keras and jax are slow to start


@pytest.fixture(scope="module")
def unet(keras):  # which chooses its backend
    return frames.StreetUnet(1 / 16, (16, 32))


def test_everyone_passes_the_checks(unet, tmp_path):
    with ExitStack() as stack:
        predictors = Predictors("bench.frames", unet, 1, tmp_path, stack)
        assert not [name for name in predictors.missing if name != "openvino_cpu"]
        candidates = predictors.candidates(unet.frames(2))
        for candidate in candidates:
            candidate.call()
            assert candidate.check()["agreement"] > 0.9
    names = {candidate.name for candidate in candidates}
    assert {"xfblas int8", "xfblas int16", "ONNX Runtime float32", "ONNX Runtime int8"} <= names


def test_wrong_masks_are_found(unet):
    images = unet.frames(1)
    logits = unet.model.predict(images, verbose=0)
    assert unet.candidate("some float32", lambda: logits, images).check() == {"agreement": 1.0}
    other = np.roll(logits, 1, axis=-1)
    with pytest.raises(WrongResult, match="of the pixels are as in float32"):
        unet.candidate("some int8", lambda: other, images).check()
    with pytest.raises(WrongResult, match="masks are"):
        unet.candidate("some int8", lambda: logits[:, 1:], images).check()
