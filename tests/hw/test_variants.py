"""The same results from the vendor's headers, under the sanitizers, and on several threads."""

import concurrent.futures
import os
import subprocess
import sys

import numpy as np
import packages
import pytest
import random_programs
from kernels import HW

ENGINES = [(e, d) for e in ("fcn", "gemm", "gemv") for d in ("short", "int8")]


@pytest.mark.hw
@pytest.mark.parametrize("engine, dtype", ENGINES)
def test_vendor_headers(kernel_of, vendor_headers, engine, dtype, seed, capfd):
    """With the vendor's ap_int and hls::stream, one process after the other."""
    flags = f"-DXFBLAS_VENDOR_STREAM -isystem {vendor_headers}"
    kernel = kernel_of(engine, dtype, variant="vendor", flags=flags, optimize="-O1")
    random_programs.run(kernel, seed, 200)
    assert "WARNING" not in capfd.readouterr().out, "a stream was left with items"


def sanitizer_runtimes():
    names = ("libasan.so", "libubsan.so")
    found = [
        subprocess.run(
            ["g++", f"-print-file-name={name}"], capture_output=True, text=True
        ).stdout.strip()
        for name in names
    ]
    if not all(os.path.isabs(path) for path in found):
        packages.skip_without("the sanitizers' libraries of g++", "g++")
    return " ".join(found)


@pytest.mark.hw
@pytest.mark.parametrize("dtype", ["short", "int8"])
@pytest.mark.parametrize("engine", ["fcn", "gemm", "gemv"])
def test_sanitizers(engine, dtype, seed):
    """AddressSanitizer puts a fence around the memory block, so an access outside shows."""
    environment = dict(
        os.environ,
        LD_PRELOAD=sanitizer_runtimes(),
        ASAN_OPTIONS="detect_leaks=0",
        UBSAN_OPTIONS="print_stacktrace=1",
    )
    script = HW.parent / "tests" / "hw" / "run_programs.py"
    flags = "-fsanitize=address,undefined -fno-sanitize-recover=all"
    done = subprocess.run(
        [sys.executable, str(script), engine, dtype, "sanitized", flags, str(seed), "60"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-6000:]


def test_threads_do_not_meet(kernel_of, seed):
    """ctypes lets go of Python's lock, so these launches do overlap."""
    kernel = kernel_of("fcn", "short")
    seeds = np.random.default_rng(seed).integers(2**32, size=4)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda s: random_programs.run(kernel, int(s), 200), seeds))


def test_library_shows_its_entries_only(kernel_of):
    """So that several libraries in one process never share a symbol."""
    command = ["nm", "-D", "--defined-only", str(kernel_of("fcn", "short").path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    names = {line.split()[-1] for line in done.stdout.splitlines()}
    assert names == {"fcnKernel", "xfblas_run_fcnKernel", "xfblas_measure_fcnKernel"}


def test_library_can_be_unloaded_after_a_run(kernel_of):
    """A host opens and closes many images; nothing of a thread may hold a library back."""
    script = (
        "import ctypes, _ctypes, sys\n"
        "library = ctypes.CDLL(sys.argv[1])\n"
        "memory = ctypes.create_string_buffer(8192)\n"
        "size = ctypes.c_uint64(8192)\n"
        "assert library.xfblas_run_fcnKernel(memory, size, None, 0) == 0\n"
        "_ctypes.dlclose(library._handle)\n"
        "assert sys.argv[1] not in open('/proc/self/maps').read()\n"
    )
    path = str(kernel_of("fcn", "short").path)
    subprocess.run([sys.executable, "-c", script, path], check=True)
