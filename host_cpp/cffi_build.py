"""Builds the extension module ``xfblas._xfblas`` from the C++ host library and its C header."""

import re
import tomllib
from pathlib import Path

import cffi

root = Path(__file__).resolve().parent.parent
header = (root / "host_cpp/include/xfblas.h").read_text()
project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
sources = sorted(path.relative_to(root) for path in (root / "host_cpp/src").rglob("*.cpp"))

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
    sources=[str(path) for path in sources],
    include_dirs=["host_cpp/include", "host_cpp/src", "hw/include"],
    define_macros=[("XFBLAS_VERSION", f'"{project["version"]}"')],
    extra_compile_args=["-std=c++17", "-O3", "-fvisibility=hidden"],
    extra_link_args=["-pthread", "-ldl"],
)
