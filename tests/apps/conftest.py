"""The sample app's modules, which programs import from its own folder."""

import sys
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "apps" / "mlp_keras"
sys.path.insert(0, str(APP))


@pytest.fixture
def app():
    """The sample app's folder."""
    return APP
