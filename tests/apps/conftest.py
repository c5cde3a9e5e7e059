"""The sample apps' modules, which programs import from their own folders."""

import sys
from pathlib import Path

import pytest

APPS = Path(__file__).parents[2] / "apps"
APP, STREET = APPS / "mlp_keras", APPS / "unet_street"
sys.path[:0] = [str(APP), str(STREET)]
sys.path.append(str(APPS / "mlp_stream"))


@pytest.fixture
def app():
    """The sample app's folder."""
    return APP


@pytest.fixture
def street():
    """The folder of the app with the U-Net."""
    return STREET
