"""Every function of the C interface with bad handles, sizes and pointers, in its own process."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import xfblas
from xfblas import errors
from xfblas.device.binding import check, ffi, lib

PROGRAM = Path(__file__).with_name("programs") / "hostile_calls.py"


@pytest.mark.parametrize("seed", range(3))
def test_no_call_crashes_and_devices_go_on(seed):
    command = [sys.executable, "-X", "faulthandler", str(PROGRAM), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"seed {seed}: {done.stdout}{done.stderr}"


@pytest.mark.parametrize(
    ("field", "word"), [("ldc", "ldc is 0"), ("n", "n is 0"), ("m", "m is 0"), ("opcode", "opcode")]
)
@pytest.mark.parametrize("opcode", [2, 8])
def test_estimates_of_nothing(field, word, opcode):
    machine = ffi.new("xfblasMachine_t *", [32, 2, 16, 32, 64, 64, 64, 64, 64, 2, 8, 60])
    cycles = ffi.new("xfblasCycles_t *")
    places = {"opcode": 0, "ldc": 10, "m": 5, "k": 6, "n": 7}
    words = ffi.new("unsigned int[16]", [opcode, *[4] * 15])
    check(lib.xfblasEstimate(machine, words, cycles))
    assert cycles.total > 0
    words[places[field]] = 0
    with pytest.raises(errors.InvalidValueError, match=word):
        check(lib.xfblasEstimate(machine, words, cycles))


@pytest.mark.parametrize("path", ["/", "/dev/zero", "/dev/null"])
def test_what_is_no_file_is_no_image(path):
    place = ffi.new("xfblasHandle_t *")
    status = lib.xfblasCreate(place, path.encode(), ffi.NULL, b"Fcn", 1, ffi.NULL, 0)
    with pytest.raises(errors.ImageError, match=f"^{path} is (a folder|not a regular file)"):
        check(status)
    image = str(xfblas.image_path("default_short")).encode()
    status = lib.xfblasCreate(place, image, path.encode(), b"Fcn", 1, ffi.NULL, 0)
    with pytest.raises(errors.ImageError, match=f"^{path} is"):
        check(status)


@pytest.mark.native
def test_sizes_beyond_the_memory_of_the_process():
    small = np.zeros(8, np.int16)
    with xfblas.open(engine="Gemm") as device:
        call, data = device.compute_units[0].call, ffi.from_buffer(small)
        with pytest.raises(errors.InvalidValueError, match="A is said to have 2147483648 bytes"):
            call(lib.xfblasSend, data, 2**30, 2)
        most = 2**31 - 1
        product = (most, 1, 1, data, 1, data, 1, ffi.NULL, data, 1)
        with pytest.raises(errors.InvalidValueError, match="A is said to have"):
            call(lib.xfblasMatmul, *product)
        call(lib.xfblasSend, data, 8, 2)
