"""The L3 functions of the public library, with their names, order and defaults.

Matrices are named by the numpy array that they were sent from, devices and compute units by their
index. Where the public library returns a bool, here a failure raises and success returns True.
Shapes are (m, k) for A, (k, n) for B, (m, n) for C and X; integer images take X as int32.

``idxKernel`` is the index of a compute unit, ``idxDevice`` that of a device, or the BDF of a card.
All functions of a device raise NotInitializedError where it was not created, and InvalidValueError
where it has no such compute unit, or where an operand is no array.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from xfblas import arrays
from xfblas.checks import require_path, shown
from xfblas.device.binding import lib, pointer, require_index, require_library
from xfblas.errors import ImageError, InvalidValueError, NotSupportedError
from xfblas.image.configuration import Configuration
from xfblas.l3.operations import fcnOp, fcnOpByAddress, fcnTableOp, gemmOp, gemvOp
from xfblas.l3.program_arguments import default_args, is_image, parse_cfg, processCommandLine
from xfblas.l3.session import close, create, session


def createGemm(
    args: Any, xclbin_opts: Mapping[str, str], numKernel: int = 1, idxDevice: int | str = 0
) -> bool:
    """Opens a device of the Gemm engine.

    Args:
        args: holds ``xclbin``, ``lib`` and (optionally) ``cfg``, as :func:`default_args` parses.
        xclbin_opts: the configuration, as :func:`parse_cfg` reads it.
        numKernel: how many compute units to open.
        idxDevice: index of the device, or the BDF of a card, by which the other functions then take
            it as well.

    Raises:
        NotSupportedError: the configuration names no such engine.
        ImageError: image and configuration do not fit, or a file is damaged.
        InvalidValueError: an index is out of range, or ``lib`` is another library.
    """
    return _create("Gemm", args, xclbin_opts, numKernel, idxDevice)


def createGemv(
    args: Any, xclbin_opts: Mapping[str, str], numKernel: int = 1, idxDevice: int | str = 0
) -> bool:
    """Opens a device of the Gemv engine; see :func:`createGemm`."""
    return _create("Gemv", args, xclbin_opts, numKernel, idxDevice)


def createFcn(
    args: Any, xclbin_opts: Mapping[str, str], numKernel: int = 1, idxDevice: int | str = 0
) -> bool:
    """Opens a device of the Fcn engine; see :func:`createGemm`."""
    return _create("Fcn", args, xclbin_opts, numKernel, idxDevice)


def _create(
    engine: str, args: Any, xclbin_opts: Mapping[str, str], numKernel: int, idxDevice: int | str
) -> Any:
    if not isinstance(xclbin_opts, Mapping):
        raise InvalidValueError(
            f"xclbin_opts is {shown(xclbin_opts)}, expected what parse_cfg returns"
        )
    if getattr(args, "xclbin", None) is None:
        raise InvalidValueError(f"args is {shown(args)}, expected an object with the path .xclbin")
    configuration = Configuration.from_options(xclbin_opts)
    if engine not in configuration.engines:
        raise NotSupportedError(
            f"xclbin_opts names no {engine} engine (run{engine} is not 1), but it has "
            f"{', '.join(sorted(configuration.engines)) or 'none'}"
        )
    if getattr(args, "lib", None):
        require_library("lib", args.lib)
    cfg = getattr(args, "cfg", None)
    if cfg is not None:
        cfg = require_path("cfg", cfg, "the path of an image's configuration", ImageError)
    opened = create(
        idxDevice,
        xclbin=args.xclbin,
        cfg=None if cfg is None or is_image(cfg) else cfg,
        engine=engine,
        compute_units=numKernel,
    )
    device = opened.device
    ours = (configuration.dtype_name, *configuration.paddings)
    theirs = (device.dtype.name, *device.paddings)
    if ours != theirs:
        close(idxDevice)
        raise ImageError(
            f"xclbin_opts says {ours} (element type and padding of m, k, n), but "
            f"{args.xclbin} has {theirs}: parse the config_info.dat of this image"
        )
    return True


def sendMat(A: np.ndarray, idxKernel: int = 0, idxDevice: int | str = 0) -> bool:
    """Copies A, of any layout, to the compute unit; sent again, it goes to the same place.

    Matrices follow one another in memory from page 2 on, each at a page of 4096 bytes.

    Args:
        A: array of the image's element type, or for X of its addend type.

    Raises:
        DtypeError: A has another element type.
        AllocationError: the compute unit's memory is full.
    """
    session(idxDevice).send(A, idxKernel)
    return True


def getMat(A: np.ndarray, idxKernel: int = 0, idxDevice: int | str = 0) -> bool:
    """Runs what is still queued, then copies the matrix back into A (C-contiguous).

    Args:
        A: an array that was sent; its elements are replaced.

    Raises:
        NotFoundError: A was not sent to this compute unit, or was freed.
        InvalidValueError: A is read-only or not C-contiguous, or another size of it was sent.
        ExecutionError: the program failed.
    """
    session(idxDevice).get(A, idxKernel)
    return True


def getMatByAddress(
    A: np.ndarray, offset: int, idxKernel: int = 0, idxDevice: int | str = 0
) -> bool:
    """Runs what is still queued, then fills A (C-contiguous) from a page offset.

    Args:
        A: array of the image's element type or of its addend type, which tells the size.
        offset: in pages of 4096 bytes.

    Raises:
        DtypeError: A has another element type.
        InvalidValueError: A is read-only or not C-contiguous, or ends behind the memory.
        ExecutionError: the program failed.
    """
    found = session(idxDevice)
    unit = found.unit(idxKernel)
    arrays.require_array("A", A)
    arrays.require_dtype("A", A, found.device.dtype, found.device.addend_dtype)
    arrays.require_writable("A", A)
    unit.call(lib.xfblasGetByAddress, pointer(A), A.nbytes, require_index("offset", offset))
    return True


def freeMat(A: np.ndarray, idxKernel: int = 0, idxDevice: int | str = 0) -> bool:
    """Frees A's place on the compute unit.

    Args:
        A: an array that was sent.

    Raises:
        NotFoundError: A was not sent to this compute unit, or was freed already.
    """
    session(idxDevice).free(A, idxKernel)
    return True


def execute(idxKernel: int = 0, idxDevice: int | str = 0) -> bool:
    """Runs what was queued since the last run; where nothing was, the program again.

    Raises:
        InvalidValueError: no instruction is queued.
        ExecutionError: the program failed.
    """
    session(idxDevice).unit(idxKernel).execute()
    return True


def executeAsync(numKernel: int = 1, idxDevice: int | str = 0) -> bool:
    """Starts the first numKernel units together; reading a result waits for its unit.

    Raises:
        InvalidValueError: there are fewer units, or none of them has an instruction.
    """
    session(idxDevice).device.execute_async(numKernel)
    return True


def freeInstr(idxKernel: int = 0, idxDevice: int | str = 0) -> bool:
    """Forgets the compute unit's program."""
    session(idxDevice).unit(idxKernel).clear()
    return True


def destroy(numKernel: int = 1, idxDevice: int | str = 0) -> bool:
    """Frees the device and everything on it."""
    require_index("numKernel", numKernel)
    close(idxDevice)
    return True


__all__ = [
    "createFcn",
    "createGemm",
    "createGemv",
    "default_args",
    "destroy",
    "execute",
    "executeAsync",
    "fcnOp",
    "fcnOpByAddress",
    "fcnTableOp",
    "freeInstr",
    "freeMat",
    "gemmOp",
    "gemvOp",
    "getMat",
    "getMatByAddress",
    "parse_cfg",
    "processCommandLine",
    "sendMat",
]
