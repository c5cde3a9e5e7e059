"""Fixtures that every test may use."""

import hypothesis
import numpy as np
import pytest

import xfblas

# A failing example is printed with the seed that repeats it, and CI draws new ones each time.
hypothesis.settings.register_profile("xfblas", deadline=None, print_blob=True)
hypothesis.settings.load_profile("xfblas")

INTEGER_IMAGES = ("default_short", "seed_short")


@pytest.fixture
def generator(request):
    """Random numbers; the seed is printed where the test fails."""
    seed = int(np.random.SeedSequence().entropy % 2**32)
    print(f"numpy seed {seed}")
    return np.random.default_rng(seed)


@pytest.fixture(params=INTEGER_IMAGES)
def integer_image(request):
    """Path of each packaged int16 image in turn."""
    return xfblas.image_path(request.param)


@pytest.fixture
def fcn_unit(integer_image):
    """A compute unit of the Fcn engine on each int16 image."""
    with xfblas.open(integer_image) as device:
        yield device.compute_units[0]
