"""Fixtures of the kernels' checks: libraries built once, and a seed that is printed."""

import ctypes
import functools
import subprocess

import pytest
from kernels import HW, Kernel

from xfblas.image.element_types import ELEMENT_TYPES, NAMES


@functools.cache
def build(engine, dtype, board="small", variant="", flags="", optimize=""):
    return Kernel(engine, dtype, board, variant, flags, optimize)


@pytest.fixture(scope="session")
def kernel_of():
    """Builds a kernel library the first time it is asked for."""
    return build


@pytest.fixture(scope="session")
def formula():
    """The closed formula: cycles of an instruction's words, and of those of the Map before it."""
    path = HW / "build" / "cycle_model.so"
    path.parent.mkdir(exist_ok=True)
    source = HW.parent / "tests/hw/cycle_model.cpp"
    command = ["g++", "-std=c++14", "-O1", "-shared", "-fPIC", "-Wall", "-Wextra"]
    subprocess.run([*command, f"-I{HW / 'include'}", source, "-o", path], check=True)
    function = ctypes.CDLL(str(path)).model_cycles
    function.restype = ctypes.c_uint64

    def cycles(kernel, words, before=(0,) * 16):
        lanes = kernel.word_bytes // kernel.dtype.itemsize
        addend = kernel.addend.itemsize // kernel.dtype.itemsize
        interval = ELEMENT_TYPES[NAMES[kernel.dtype.name]].update_interval
        names = "array_rows array_columns tile_rows tile_columns chunk vector_rows vector_chunk"
        sizes = [getattr(kernel, name) for name in names.split()]
        machine = [lanes, addend, *sizes, interval, kernel.burst_cycles, kernel.memory_latency]
        given = [(ctypes.c_uint32 * 16)(*each) for each in (before, words)]
        return function((ctypes.c_uint64 * len(machine))(*machine), *given)

    return cycles


@pytest.fixture(scope="session")
def vendor_headers():
    """The folder of the vendor's ap_int.h and hls_stream.h, from the hls4ml wheel."""
    import sys
    import zipfile

    folder = HW / "build" / "vendor"
    headers = folder / "hls4ml/templates/vivado/ap_types"
    if not (headers / "hls_stream.h").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "hls4ml",
            "--no-deps",
            "-q",
            "-d",
            folder,
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        wheels = sorted(folder.glob("hls4ml-*.whl"))
        if done.returncode != 0 or not wheels:
            pytest.skip("the hls4ml wheel, which has the vendor's headers, cannot be downloaded")
        with zipfile.ZipFile(wheels[-1]) as wheel:
            wheel.extractall(folder, [n for n in wheel.namelist() if "/vivado/ap_types/" in n])
    return headers
