"""Calls the C functions as the public library's ctypes module does, of 2019 and of 2020.

    public_module.py LIBRARY IMAGE YEAR

Nothing of this project is imported, so that the library finds its engine by itself.
"""

import sys
from ctypes import c_bool, c_char_p, c_int, c_short, c_uint, c_ulonglong, cdll

import numpy as np

MATRIX = np.ctypeslib.ndpointer(flags="C_CONTIGUOUS")
UNIT = [c_uint, c_uint]
GEMM = [*[c_uint] * 4, MATRIX, c_uint, MATRIX, c_uint, c_uint, MATRIX, c_uint]
FCN = [*GEMM, MATRIX, c_uint, c_int, c_int, c_short, c_short]


class Module:
    """The functions with the argument types that the module declares; some have no result type."""

    def __init__(self, path, year):
        self.year, self.lib = year, cdll.LoadLibrary(path)
        log = [c_char_p] if year == 2019 else []
        self.declare("Create", [c_char_p, c_char_p, *log, *UNIT])
        self.declare("Send", [MATRIX, c_ulonglong, c_uint, *UNIT])
        self.declare("Get", [MATRIX, *UNIT])
        self.declare("Gemm", [*GEMM, *UNIT])
        self.declare(
            "Gemv", [*[c_uint] * 3, MATRIX, c_uint, MATRIX, c_uint, c_uint, MATRIX, c_uint, *UNIT]
        )
        self.declare("Fcn", [*FCN, *UNIT])
        self.declare("GetByAddress", [MATRIX, c_ulonglong, c_uint, *UNIT])
        self.lib.xfblasFree.argtypes = [MATRIX, *UNIT]
        self.lib.xfblasFcnByAddress.argtypes = [
            *[c_uint] * 11,
            c_int,
            c_int,
            c_short,
            c_short,
            *UNIT,
        ]
        for name in ("FreeInstr", "Destroy", "ExecuteAsync", "Execute"):
            getattr(self.lib, f"xfblas{name}").argtypes = UNIT
        self.lib.xfblasLastError.restype = c_char_p

    def declare(self, name, types):
        function = getattr(self.lib, f"xfblas{name}")
        function.argtypes, function.restype = types, c_bool

    def create(self, xclbin, engine, kernels=1, device=0):
        log = [b"xrt_log.txt"] if self.year == 2019 else []
        return self.lib.xfblasCreate(xclbin.encode(), engine, *log, kernels, device)

    def send(self, a, kernel=0, device=0):
        return self.lib.xfblasSend(a, c_ulonglong(a.size), c_uint(a.itemsize), kernel, device)

    def sizes(self, a, b):
        """m, n, k; in 2019 m, k, n."""
        sizes = a.shape[0], b.shape[1], a.shape[1]
        return (sizes[0], sizes[2], sizes[1]) if self.year == 2019 else sizes

    def gemm(self, a, b, c, kernel=0, device=0):
        k, n = b.shape
        return self.lib.xfblasGemm(*self.sizes(a, b), 1, a, k, b, n, 1, c, n, kernel, device)

    def gemv(self, a, x, y, kernel=0, device=0):
        m, n = a.shape
        return self.lib.xfblasGemv(m, n, 1, a, n, x, 1, 1, y, 1, kernel, device)

    def fcn(self, a, b, c, x, scales, kernel=0, device=0):
        k, n = b.shape
        product = (*self.sizes(a, b), 1, a, k, b, n, 1, c, n, x, n)
        return self.lib.xfblasFcn(*product, *scales, kernel, device)

    def fcn_by_address(self, pages, a, b, scales, kernel=0, device=0):
        (m, k), n = a.shape, b.shape[1]
        return self.lib.xfblasFcnByAddress(*pages, m, n, k, k, n, n, n, *scales, kernel, device)

    def read(self, a, page, kernel=0, device=0):
        return self.lib.xfblasGetByAddress(a, c_ulonglong(a.nbytes), page, kernel, device)


def matrix(generator, *shape, dtype=np.int16, largest=99):
    return generator.integers(-largest, largest, shape).astype(dtype)


def layer(a, b, x, scales):
    """What Fcn computes, where neither sums nor results leave their range."""
    scale, shift, prelu, alpha = scales
    t = ((a.astype(np.int64) @ b + x) * scale) >> shift
    return np.where(t >= 0, t, (t * prelu) >> alpha).astype(np.int16)


def run_gemm(module, image, generator):
    lib = module.lib
    assert module.create(image, b"Gemm", 1, 0)
    a, b, c = (matrix(generator, *s) for s in ((128, 256), (256, 384), (128, 384)))
    expected = a @ b + c
    assert all(module.send(array) for array in (a, b, c))
    assert module.gemm(a, b, c)
    assert lib.xfblasGet(c, 0, 0)
    np.testing.assert_array_equal(c, expected)
    assert lib.xfblasFreeInstr(0, 0) == 1
    assert lib.xfblasFree(c, 0, 0) == 1
    assert lib.xfblasDestroy(1, 0) == 1


def run_gemv(module, image, generator):
    assert module.create(image, b"Gemv", 1, 2)
    a, x, y = (matrix(generator, *s) for s in ((256, 128), (128,), (256,)))
    expected = a @ x + y
    assert all(module.send(array, 0, 2) for array in (a, x, y))
    assert module.gemv(a, x, y, 0, 2)
    assert module.lib.xfblasExecute(0, 2) == 1
    assert module.lib.xfblasGet(y, 0, 2)
    np.testing.assert_array_equal(y, expected)
    assert module.lib.xfblasDestroy(1, 2) == 1


