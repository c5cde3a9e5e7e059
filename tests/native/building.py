"""Builds of the C++ library and of the native engine's parts, with any compiler and flags."""

import fcntl
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("host_cpp/src", "host_cpp/include", "hw/include")

#: Sources that the parts need besides those in native/isa.
PARTS = (
    "kernels", "tile_permission", "near_scales", "bounds", "panels", "row_block", "multiply",
    "multiply_on_tiles",
)  # fmt: skip


def sources_of_parts() -> list[Path]:
    native = ROOT / "host_cpp/src/native"
    return [*(native / f"{name}.cpp" for name in PARTS), *sorted(native.glob("isa/*.cpp"))]


def build_parts(path, compiler="g++", flags=(), main="library.cpp", link=("-shared",)):
    """The engine's parts with a file of this folder that calls them."""
    sources = [*sources_of_parts(), ROOT / "tests/native" / main]
    return _build(path, sources, compiler, ("-O2", *flags), link)


def build_library(path, compiler="g++", flags=()):
    """The whole library."""
    sources = sorted((ROOT / "host_cpp/src").rglob("*.cpp"))
    flags = (*flags, "-fvisibility=hidden", '-DXFBLAS_VERSION="0"')
    return _build(path, sources, compiler, flags, ("-shared", "-pthread", "-ldl"))


def build_public_library(path, flags=()):
    """The library of the public C functions, which takes the engine from one beside it."""
    sources = sorted((ROOT / "host_cpp/public").glob("*.cpp"))
    flags = (*flags, "-fvisibility=hidden")
    return _build(path, sources, "g++", flags, ("-shared", "-pthread", "-ldl"))


def build_once(tmp_path_factory, name, build):
    """What ``build(path)`` makes in a folder of this run, for all of its workers."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with open(folder / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return folder / name if (folder / name).exists() else build(folder / name)


def _build(path, sources, compiler, flags, link):
    folder = path.parent / f"{path.stem}-objects"
    folder.mkdir()
    includes = [f"-I{ROOT / name}" for name in FOLDERS]

    def compiled(numbered):
        number, source = numbered
        built = folder / f"{number}-{source.stem}.o"
        command = [compiler, "-std=c++17", "-fPIC", "-ffp-contract=off", *flags, *includes]
        command += ["-c", source, "-o", built]
        subprocess.run(command, check=True)
        return built

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compiled, enumerate(sources)))
    sanitizers = [flag for flag in flags if flag.startswith("-fsanitize")]
    subprocess.run([compiler, "-o", path, *objects, *sanitizers, *link], check=True)
    return path
