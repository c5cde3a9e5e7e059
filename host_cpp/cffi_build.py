"""Builds the extension module ``xfblas._xfblas`` from the C++ host library and its C header."""

import re
import tomllib
from pathlib import Path

import cffi

root = Path(__file__).resolve().parent.parent
header = (root / "host_cpp/include/xfblas.h").read_text()
VERSION = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
SOURCES = sorted(str(path.relative_to(root)) for path in (root / "host_cpp/src").rglob("*.cpp"))
INCLUDE_FOLDERS = ["host_cpp/include", "host_cpp/src", "hw/include"]
# -g0 takes back what Python was built with: debugging information is ten times the code.
# No contraction, so that a softmax has the same bytes whether or not the CPU can add to a product.
COMPILE_FLAGS = ["-std=c++17", "-O3", "-g0", "-fvisibility=hidden", "-ffp-contract=off"]
# Threads of the pool run its code until the process ends, so nobody may unload it.
LINK_FLAGS = ["-pthread", "-ldl", "-Wl,-z,nodelete"]

# cffi reads C without a preprocessor: leave out its lines and the C++ linkage block.
declarations = re.sub(r"^#.*\n", "", header, flags=re.MULTILINE)
declarations = declarations.replace('extern "C" {\n', "")
declarations = re.sub(r"^}\n", "", declarations, flags=re.MULTILINE)

builder = cffi.FFI()
builder.cdef(declarations)
builder.set_source(
    "xfblas._xfblas",
    '#include "xfblas.h"',
    source_extension=".cpp",
    sources=SOURCES,
    include_dirs=INCLUDE_FOLDERS,
    define_macros=[("XFBLAS_VERSION", f'"{VERSION}"')],
    extra_compile_args=COMPILE_FLAGS,
    extra_link_args=LINK_FLAGS,
)
