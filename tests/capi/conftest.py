"""The library that `make lib` builds."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def library():
    path = Path(__file__).resolve().parents[2] / "lib/xfblas.so"
    if not path.is_file():
        pytest.skip("lib/xfblas.so is missing: run `make lib`")
    return path
