"""Devices that compute with int8."""

import dataclasses
import tempfile
from pathlib import Path

import numpy as np

import xfblas
from xfblas.errors import InvalidValueError


def open_int8(engine: str) -> xfblas.Device:
    """Opens the packaged int8 image, or where there is none one that is written for it."""
    try:
        return xfblas.open(engine=engine, dtype=np.int8)
    except InvalidValueError:
        with tempfile.TemporaryDirectory(prefix="xfblas-bench-") as folder:
            return xfblas.open(_write_image(Path(folder, "int8.xclbin")), engine=engine)


def _write_image(path: Path) -> Path:
    from xfblas.image.builder import build_image
    from xfblas.image.images import specification

    wanted = specification("default_short")
    configuration = dataclasses.replace(
        wanted.configuration, data_type="int8", x_data_type="int32_t", mac_bits=32
    )
    return build_image(dataclasses.replace(wanted, configuration=configuration), path)
