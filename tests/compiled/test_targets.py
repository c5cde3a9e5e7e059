"""The sample app's job gives the same bytes wherever it runs."""

from pathlib import Path

import numpy as np
import pytest

import xfblas

MODELS = Path(__file__).resolve().parents[2] / "apps/mlp_keras/models"


@pytest.mark.parametrize("image", ["default_short", "seed_short"])
def test_the_main_job_gives_the_bytes_of_native(generator, image):
    network = xfblas.read_network(MODELS / "digits/best_model.h5")
    rows = generator.integers(0, 17, (300, 64)).astype(np.float32)
    results = []
    for target in (None, "native"):
        with xfblas.open(xfblas.image_path(image), target=target) as device:
            for where in (device.compute_units[-1], device):
                runtime = xfblas.KerasRT(network, calibration=rows, compute_unit=where)
                results.append(runtime.predict(rows).tobytes())
    assert len(set(results)) == 1
