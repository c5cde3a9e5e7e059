"""Kernel libraries and images to try: the engines' own, and one that misbehaves when told to."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from xfblas.image.builder import build_image
from xfblas.image.images import SPECIFICATIONS, memory_banks

HW = Path(__file__).resolve().parents[2] / "hw"

# The first int16 of the matrix in page 2 says what to do; page 3 gets the answer.
MOODS = {
    "good": 0,
    "segfault": 1,
    "abort": 2,
    "division": 3,
    "beyond": 4,
    "before": 5,
    "endless": 6,
    "message": 7,
    "exit": 8,
    "throw": 9,
    "recursion": 10,
    "slow": 11,
    "asleep": 12,
}
MOODY = r"""
#include <unistd.h>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
static volatile int zero = 0;
static int deeper(volatile int* n) {
  int here[256];
  here[*n & 255] = ++*n;
  return deeper(n) + here[1];
}
extern "C" int xfblas_run_fcnKernel(void* memory, uint64_t bytes, char* message, size_t size) {
  auto* data = static_cast<volatile char*>(memory);
  auto mood = *reinterpret_cast<volatile int16_t*>(data + 2 * 4096);
  int count = 0;
  switch (mood) {
    case 1: *reinterpret_cast<volatile int*>(16) = 1; break;
    case 2: abort();
    case 3: zero = 7 / zero; break;
    case 4: data[bytes + 12345] = 1; break;
    case 5: data[-1] = 1; break;
    case 6: for (;;) zero = zero;
    case 7: snprintf(message, size, "the stream of A is stuck"); return 1;
    case 8: _exit(3);
    case 9: throw std::runtime_error("nobody catches this");
    case 10: zero = deeper(&count); break;
    case 11: usleep(300 * 1000); break;
    case 12: sleep(1000); break;
  }
  *reinterpret_cast<volatile int16_t*>(data + 3 * 4096) = int16_t(mood + 100);
  return 0;
}
"""


def engine_library(engine: str, dtype: str = "short") -> Path:
    """The kernel's HLS source, compiled for this CPU unless that was done before."""
    options = ["PLATFORM=u250", f"ENGINE={engine}", f"DTYPE={dtype}", f"PYTHON={sys.executable}"]
    subprocess.run(["make", "-C", HW, "lib", *options], check=True, capture_output=True)
    return HW / "build" / f"u250-{engine}-{dtype}" / f"lib{engine}Kernel.so"


def compile_library(source: str, path: Path) -> Path:
    """A kernel library from C++ text."""
    command = ["g++", "-std=c++17", "-O1", "-fPIC", "-shared", "-x", "c++", "-", "-o", path]
    subprocess.run(command, input=source, text=True, check=True, capture_output=True)
    return path


def write_image(path: Path, library: bytes | None, engine: str = "Fcn", **changes) -> Path:
    """An emulation image with one engine; ``changes`` are fields of the specification."""
    preset = SPECIFICATIONS["default_short"]
    units = changes.pop("units", 2)
    configuration = replace(preset.configuration, engines=frozenset([engine]), kernel_count=units)
    wanted = replace(
        preset, configuration=configuration, banks=memory_banks(units), library=library, **changes
    )
    return build_image(wanted, path)
