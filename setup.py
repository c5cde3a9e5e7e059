"""Builds the extension module and the packaged images; everything else is in pyproject.toml."""

import shutil
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

root = Path(__file__).resolve().parent


#: Folders of the source tree, and where an installed package looks for them.
COPIED = {"hw/platforms": "platforms", "emulation": "emulation/source"}


class BuildWithImages(build_py):
    """Also writes the default images and copies what an installed package needs beside them."""

    def run(self):
        super().run()
        base = root if self.editable_mode else Path(self.build_lib)
        sys.path.insert(0, str(root))
        from xfblas.image.images import write_images

        write_images(base / "xfblas" / "images")
        if not self.editable_mode:
            for source, target in COPIED.items():
                shutil.copytree(root / source, base / "xfblas" / target, dirs_exist_ok=True)


setup(
    packages=[
        "xfblas",
        "xfblas.diagnosis",
        "xfblas.emulation",
        "xfblas.image",
        "xfblas.models",
        "xfblas.performance",
        "xfblas.quantization",
        "xfblas.runtime",
    ],
    # The import names of the public library, each a few lines that point into the package.
    py_modules=["xfblas_L3", "xfblas_L3_rt", "keras_rt", "mlp_common"],
    package_dir={"": "compat", "xfblas": "xfblas"},
    cffi_modules=["host_cpp/cffi_build.py:builder"],
    cmdclass={"build_py": BuildWithImages},
)
