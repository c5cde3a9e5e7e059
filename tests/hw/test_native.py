"""The native engine on the kernels' own random and hostile programs: both layouts, tables, int8."""

import ctypes
import os
import subprocess

import hostile_programs
import pytest
import random_programs
from kernels import HW

# tests/csim compares the native engine with the kernels too, on images.
pytestmark = pytest.mark.exhaustive

ROOT = HW.parent
COUNT = int(os.environ.get("XFBLAS_HW_PROGRAMS", "1500"))
INTEGER_ENGINES = [(e, d) for e in ("fcn", "gemm", "gemv") for d in ("short", "int8")]


class NativeEngine:
    """The engine of the host library, with the sizes of a kernel and its way to be called."""

    def __init__(self, kernel, library):
        self._kernel, self._library = kernel, library
        self._configuration = (kernel.folder / "config_info.dat").read_bytes()

    def __getattr__(self, name):
        return getattr(self._kernel, name)

    def run(self, memory):
        block = memory.ctypes.data_as(ctypes.c_void_p)
        engine = self._kernel.engine.capitalize().encode()
        size = ctypes.c_uint64(memory.nbytes)
        assert self._library.native_run(block, size, self._configuration, engine) == 0


@pytest.fixture(scope="module")
def library():
    path = HW / "build" / "native_engine.so"
    path.parent.mkdir(exist_ok=True)
    folder = ROOT / "host_cpp/src"
    sources = [*folder.glob("native/*.cpp"), *folder.glob("native/isa/*.cpp")]
    # A device's own files would bring the rest of the library with them.
    apart = ("coded_rows", "forward", "native")
    sources = [path for path in sources if path.stem not in apart]
    sources.append(folder / "image/configuration.cpp")
    folders = ["host_cpp/src", "host_cpp/include", "hw/include"]
    subprocess.run(
        [
            *("g++", "-std=c++17", "-O2", "-shared", "-fPIC", "-Wall", "-Wextra", "-o", path),
            *(f"-I{ROOT / folder}" for folder in folders),
            *sources,
            ROOT / "tests/hw/native.cpp",
            *("-pthread", "-ldl"),
        ],
        check=True,
    )
    return ctypes.CDLL(str(path))


@pytest.mark.parametrize("board", ["small", "u250"])
@pytest.mark.parametrize("engine, dtype", INTEGER_ENGINES)
def test_random_programs(kernel_of, library, board, engine, dtype, seed):
    native = NativeEngine(kernel_of(engine, dtype, board), library)
    if board == "small":
        random_programs.run(native, seed, COUNT)
    else:
        random_programs.run(native, seed, COUNT // 20, per_launch=2)


@pytest.mark.parametrize("dtype", ["short", "int8", "float"])
@pytest.mark.parametrize("engine", ["fcn", "gemm", "gemv"])
def test_hostile_instructions(kernel_of, library, engine, dtype, seed):
    hostile_programs.run(NativeEngine(kernel_of(engine, dtype), library), seed, 400)
