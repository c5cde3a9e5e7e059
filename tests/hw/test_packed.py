"""The packed layout of the header is the one that the kernels' tests use."""

import ctypes
import subprocess

import numpy as np
import pytest
from kernels import HW, pack


@pytest.fixture(scope="module")
def library():
    path = HW / "build" / "packed.so"
    path.parent.mkdir(exist_ok=True)
    source = HW.parent / "tests/hw/packed.cpp"
    subprocess.run(
        [
            "g++",
            "-std=c++14",
            "-O1",
            "-shared",
            "-fPIC",
            "-Wall",
            "-Wextra",
            f"-I{HW / 'include'}",
            str(source),
            "-o",
            str(path),
        ],
        check=True,
    )
    library = ctypes.CDLL(str(path))
    for function in (library.packed_elements, library.packed_place):
        function.restype = ctypes.c_uint64
    return library


@pytest.mark.parametrize("k, across", [(1, 1), (3, 4), (5, 7), (2, 8), (4, 9), (3, 17), (6, 24)])
def test_header_and_tests_pack_alike(library, k, across):
    tile, strip = ctypes.c_uint32(8), ctypes.c_uint32(4)
    matrix = np.arange(1, k * across + 1, dtype=np.int16).reshape(k, across)
    expected = pack(matrix, 8, 4)
    sizes = [ctypes.c_uint64(size) for size in (k, across)]
    assert library.packed_elements(tile, strip, *sizes) == expected.size
    for i, j in np.ndindex(k, across):
        place = library.packed_place(tile, strip, *sizes, ctypes.c_uint64(i), ctypes.c_uint64(j))
        assert expected[place] == matrix[i, j]
    for source, strides in ((matrix, (across, 1)), (matrix.T.copy(), (1, k))):
        got = np.full(expected.size, -1, np.int16)
        library.pack_int16(
            tile,
            strip,
            *sizes,
            source.ctypes.data_as(ctypes.c_void_p),
            *(ctypes.c_uint64(stride) for stride in strides),
            got.ctypes.data_as(ctypes.c_void_p),
        )
        assert np.array_equal(got, expected)
