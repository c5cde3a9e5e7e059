"""The tests of the engine again, on a library that watches memory, arithmetic and threads."""

import os
import shutil
import subprocess
import sys

import building
import packages
import pytest

import xfblas

pytestmark = pytest.mark.hw

ENGINE = ("device", "matmul", "predictions", "programs")

#: Loaded before anything else by a Python that has its folder on the path: takes the place of the
#: extension module.
REPLACEMENT = """
import os, sys, types
sys.path.insert(0, {host_cpp!r})
import cffi_build
module = types.ModuleType("xfblas._xfblas")
module.ffi = cffi_build.cffi.FFI()
module.ffi.cdef(cffi_build.declarations)
module.lib = module.ffi.dlopen({library!r})
sys.modules["xfblas._xfblas"] = module
"""
# The loader frees the storage of threads that ended under a lock that the sanitizer cannot see, and
# other libraries were built without it.
SUPPRESSIONS = """
race:_dl_deallocate_tls
called_from_lib:libscipy_openblas
called_from_lib:_multiarray_umath
"""


def preloaded(name):
    """The sanitizer's library and the compiler's own, which it looks into for exceptions."""
    files = (f"lib{name}.so", "libstdc++.so")
    found = [
        subprocess.run(["g++", f"-print-file-name={file}"], capture_output=True, text=True).stdout
        for file in files
    ]
    if not os.path.isabs(found[0].strip()):
        packages.skip_without(f"lib{name}.so", "g++")
    return " ".join(map(str.strip, found))


def run_tests(folder, name, flags, environment, arguments):
    if shutil.which("g++") is None:
        packages.skip_without("a C++ compiler", "g++")
    flags = ("-O1", "-g", *flags)
    preload = preloaded(name)
    library = building.build_library(folder / "libxfblas.so", flags=flags)
    parts = building.build_parts(folder / "parts.so", flags=flags)
    text = REPLACEMENT.format(host_cpp=str(building.ROOT / "host_cpp"), library=str(library))
    (folder / "sitecustomize.py").write_text(text)
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-x", "-m", "not hw", "-p", "no:cacheprovider"),
            *arguments,
        ],
        env={
            **os.environ, **environment, "LD_PRELOAD": preload, "PYTHONPATH": str(folder),
            "XFBLAS_NATIVE_LIBRARY": str(parts),
        },
        cwd=building.ROOT,
    )  # fmt: skip


def test_addresses_and_undefined_behaviour(tmp_path):
    flags = ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")
    # Python keeps memory until its end. vptr would need type information from the loader.
    done = run_tests(
        tmp_path, "asan", (*flags, "-fno-sanitize=vptr"), {"ASAN_OPTIONS": "detect_leaks=0"},
        ["tests/native", "tests/engine", "tests/l3"],
    )  # fmt: skip
    assert done.returncode == 0


def test_the_public_functions(tmp_path):
    """Called as the public library's Python calls them, wrong calls among them."""
    preload = preloaded("asan")
    flags = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")
    flags = (*flags, "-fno-sanitize=vptr")
    building.build_library(tmp_path / "libxfblas.so", flags=flags)
    public = building.build_public_library(tmp_path / "libxfblas_public.so", flags)
    module = building.ROOT / "tests/capi/programs/public_module.py"
    for year in ("2019", "2020"):
        for image in ("default_short", "seed_short"):
            done = subprocess.run(
                [sys.executable, module, public, xfblas.image_path(image), year],
                env={**os.environ, "LD_PRELOAD": preload, "ASAN_OPTIONS": "detect_leaks=0"},
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stderr[-3000:]


def test_threads(tmp_path):
    suppressions, log = tmp_path / "suppressions", tmp_path / "log"
    suppressions.write_text(SUPPRESSIONS)
    options = {"TSAN_OPTIONS": f"suppressions={suppressions} log_path={log} exitcode=66"}
    # Not the forks: the sanitizer follows no thread into a child.
    done = run_tests(
        tmp_path, "tsan", ("-fsanitize=thread",), options,
        ["tests/native/test_threads.py", *(f"tests/engine/test_{name}.py" for name in ENGINE)],
    )  # fmt: skip
    reports = "".join(path.read_text() for path in tmp_path.glob("log*"))
    assert reports == "" and done.returncode == 0, reports
