"""Builds the extension module and the packaged images; everything else is in pyproject.toml."""

import os
import shutil
import subprocess
import sys
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.dist import Distribution

root = Path(__file__).resolve().parent

#: Folders of the source tree, and where an installed package looks for them.
COPIED = {"hw/platforms": "platforms", "emulation": "emulation/source"}

# The extension needs Python's C headers. Without them the same library is loaded by cffi at run
# time, which costs about a microsecond a call. XFBLAS_PLAIN_LIBRARY=1 asks for that.
HAS_HEADERS = Path(sysconfig.get_path("include"), "Python.h").is_file()
IS_PLAIN = not HAS_HEADERS or os.environ.get("XFBLAS_PLAIN_LIBRARY") == "1"

PLAIN_MODULE = '''\
"""The C library, loaded at run time: made by setup.py where Python's C headers are missing."""

from pathlib import Path

from cffi import FFI

ffi = FFI()
ffi.cdef("""{declarations}""")
lib = ffi.dlopen(str(Path(__file__).with_name("libxfblas.so")))
'''


class BuildWithImages(build_py):
    """Also writes the default images and copies what an installed package needs beside them."""

    def run(self):
        super().run()
        base = root if self.editable_mode else Path(self.build_lib)
        sys.path.insert(0, str(root))
        from xfblas.image.images import write_images

        write_images(base / "xfblas" / "images")
        build_public_library(base / "xfblas")
        if IS_PLAIN:
            build_plain_library(base / "xfblas")
        if not self.editable_mode:
            for source, target in COPIED.items():
                shutil.copytree(root / source, base / "xfblas" / target, dirs_exist_ok=True)


def build_public_library(folder: Path):
    """Compiles libxfblas_public.so, which takes the engine from the library beside it."""
    sources = sorted(str(path) for path in (root / "host_cpp/public").glob("*.cpp"))
    command = [os.environ.get("CXX", "g++"), "-std=c++17", "-O2", "-fPIC", "-fvisibility=hidden"]
    command += ["-shared", f"-I{root / 'host_cpp/include'}", *sources, "-pthread", "-ldl"]
    output = folder / "libxfblas_public.so"
    subprocess.run([*command, "-Wl,-z,nodelete", "-o", str(output)], check=True)


def build_plain_library(folder: Path):
    """Compiles libxfblas.so and the module that loads it."""
    sys.path.insert(0, str(root / "host_cpp"))
    import cffi_build as build

    subprocess.run(
        [
            *(os.environ.get("CXX", "g++"), "-shared", "-fPIC", *build.COMPILE_FLAGS),
            *(f"-I{path}" for path in build.INCLUDE_FOLDERS),
            f'-DXFBLAS_VERSION="{build.VERSION}"',
            *("-o", str(folder / "libxfblas.so"), *build.SOURCES, *build.LINK_FLAGS),
        ],
        cwd=root,
        check=True,
    )
    (folder / "_xfblas.py").write_text(PLAIN_MODULE.format(declarations=build.declarations))


class BuildInParallel(build_ext):
    """Compiles the extension's sources side by side."""

    def build_extension(self, ext):
        def compiled(source):
            return self.compiler.compile(
                [source],
                output_dir=self.build_temp,
                macros=ext.define_macros,
                include_dirs=ext.include_dirs,
                extra_postargs=ext.extra_compile_args,
                depends=ext.depends,
            )

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            objects = list(pool.map(compiled, ext.sources))
        ext.extra_objects = [*ext.extra_objects, *(path for paths in objects for path in paths)]
        # With its sources gone the objects tell whether it must be linked again.
        ext.sources, ext.depends, ext.language = [], ext.extra_objects, "c++"
        super().build_extension(ext)


class PlatformDistribution(Distribution):
    """A wheel with a library of its own is for one platform, extension or not."""

    def has_ext_modules(self):
        return True


setup(
    packages=find_packages(include=["xfblas", "xfblas.*"]),
    package_data={"xfblas": ["py.typed"], "xfblas.export_c": ["sources/*"]},
    # The import names of the public library, each a few lines that point into the package.
    py_modules=["xfblas_L3", "xfblas_L3_rt", "keras_rt", "mlp_common"],
    package_dir={"": "compat", "xfblas": "xfblas"},
    cffi_modules=[] if IS_PLAIN else ["host_cpp/cffi_build.py:builder"],
    cmdclass={"build_py": BuildWithImages, "build_ext": BuildInParallel},
    distclass=PlatformDistribution,
)
