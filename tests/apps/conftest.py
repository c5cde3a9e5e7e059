"""The sample apps' modules, which programs import from their own folders."""

import sys
from pathlib import Path

import pytest

APP = Path(__file__).parents[2] / "apps" / "mlp_keras"
sys.path.insert(0, str(APP))
sys.path.append(str(APP.parent / "mlp_stream"))


@pytest.fixture
def app():
    """The sample app's folder."""
    return APP
