"""The L3 functions of the public library, with their names, order and defaults.

Matrices are named by the numpy array that they were sent from, devices and compute units by their
index. Where the public library returns a bool, here a failure raises and success returns True.
Shapes are (m, k) for A, (k, n) for B, (m, n) for C and X; int16 images take X as int32.
"""

import os
from collections.abc import Mapping

from xfblas import arrays
from xfblas.binding import (
    lib,
    pointer,
    require_index,
    require_integer,
    require_library,
)
from xfblas.compute_unit import BIAS_ROW
from xfblas.errors import ImageError, InvalidValueError, NotSupportedError
from xfblas.image.configuration import Configuration
from xfblas.program_arguments import default_args, is_image, parse_cfg, processCommandLine
from xfblas.session import close, create, session


def createGemm(args, xclbin_opts, numKernel=1, idxDevice: int | str = 0) -> bool:
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


def createGemv(args, xclbin_opts, numKernel=1, idxDevice: int | str = 0) -> bool:
    """Opens a device of the Gemv engine; see :func:`createGemm`."""
    return _create("Gemv", args, xclbin_opts, numKernel, idxDevice)


def createFcn(args, xclbin_opts, numKernel=1, idxDevice: int | str = 0) -> bool:
    """Opens a device of the Fcn engine; see :func:`createGemm`."""
    return _create("Fcn", args, xclbin_opts, numKernel, idxDevice)


def _create(engine, args, xclbin_opts, numKernel, idxDevice):
    if not isinstance(xclbin_opts, Mapping):
        raise InvalidValueError(f"xclbin_opts is {xclbin_opts!r}, expected what parse_cfg returns")
    if getattr(args, "xclbin", None) is None:
        raise InvalidValueError(f"args is {args!r}, expected an object with the path .xclbin")
    configuration = Configuration.from_options(xclbin_opts)
    if engine not in configuration.engines:
        raise NotSupportedError(
            f"xclbin_opts names no {engine} engine (run{engine} is not 1), but it has "
            f"{', '.join(sorted(configuration.engines)) or 'none'}"
        )
    if getattr(args, "lib", None):
        require_library(os.fspath(args.lib))
    cfg = getattr(args, "cfg", None)
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


def sendMat(A, idxKernel=0, idxDevice: int | str = 0) -> bool:
    """Copies A, of any layout, to the compute unit; sent again, it goes to the same place.

    Matrices follow one another in memory from page 2 on, each at a page of 4096 bytes.
    """
    session(idxDevice).send(A, idxKernel)
    return True


def getMat(A, idxKernel=0, idxDevice: int | str = 0) -> bool:
    """Runs what is still queued, then copies the matrix back into A (C-contiguous)."""
    session(idxDevice).get(A, idxKernel)
    return True


def getMatByAddress(A, offset, idxKernel=0, idxDevice: int | str = 0) -> bool:
    """Runs what is still queued, then fills A (C-contiguous) from a page offset."""
    found = session(idxDevice)
    unit = found.unit(idxKernel)
    arrays.require_array("A", A)
    arrays.require_dtype("A", A, found.device.dtype, found.device.addend_dtype)
    arrays.require_writable("A", A)
    unit.call(lib.xfblasGetByAddress, pointer(A), A.nbytes, require_index("offset", offset))
    return True


def freeMat(A, idxKernel=0, idxDevice: int | str = 0) -> bool:
    """Frees A's place on the compute unit."""
    session(idxDevice).free(A, idxKernel)
    return True


def gemmOp(A, B, C, idxKernel=0, idxDevice: int | str = 0) -> bool:
    """Queues C = A*B + C."""
    found = session(idxDevice)
    unit = found.unit(idxKernel)
    m, k, n = _product_sizes(found, A, B, C)
    a, b, c = (found.pointer(*named, idxKernel) for named in (("A", A), ("B", B), ("C", C)))
    unit.call(lib.xfblasGemm, m, n, k, 1, a, k, b, n, 1, c, n)
    return True


def gemvOp(A, x, y, idxKernel=0, idxDevice: int | str = 0) -> bool:
    """Queues y = A*x + y for A (m, n), x of n and y of m elements."""
    found = session(idxDevice)
    unit = found.unit(idxKernel)
    for name, array in (("A", A), ("x", x), ("y", y)):
        arrays.require_array(name, array)
        arrays.require_dtype(name, array, found.device.dtype)
    arrays.require_dimensions("A", A, 2)
    m, n = A.shape
    for name, array, size in (("x", x, n), ("y", y, m)):
        if array.size != size:
            raise InvalidValueError(f"{name} has {array.size} elements, expected {size}")
    a, vector, result = (
        found.pointer(*named, idxKernel) for named in (("A", A), ("x", x), ("y", y))
    )
    unit.call(lib.xfblasGemv, m, n, 1, a, n, vector, 1, 1, result, 1)
    return True


