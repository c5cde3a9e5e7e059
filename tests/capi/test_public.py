"""The public library's functions: from Python as its ctypes module calls them, and from C."""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_program import ROOT, build, run

import xfblas
from xfblas import errors

HERE = Path(__file__).parent
MODULE = HERE / "programs/public_module.py"


@pytest.fixture(params=["make lib", "package"])
def library(request):
    """The library beside lib/xfblas.so, and the one in the package."""
    path = ROOT / "lib/libxfblas_public.so"
    if request.param == "package":
        return xfblas.public_library_path()
    if not path.is_file():
        pytest.skip("lib/libxfblas_public.so is missing: run `make lib`")
    return path


def call_module(library, image, year, folder):
    """The program runs elsewhere and cannot import this project."""
    return subprocess.run(
        [sys.executable, MODULE, library, image, str(year)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.mark.parametrize("year", [2019, 2020])
@pytest.mark.parametrize("image", ["default_short", "seed_short"])
def test_the_public_module_runs(library, tmp_path, image, year):
    done = call_module(library, xfblas.image_path(image), year, tmp_path)
    assert (done.returncode, done.stdout) == (0, "all results are right\n"), done.stderr[-2000:]
    # Programs look at no result, so each failure is a line there.
    assert "xfblas: xfblasGemm: C is not on compute unit 0" in done.stderr
    assert "xfblas: xfblasSend: device 0 was not created" in done.stderr


@pytest.mark.parametrize("image", ["default_short", "seed_short"])
def test_a_program_in_c(pytestconfig, tmp_path, image):
    library = ROOT / "lib/libxfblas_public.so"
    if not library.is_file():
        pytest.skip("lib/libxfblas_public.so is missing: run `make lib`")
    program = build(HERE / "public_order.c", library, tmp_path)
    done = subprocess.run(
        [program, xfblas.image_path(image), pytestconfig.getoption("--target")],
        env={**os.environ, "LD_LIBRARY_PATH": str(ROOT / "lib")},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_without_an_engine_beside_it(library, tmp_path):
    alone = shutil.copy(library, tmp_path)
    done = call_module(alone, xfblas.image_path("default_short"), 2020, tmp_path)
    assert done.returncode == 1
    assert (
        f"beside libxfblas_public.so in {tmp_path}/ cannot be loaded; there is none" in done.stderr
    )
    (tmp_path / "xfblas.so").write_bytes(b"no library")
    done = call_module(alone, xfblas.image_path("default_short"), 2020, tmp_path)
    assert done.returncode == 1 and "xfblas.so: file too short" in done.stderr
    shutil.copy(library, tmp_path / "xfblas.so")
    done = call_module(alone, xfblas.image_path("default_short"), 2020, tmp_path)
    assert done.returncode == 1 and "has no xfblasSynchronize" in done.stderr


@pytest.mark.parametrize("year", [2019, 2020])
def test_the_other_library_says_which_one_is_meant(tmp_path, year):
    """Called in the public order, its functions find no device where they expect one."""
    library = ROOT / "lib/xfblas.so"
    if not library.is_file():
        pytest.skip("lib/xfblas.so is missing: run `make lib`")
    done = call_module(library, xfblas.image_path("default_short"), year, tmp_path)
    assert done.returncode == 1  # an assertion, and no signal
    assert "load libxfblas_public.so, whose functions take no handle" in done.stderr


def test_handles_that_are_none(tmp_path):
    source = tmp_path / "handles.c"
    source.write_text(
        '#include "xfblas.h"\n#include <string.h>\n'
        "int main(void) {\n"
        "  static short numbers[64] = {1, 2, 3};\n"
        "  int failures = 0;\n"
        "  void *wrong[] = {numbers, (char *)numbers + 1, (void *)8, (void *)4096};\n"
        "  for (int i = 0; i < 4; ++i) {\n"
        "    xfblasHandle_t handle = (xfblasHandle_t)wrong[i];\n"
        "    failures += xfblasExecute(handle, 0) != XFBLAS_STATUS_NOT_INITIALIZED;\n"
        "    failures += xfblasDestroy(&handle) != XFBLAS_STATUS_NOT_INITIALIZED;\n"
        '    failures += strstr(xfblasLastError(), "handle is no device") == 0;\n'
        "  }\n"
        "  /* The public library has the number of compute units there. */\n"
        "  failures += xfblasDestroy((xfblasHandle_t *)1) != XFBLAS_STATUS_NOT_INITIALIZED;\n"
        '  failures += strstr(xfblasLastError(), "handle is a number") == 0;\n'
        "  return failures;\n}\n"
    )
    library = ROOT / "lib/xfblas.so"
    if not library.is_file():
        pytest.skip("lib/xfblas.so is missing: run `make lib`")
    assert run(build(source, library, tmp_path)).returncode == 0


def test_our_own_modules_take_it_as_well(library):
    import xfblas_L3

    assert xfblas_L3.createManager(library) is True


def test_where_it_is(monkeypatch, tmp_path):
    path = xfblas.public_library_path()
    version = ctypes.CDLL(str(path)).xfblasVersion
    version.restype = ctypes.c_char_p
    assert version().decode() == xfblas.__version__
    from xfblas.l3 import program_arguments as public_library

    monkeypatch.setattr(public_library, "__file__", str(tmp_path / "public_library.py"))
    with pytest.raises(errors.NotSupportedError, match="install the package again"):
        public_library.public_library_path()
