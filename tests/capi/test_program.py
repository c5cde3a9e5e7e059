"""C programs that link the library: the example product, and every way to misuse the interface."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import xfblas

ROOT = Path(__file__).resolve().parents[2]


def build(source, library, directory):
    program = directory / source.stem
    compiler = shutil.which("gcc") or shutil.which("g++")
    subprocess.run(
        [
            *(compiler, "-x", "c", "-std=c11", "-Wall", "-Wextra", "-Werror", str(source)),
            *(f"-I{ROOT / 'host_cpp/include'}", "-x", "none", str(library), "-o", str(program)),
        ],
        check=True,
    )
    return program


def run(program, *images):
    arguments = [*map(str, images), os.environ.get("XFBLAS_TARGET") or "native"]
    paths = [str(ROOT / "lib"), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
    environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(paths)}
    return subprocess.run(
        [program, *arguments], env=environment, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("image", ["default_short", "seed_short"])
def test_example_product(library, tmp_path, image):
    program = build(ROOT / "apps/gemm/gemm.c", library, tmp_path)
    done = run(program, xfblas.image_path(image))
    assert done.returncode == 0, done.stderr
    assert "0 of 15 elements are wrong" in done.stdout


def test_misuse_gives_statuses_and_the_device_goes_on(library, tmp_path):
    program = build(Path(__file__).with_name("misuse.c"), library, tmp_path)
    done = run(program, xfblas.image_path("default_short"), xfblas.image_path("seed_short"))
    assert done.returncode == 0, done.stdout + done.stderr