def fcnOp(
    A,
    B,
    C,
    X,
    postScale=1,
    postShift=0,
    preluScale=1,
    preluAlpha=0,
    idxKernel=0,
    idxDevice: int | str = 0,
) -> bool:
    """Queues C = pRelu(((A*B + X) * postScale) >> postShift).

    X is (m, n), or one row of n values that is added to every row; on an image with XVEC=1 the
    rows of X are equal. postScale is 0 to 65535, postShift 0 to 255, preluScale -512 to 511 and
    preluAlpha 0 to 31.
    """
    found = session(idxDevice)
    unit = found.unit(idxKernel)
    m, k, n = _product_sizes(found, A, B, C)
    flags = _addend_flags(found, X, m, n)
    a, b, c, x = (
        found.pointer(*named, idxKernel) for named in (("A", A), ("B", B), ("C", C), ("X", X))
    )
    scales = _scales(postScale, postShift, preluScale, preluAlpha)
    unit.call(lib.xfblasFcn, m, n, k, 1, a, k, b, n, 1, c, n, x, n, *scales, flags)
    return True


def fcnOpByAddress(
    a,
    b,
    c,
    x,
    A,
    B,
    C,
    X,
    postScale=1,
    postShift=0,
    preluScale=1,
    preluAlpha=0,
    idxKernel=0,
    idxDevice: int | str = 0,
) -> bool:
    """Queues :func:`fcnOp` on operands at page offsets a, b, c, x; the arrays give the shapes."""
    found = session(idxDevice)
    unit = found.unit(idxKernel)
    m, k, n = _product_sizes(found, A, B, C)
    flags = _addend_flags(found, X, m, n)
    offsets = [require_index(name, page) for name, page in (("a", a), ("b", b), ("c", c), ("x", x))]
    scales = _scales(postScale, postShift, preluScale, preluAlpha)
    unit.call(lib.xfblasFcnByAddress, *offsets, m, n, k, k, n, n, n, *scales, flags)
    return True


def execute(idxKernel=0, idxDevice: int | str = 0) -> bool:
    """Runs what was queued since the last run; where nothing was, the program again."""
    session(idxDevice).unit(idxKernel).execute()
    return True


def executeAsync(numKernel=1, idxDevice: int | str = 0) -> bool:
    """Starts the first numKernel compute units together; reading a result waits for its unit."""
    session(idxDevice).device.execute_async(numKernel)
    return True


def freeInstr(idxKernel=0, idxDevice: int | str = 0) -> bool:
    """Forgets the compute unit's program."""
    session(idxDevice).unit(idxKernel).clear()
    return True


def destroy(numKernel=1, idxDevice: int | str = 0) -> bool:
    """Frees the device and everything on it."""
    require_index("numKernel", numKernel)
    close(idxDevice)
    return True


def _product_sizes(found, A, B, C):
    for name, array in (("A", A), ("B", B), ("C", C)):
        arrays.require_array(name, array)
        arrays.require_dimensions(name, array, 2)
        arrays.require_dtype(name, array, found.device.dtype)
    (m, k), n = A.shape, B.shape[1]
    if B.shape[0] != k:
        raise InvalidValueError(f"B has shape {B.shape}, expected {k} rows as A has columns")
    arrays.require_shape("C", C, (m, n))
    return m, k, n


def _addend_flags(found, X, m, n) -> int:
    arrays.require_array("X", X)
    arrays.require_dtype("X", X, found.device.addend_dtype)
    if X.shape == (m, n):
        if found.device.x_is_row and not (X[0] == X).all():
            raise InvalidValueError(
                "X has rows that differ, but this image takes one row for all of C (XVEC=1)"
            )
        return 0
    if X.size == n and X.shape in ((n,), (1, n)):
        return BIAS_ROW
    raise InvalidValueError(f"X has shape {X.shape}, expected {(m, n)}, {(1, n)} or {(n,)}")


def _scales(*values):
    names = ("postScale", "postShift", "preluScale", "preluAlpha")
    return [require_integer(name, value) for name, value in zip(names, values, strict=True)]


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
