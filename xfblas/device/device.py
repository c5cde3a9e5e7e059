"""An opened device: an image, one of its engines, and that engine's compute units."""

import os
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import DTypeLike

from xfblas.checks import require_file, require_text, shown
from xfblas.device.binding import Handle, ffi, lib, require_index
from xfblas.device.compute_unit import ComputeUnit
from xfblas.device.default_images import TARGETS, default_image, default_target, runs_images
from xfblas.errors import ImageError, InvalidValueError
from xfblas.file_kinds import CONFIGURATION, IMAGE, refuse_others
from xfblas.image.built_here import require_built_here
from xfblas.image.configuration import ENGINES
from xfblas.image.element_types import ELEMENT_TYPES
from xfblas.uncopied import Uncopied


class Device(Uncopied):
    """A device that is open until :meth:`close`, or until its ``with`` block ends.

    Args:
        xclbin: path of the image; None takes the packaged one for ``dtype``, or builds one with the
            kernel for targets that need it.
        cfg: path of its config_info.dat; None takes what the image carries, or the file beside
            it.
        device: index of the device, from 0, or the address of a card on the PCI bus (its BDF), such
            as ``"0000:65:00.1"``, on ``"xrt"``.
        engine: ``"Fcn"``, ``"Gemm"`` or ``"Gemv"``.
        target: where programs run: ``"native"``, ``"csim"`` or ``"xrt"``; None takes the
            environment's XFBLAS_TARGET, else ``"native"``.
        compute_units: how many compute units to open; None opens all.
        dtype: element type of the packaged image: int16, int8 or float32; only without ``xclbin``.
        trust: whether an image that was not built on this machine may run here: on ``"csim"`` and
            emulated cards an image is a program, which opening it runs.

    Raises:
        ImageError: the image or its configuration is damaged, foreign, or they do not fit; or the
            image was not built here and is not trusted.
        InvalidValueError: an index, name or number is out of range.
        NotSupportedError: the image was built without the engine, or a BDF was given where there
            are no cards.

    Attributes:
        index: of the device, as it was given; None where a BDF was.
        bdf: of the card; None where it has none, or where XRT does not show it.
    """

    _instead = "open it again with xfblas.open"

    def __init__(
        self,
        xclbin: str | os.PathLike[str] | None = None,
        cfg: str | os.PathLike[str] | None = None,
        device: int | str = 0,
        *,
        engine: str = "Fcn",
        target: str | None = None,
        compute_units: int | None = None,
        dtype: DTypeLike = np.int16,
        trust: bool = False,
    ):
        by_bdf = isinstance(device, str)
        if isinstance(device, str):
            require_text("device", device, "an index or a BDF")
        else:
            require_index("device", device)
        require_text("engine", engine, " or ".join(ENGINES))
        if target is not None:
            require_text("target", target, " or ".join(TARGETS))
        if compute_units is not None and require_index("compute_units", compute_units) == 0:
            raise InvalidValueError("compute_units is 0, expected 1 or more")
        if not isinstance(trust, (bool, np.bool_)):
            raise InvalidValueError(f"trust is {shown(trust)}, expected True or False")
        target = target or default_target()
        files = (
            ("xclbin", xclbin, "an image", IMAGE),
            ("cfg", cfg, "an image's configuration", CONFIGURATION),
        )
        for name, file, expected, kind in files:
            if file is None:
                continue
            if not isinstance(file, (str, bytes, os.PathLike)):
                raise InvalidValueError(
                    f"{name} is a {type(file).__name__}, expected the path of {expected}: a model "
                    "is for xfblas.compile, xfblas.accelerate or KerasRT"
                )
            require_file(name, file, f"the path of {expected}", ImageError)
            refuse_others(file, expected, kind, error=ImageError)
        path = default_image(dtype, engine, target) if xclbin is None else Path(os.fsdecode(xclbin))
        if xclbin is not None and not trust and runs_images(target):
            require_built_here(path)
        self._handle = Handle(
            str(path),
            None if cfg is None else os.fsdecode(cfg),
            engine,
            compute_units or 0,
            target,
            device,
        )
        info = self._handle.info()
        self.xclbin = path
        self.index = None if by_bdf else device
        self.bdf = ffi.string(info.bdf).decode() or None
        self.target = ffi.string(info.target).decode()
        self.engine = ffi.string(info.engine).decode()
        self.platform = ffi.string(info.platform).decode(errors="replace")
        self.uuid = ffi.string(info.uuid).decode()
        self.dtype = np.dtype(ELEMENT_TYPES[ffi.string(info.dataType).decode()].dtype)
        #: What X is made of: int32 for the integer Fcn engines where XdataType says nothing else,
        #: else the element type.
        self.addend_dtype = (
            np.dtype(np.int32) if info.addendBytes == 4 and self.dtype.kind == "i" else self.dtype
        )
        has_tables = self.engine == "Fcn" and self.dtype.kind == "i"
        #: What matrices may be made of: elements, X, and tables of functions.
        self.matrix_dtypes = tuple(
            dict.fromkeys([self.dtype, self.addend_dtype, *[np.dtype(np.int32)] * has_tables])
        )
        #: Whether Fcn takes X as one row for all rows of C, whatever its caller says (XVEC).
        self.x_is_row = bool(info.xIsRow)
        self.paddings = (info.mPadding, info.kPadding, info.nPadding)
        self.chain_padding = info.chainPadding
        self.instructions_per_launch = info.instructionsPerLaunch
        self.memory_bytes = info.memoryBytes
        self.compute_units = tuple(
            ComputeUnit(self, self._handle, index) for index in range(info.numKernels)
        )
        #: Those that share rows of predictions: on this CPU one uses all of it, and a second one
        #: would hold the weights once more.
        self.sharing_units = self.compute_units[: 1 if self.target == "native" else None]

    @property
    def closed(self) -> bool:
        """Whether the device was closed."""
        return self._handle.closed

    def execute_async(self, compute_units: int | None = None) -> None:
        """Starts the first ``compute_units`` units together (all by default) and returns.

        Whatever needs a unit's result waits for it and reports its failure, if any.

        Raises:
            InvalidValueError: there are fewer units, or none of them has an instruction.
        """
        count = len(self.compute_units) if compute_units is None else compute_units
        self._handle.call(lib.xfblasExecuteAsync, require_index("numKernel", count))

    def close(self) -> None:
        """Waits for what runs and frees everything on the device; safe to call twice."""
        self._handle.close()

    def _leave_behind(self) -> None:
        """Counts as closed from now on, but frees nothing: a thread that is lost had it in use."""
        self._handle.leave_behind()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else self.target
        return (
            f"<xfblas.Device {self.bdf or self.index} {self.engine} {self.dtype} {state}, "
            f"{len(self.compute_units)} compute units of {self.xclbin.name}>"
        )
