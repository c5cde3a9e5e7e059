import pytest

from xfblas.image.builder import build_container
from xfblas.image.images import specification


@pytest.fixture(autouse=True)
def no_build_time(monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)


@pytest.fixture(scope="session")
def image() -> bytes:
    """The default image."""
    return build_container(specification("default_short")).serialize()


@pytest.fixture
def image_file(image, tmp_path):
    path = tmp_path / "image.xclbin"
    path.write_bytes(image)
    return path
