"""The native engine's parts as a library of its own, built once for all tests here."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/hw"))  # for reference.py, the kernels' own

#: Sources that the parts need besides those in native/isa.
PARTS = ("kernels", "bounds", "panels", "row_block", "multiply")
FOLDERS = ("host_cpp/src", "host_cpp/include", "hw/include")


def build(path, compiler="g++", flags=()):
    """Compiles tests/native/library.cpp with the engine's parts to a shared library."""
    native = ROOT / "host_cpp/src/native"
    sources = [*(native / f"{name}.cpp" for name in PARTS), *native.glob("isa/*.cpp")]
    objects = []
    processes = []
    for source in [*sources, ROOT / "tests/native/library.cpp"]:
        objects.append(path.parent / f"{source.stem}.o")
        command = [compiler, "-std=c++17", "-O2", "-fPIC", *flags, "-c", source, "-o", objects[-1]]
        processes.append(subprocess.Popen([*command, *(f"-I{ROOT / f}" for f in FOLDERS)]))
    assert [process.wait() for process in processes] == [0] * len(processes)
    subprocess.run([compiler, "-shared", *flags, "-o", path, *objects], check=True)


@pytest.fixture(scope="session")
def library(tmp_path_factory):
    """The shared library; XFBLAS_NATIVE_LIBRARY names one that is built already."""
    path = os.environ.get("XFBLAS_NATIVE_LIBRARY")
    if path is None:
        path = tmp_path_factory.mktemp("native") / "native.so"
        build(path)
    loaded = ctypes.CDLL(str(path))
    loaded.isa_name.restype = ctypes.c_char_p
    loaded.quantize_row.restype = ctypes.c_int64
    return loaded


@pytest.fixture(scope="session")
def instruction_sets(library):
    """Names of the instruction sets that this CPU runs."""
    names = iter(lambda: library.isa_name(len(found)), None)
    found = []
    for name in names:
        found.append(name)
    return found
