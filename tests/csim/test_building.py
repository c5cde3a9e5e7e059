"""Images that csim builds where none is named: by many at once, whole, and only when needed."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import packages
import pytest

import xfblas
from xfblas import errors
from xfblas.device import default_images
from xfblas.image.builder import build_image
from xfblas.image.images import specification

ROOT = Path(__file__).resolve().parents[2]
#: Opens some times, with the source tree of its argument, and multiplies.
OPENS = """
import pathlib, sys, numpy as np, xfblas
from xfblas.device import default_images
default_images.SOURCE_TREE = pathlib.Path(sys.argv[1])
a = np.arange(9, dtype=np.int16).reshape(3, 3)
for _ in range(int(sys.argv[2])):
    with xfblas.open(sys.argv[3] if sys.argv[3:] else None, target="csim", engine="Gemm") as device:
        assert (xfblas.matmul(a, a, device=device) == a @ a).all()
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A source tree of its own, whose builds others do not use."""
    if shutil.which("g++") is None:
        packages.skip_without("a C++ compiler", "g++")
    folder = tmp_path_factory.mktemp("tree")
    shutil.copytree(ROOT / "hw", folder / "hw", ignore=shutil.ignore_patterns("build"))
    (folder / "xfblas").symlink_to(ROOT / "xfblas")
    return folder


@pytest.fixture(autouse=True)
def _in_tree(tree, monkeypatch):
    monkeypatch.setattr(default_images, "SOURCE_TREE", tree)
    monkeypatch.setenv("OPTIMIZE", "-O0")


def opens(*arguments):
    command = [sys.executable, "-c", OPENS, *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def image():
    return default_images.default_image(np.int16, "Gemm", "csim")


def test_many_open_at_once_where_nothing_is_built(tree):
    shutil.rmtree(tree / "hw/build", ignore_errors=True)
    processes = [opens(tree, 3) for _ in range(6)]
    told = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 6, told
    files = {path.name for path in (tree / "hw/build").rglob("*") if path.is_file()}
    configured = {"config_info.dat", "link.cfg", "xfblas_configuration.hpp"}
    assert files == configured | {
        "gemm.xclbin",
        "libgemmKernel.so",
        "libgemmKernel.so.sha256",
    }


def test_what_is_up_to_date_is_left_alone(tree):
    image()
    before = {path: path.stat() for path in (tree / "hw/build").rglob("*") if path.is_file()}
    image()
    for path, state in before.items():
        now = path.stat()
        assert (now.st_ino, now.st_mtime_ns) == (state.st_ino, state.st_mtime_ns), path


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def change(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0x11
    path.write_bytes(content)


LIBRARY, IMAGE, SUM = "libgemmKernel.so", "gemm.xclbin", "libgemmKernel.so.sha256"


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        *((LIBRARY, damage) for damage in (cut, change)),
        *((IMAGE, damage) for damage in (cut, change, Path.unlink)),
        (SUM, cut),
    ],
)
def test_what_is_damaged_is_built_again(tree, name, damage):
    image()
    path = next((tree / "hw/build").rglob(name))
    before = path.read_bytes()
    damage(path)
    process = opens(tree, 1)
    assert process.communicate()[1] == "" and process.returncode == 0
    assert path.read_bytes() == before


@pytest.mark.parametrize("size", [4, 63, 64, 500, 0.1, 0.5, 0.9, -1])
def test_a_library_cut_short_is_refused(tree, tmp_path, size):
    library = next(image().parents[1].rglob("*.so")).read_bytes()
    kept = int(len(library) * size) if isinstance(size, float) else size
    wanted = replace(specification("default_short"), library=library[:kept])
    path = build_image(wanted, tmp_path / "cut.xclbin")
    process = opens(tree, 1, path)
    told = process.communicate()[1]
    assert process.returncode == 1, process.returncode
    assert "ImageError" in told and "cut.xclbin: its kernel library is cut short" in told


def test_without_make(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(errors.ImageError, match=r"make is not installed .*apt-get install make"):
        xfblas.open(target="csim", engine="Gemm")


def test_a_tree_that_cannot_be_written(tree, tmp_path, monkeypatch):
    (tmp_path / "hw").mkdir()
    (tmp_path / "hw/xclbin.mk").write_text("")
    (tmp_path / "hw/build").write_text("no folder")
    monkeypatch.setattr(default_images, "SOURCE_TREE", tmp_path)
    with pytest.raises(errors.ImageError, match=r"gemm kernel cannot be built: .*hw/build"):
        xfblas.open(target="csim", engine="Gemm")
