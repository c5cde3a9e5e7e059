"""How C programs find the library and its images: -lxfblas, pkg-config, make install, NULL."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import packages
import pytest

import xfblas

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "apps/gemm/gemm.c"
EQUAL = "C product on the packaged image: 0 of 15 elements are wrong"

#: Opens the packaged image with the library at argv[1], from another folder than it was loaded in.
NULL_IMAGE = """
import ctypes, os, sys
library = ctypes.CDLL(sys.argv[1])
os.chdir("/")
handle = ctypes.c_void_p()
library.xfblasLastError.restype = ctypes.c_char_p
target = sys.argv[2].encode()
status = library.xfblasCreate(ctypes.byref(handle), None, None, b"Fcn", 0, target, 0)
print(status, library.xfblasLastError().decode() if status else "")
"""

pytestmark = pytest.mark.native


def pkg_config(folder, *options):
    if shutil.which("pkg-config") is None:
        packages.skip_without("pkg-config", "pkgconf")
    environment = {**os.environ, "PKG_CONFIG_PATH": str(folder)}
    command = ["pkg-config", *options, "xfblas"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def build_and_run(folder, flags):
    """The example, run without any help to find the library."""
    compiler = shutil.which("gcc") or shutil.which("g++")
    program = folder / "gemm"
    command = [compiler, "-x", "c", "-std=c11", EXAMPLE, "-x", "none", "-o", program, *flags]
    subprocess.run(command, check=True)
    environment = {name: v for name, v in os.environ.items() if name != "LD_LIBRARY_PATH"}
    return subprocess.run([program], cwd=folder, env=environment, capture_output=True, text=True)


def null_image(path, target="native", folder=None):
    command = [sys.executable, "-c", NULL_IMAGE, str(path), target]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    status, _, text = done.stdout.strip().partition(" ")
    return int(status), text


def test_one_library_under_every_name(library):
    for name in ("libxfblas.so", "libxfblas.so.0"):
        assert os.path.samefile(library, library.with_name(name))
    listed = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True)
    assert "Library soname: [libxfblas.so.0]" in listed.stdout


def test_the_source_tree_links_by_pkg_config(library, tmp_path):
    flags = pkg_config(library.parent / "pkgconfig", "--cflags", "--libs")
    assert "-lxfblas" in flags
    done = build_and_run(tmp_path, flags)
    assert done.returncode == 0 and EQUAL in done.stdout, done.stderr
    assert pkg_config(library.parent / "pkgconfig", "--modversion") == [xfblas.__version__]


@pytest.mark.parametrize("staged", [False, True])
def test_an_installation_needs_no_source_tree(library, tmp_path, staged):
    """Also one that was packed elsewhere, and lies in another folder than it was made for."""
    prefix = tmp_path / "usr"
    places = ["PREFIX=/usr", f"DESTDIR={tmp_path}"] if staged else [f"PREFIX={prefix}"]
    done = subprocess.run(["make", "-C", ROOT, "install", *places], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    names = sorted(str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file())
    assert {"include/xfblas.h", "lib/libxfblas.so.0", "lib/pkgconfig/xfblas.pc"} < set(names)
    moved = prefix.rename(tmp_path / "moved")
    flags = pkg_config(moved / "lib/pkgconfig", "--cflags", "--libs")
    assert not [flag for flag in flags if str(ROOT) in flag]
    done = build_and_run(tmp_path, flags)
    assert done.returncode == 0 and EQUAL in done.stdout, done.stderr
    (images,) = pkg_config(moved / "lib/pkgconfig", "--variable=imagedir")
    assert {path.name for path in Path(images).glob("*.xclbin")} == {
        path.name for path in xfblas.image_path("default_short").parent.glob("*.xclbin")
    }
    # Distributions have a folder for each architecture.
    deeper = moved / "lib/any-linux-gnu"
    deeper.mkdir()
    shutil.copy(moved / "lib/libxfblas.so.0", deeper)
    assert null_image(deeper / "libxfblas.so.0") == (0, "")


def test_null_is_the_packaged_image_wherever_the_program_goes(library):
    assert null_image(library) == (0, "")
    assert null_image("./libxfblas.so", folder=library.parent) == (0, "")
    # The library inside the Python package, too.
    folder = Path(xfblas.__file__).parent
    (packaged,) = set(folder.glob("*xfblas*.so")) - {folder / "libxfblas_public.so"}
    assert null_image(packaged) == (0, "")


def test_a_library_that_is_alone_says_where_it_looked(library, tmp_path):
    alone = shutil.copy(library, tmp_path)
    status, text = null_image(alone)
    assert status == 8 and text.startswith("xclbin is NULL, but the packaged default_short.xclbin")
    for folder in ("images", "xfblas/images", "share/xfblas/images"):
        assert f"{tmp_path}/{folder}" in text or f"{tmp_path.parent}/{folder}" in text
    assert text.endswith("pass the path of an image")


def test_targets_that_need_kernels_refuse_it(library):
    status, text = null_image(library, "csim")
    assert status != 0 and "default_short.xclbin" in text