def run_fcn(module, image, generator, units):
    """A layer by matrices, then two by addresses, on every compute unit at once."""
    lib, scales = module.lib, ((3, 9, 0, 0), (1, 4, 410, 11))
    assert module.create(image, b"Fcn", units, 0)
    a, b, d = (matrix(generator, *s, largest=30) for s in ((128, 256), (256, 128), (128, 128)))
    c = np.zeros((128, 128), np.int16)
    x, y = (matrix(generator, 128, 128, dtype=np.int32, largest=9999) for _ in range(2))
    first = layer(a, b, x, scales[0])
    second = layer(first, d, y, scales[1])
    for unit in range(units):
        pages = [2]
        for array in (b, d, x, y, a):
            assert module.send(array, unit)
            pages.append(int(array.nbytes / 4096 + pages[-1]))
        pages.append(int(first.nbytes / 4096 + pages[-1]))
        assert lib.xfblasFreeInstr(unit, 0) == 1
        operands = (pages[4], pages[0], pages[5], pages[2])
        assert module.fcn_by_address(operands, a, b, scales[0], unit) == 1
        operands = (pages[5], pages[1], pages[6], pages[3])
        assert module.fcn_by_address(operands, first, d, scales[1], unit) == 1
    assert lib.xfblasExecuteAsync(units, 0) == 1
    for unit in range(units):
        found = np.empty_like(second)
        assert module.read(found, pages[6], unit)
        np.testing.assert_array_equal(found, second)
        assert lib.xfblasFreeInstr(unit, 0) == 1
        assert module.send(c, unit)
        assert module.fcn(a, b, c, x, scales[0], unit)
        assert lib.xfblasGet(c, unit, 0)
        np.testing.assert_array_equal(c, first)
    assert lib.xfblasDestroy(units, 0) == 1


def run_misuse(module, image, generator):
    """Every wrong call says so and changes nothing; the device then computes."""
    lib = module.lib
    a, b, c = (matrix(generator, 128, 128) for _ in range(3))

    def fails(result, text):
        assert result in (0, False), text
        assert text in lib.xfblasLastError().decode(), lib.xfblasLastError()

    for call in (
        lambda: module.send(a),
        lambda: lib.xfblasGet(a, 0, 0),
        lambda: module.gemm(a, b, c),
        lambda: module.gemv(a, b, c),
        lambda: module.fcn(a, b, c, c, (1, 0, 1, 0)),
        lambda: module.fcn_by_address((2, 3, 4, 5), a, b, (1, 0, 1, 0)),
        lambda: module.read(c, 2),
        lambda: lib.xfblasFree(a, 0, 0),
        lambda: lib.xfblasFreeInstr(0, 0),
        lambda: lib.xfblasExecute(0, 0),
        lambda: lib.xfblasExecuteAsync(1, 0),
        lambda: lib.xfblasDestroy(1, 0),
    ):
        fails(call(), "device 0 was not created")
    fails(module.create("missing.xclbin", b"Gemm"), "missing.xclbin")
    fails(module.create(image, b"Spmv"), "Spmv")
    fails(module.create(image, b"Gemm", 0), "kernelNumber is 0")
    fails(module.create(image, b"Gemm", 999), "compute units is 999")
    fails(module.create(image, b"Gemm", 1, 4000), "device index is 4000")
    assert module.create(image, b"Gemm")
    fails(module.create(image, b"Gemm"), "device 0 is in use already")
    fails(module.gemm(a, b, c), "is not on compute unit 0")
    fails(lib.xfblasGet(a, 0, 0), "never sent")
    fails(lib.xfblasFree(a, 0, 0), "never sent")
    fails(module.send(a, 7), "kernelIndex is 7")
    fails(module.send(a.astype(float)), "elemSize is 8")
    fails(lib.xfblasSend(a, c_ulonglong(0), c_uint(2), 0, 0), "numElem is 0")
    fails(lib.xfblasExecute(0, 0), "no instruction is queued")
    fails(lib.xfblasExecuteAsync(9, 0), "numKernels is 9")
    fails(module.read(c, 2**31), "offset is page")
    assert all(module.send(array) for array in (a, b, c))
    fails(module.fcn(a, b, c, c, (1, 0, 1, 0)), "does not run Fcn")
    fails(lib.xfblasGemm(128, 128, 128, 2, a, 128, b, 128, 1, c, 128, 0, 0), "alpha is 2")
    fails(lib.xfblasGemm(128, 128, 128, 1, a, 64, b, 128, 1, c, 128, 0, 0), "leading dimension")
    expected = a @ b + c
    assert module.gemm(a, b, c)
    assert lib.xfblasGet(c, 0, 0)
    np.testing.assert_array_equal(c, expected)
    assert lib.xfblasDestroy(1, 0) == 1
    fails(module.send(a), "device 0 was not created, or was destroyed")


def main():
    path, image, year = sys.argv[1], sys.argv[2], int(sys.argv[3])
    module, generator = Module(path, year), np.random.default_rng(7)
    run_gemm(module, image, generator)
    run_gemv(module, image, generator)
    for units in (1, 2) if "default" in image else (1,):
        run_fcn(module, image, generator, units)
    run_misuse(module, image, generator)
    print("all results are right")


if __name__ == "__main__":
    main()
