"""Devices opened by the L3 functions, closed after each test whatever happens in it."""

from types import SimpleNamespace

import pytest
import xfblas_L3 as l3

import xfblas
from xfblas.errors import NotInitializedError


@pytest.fixture(autouse=True)
def closed_devices():
    yield
    for index in range(4):
        try:
            l3.destroy(1, index)
        except NotInitializedError:
            continue


@pytest.fixture(params=["default_short", "seed_short"])
def arguments(request):
    """What programs parse from their command line, for each int16 image."""
    path = xfblas.image_path(request.param)
    return SimpleNamespace(xclbin=str(path), cfg=str(path.with_suffix(".dat")), lib=None)


@pytest.fixture
def options(arguments):
    return l3.parse_cfg(arguments.cfg)
