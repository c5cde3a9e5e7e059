"""Leading dimensions as C programs give them, with matrices of either kind, against the oracle."""

import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from targets import examples

import xfblas
from xfblas import errors
from xfblas.device.binding import ffi, lib, pointer

seeds = st.integers(0, 2**32 - 1)
IMAGES = st.sampled_from(["default_short", "seed_short"])


def random_matrix(generator, rows, columns, dtype=np.int16):
    limits = np.iinfo(dtype)
    return generator.integers(limits.min, limits.max + 1, (rows, columns)).astype(dtype)


def allocated(unit, array):
    """Device memory of the array's shape, by xfblasMalloc: its columns are the lda given there."""
    place = ffi.new("void **")
    unit.call(lib.xfblasMalloc, place, *array.shape, array.itemsize)
    rows, columns = array.shape
    unit.call(lib.xfblasSetMatrix, rows, columns, array.itemsize, pointer(array), columns, place[0])
    return place[0]


def read_back(unit, place, like):
    found = np.empty_like(like)
    rows, columns = like.shape
    unit.call(lib.xfblasGetMatrix, rows, columns, like.itemsize, place, pointer(found), columns)
    return found


def sizes_for(generator, unit):
    """m, k, n and larger leading dimensions, each a multiple of what the image pads to."""
    step = unit.device.paddings[0]
    m, k, n = (int(size) * step for size in generator.integers(1, 4 if step > 1 else 40, 3))
    wider = [int(extra) * step for extra in generator.integers(0, 3, 4)]
    return (m, k, n), (k + wider[0], n + wider[1], n + wider[2], n + wider[3])


@examples(30)
@given(seeds, IMAGES)
def test_gemm_on_parts_of_allocated_matrices(seed, image):
    generator = np.random.default_rng(seed)
    with xfblas.open(xfblas.image_path(image), engine="Gemm") as device:
        unit = device.compute_units[0]
        (m, k, n), (lda, ldb, ldc, _) = sizes_for(generator, unit)
        a, b = random_matrix(generator, m + 1, lda), random_matrix(generator, k + 2, ldb)
        c = random_matrix(generator, m + 3, ldc)
        places = [allocated(unit, array) for array in (a, b, c)]
        unit.call(lib.xfblasGemm, m, n, k, 1, places[0], lda, places[1], ldb, 1, places[2], ldc)
        expected = c.copy()
        expected[:m, :n] = oracle.gemm(a[:m, :k], b[:k, :n], c[:m, :n])
        np.testing.assert_array_equal(read_back(unit, places[2], c), expected)


@examples(30)
@given(seeds, IMAGES, st.booleans())
def test_fcn_on_parts_of_allocated_matrices(seed, image, is_row):
    generator = np.random.default_rng(seed)
    with xfblas.open(xfblas.image_path(image)) as device:
        unit = device.compute_units[0]
        (m, k, n), (lda, ldb, ldc, ldx) = sizes_for(generator, unit)
        a, b = random_matrix(generator, m, lda), random_matrix(generator, k, ldb)
        c, x = random_matrix(generator, m, ldc), random_matrix(generator, m, ldx, np.int32)
        x = x[:1].copy() if is_row else x
        places = [allocated(unit, array) for array in (a, b, c, x)]
        product = (m, n, k, 1, places[0], lda, places[1], ldb, 1, places[2], ldc, places[3], ldx)
        unit.call(lib.xfblasFcn, *product, 3, 11, 410, 11, 4 * is_row)
        expected = c.copy()
        addend = x[0, :n] if is_row else x[:m, :n]
        expected[:m, :n] = oracle.fcn(a[:m, :k], b[:k, :n], addend, (3, 11), (410, 11))
        np.testing.assert_array_equal(read_back(unit, places[2], c), expected)


@examples(30)
@given(seeds, IMAGES)
def test_gemv_on_parts_of_allocated_matrices(seed, image):
    generator = np.random.default_rng(seed)
    with xfblas.open(xfblas.image_path(image), engine="Gemv") as device:
        unit = device.compute_units[0]
        (m, n, _), (lda, *_) = sizes_for(generator, unit)
        a, x, y = (random_matrix(generator, *s) for s in ((m + 1, lda), (1, n), (1, m)))
        places = [allocated(unit, array) for array in (a, x, y)]
        unit.call(lib.xfblasGemv, m, n, 1, places[0], lda, places[1], 1, 1, places[2], 1)
        expected = oracle.gemm(a[:m, :n], x.T, y.T).T
        np.testing.assert_array_equal(read_back(unit, places[2], y), expected)


@examples(30)
@given(seeds, IMAGES)
def test_sent_matrices_have_the_layout_of_the_host(seed, image):
    generator = np.random.default_rng(seed)
    with xfblas.open(xfblas.image_path(image), engine="Gemm") as device:
        unit = device.compute_units[0]
        (m, k, n), (lda, ldb, ldc, _) = sizes_for(generator, unit)
        a, b, c = (random_matrix(generator, *s) for s in ((m, lda), (k, ldb), (m, ldc)))
        expected = c.copy()
        expected[:m, :n] = oracle.gemm(a[:m, :k], b[:k, :n], c[:m, :n])
        for array in (a, b, c):
            unit.call(lib.xfblasSend, pointer(array), array.size, array.itemsize)
        product = (pointer(a), lda, pointer(b), ldb, 1, pointer(c), ldc)
        unit.call(lib.xfblasGemm, m, n, k, 1, *product)
        unit.call(lib.xfblasGet, pointer(c))
        np.testing.assert_array_equal(c, expected)


@pytest.mark.parametrize("image", ["default_short", "seed_short"])
def test_another_leading_dimension_is_refused(image, generator):
    with xfblas.open(xfblas.image_path(image), engine="Gemm") as device:
        unit = device.compute_units[0]
        a, b, c = (random_matrix(generator, *s) for s in ((6, 8), (8, 5), (6, 5)))
        places = [allocated(unit, array) for array in (a, b, c)]

        def gemm(lda=8, ldb=5, ldc=5, k=8):
            product = (places[0], lda, places[1], ldb, 1, places[2], ldc)
            unit.call(lib.xfblasGemm, 6, 5, k, 1, *product)

        for wrong in (1, 7, 9, 100, 0, -8):
            for name, matrix, size in (("lda", "A", 8), ("ldb", "B", 5), ("ldc", "C", 5)):
                text = f"{name} is {wrong}, but {matrix} was allocated with .* dimension of {size}"
                with pytest.raises(errors.InvalidValueError, match=text):
                    gemm(**{name: wrong})
        if device.paddings[1] > 1:
            with pytest.raises(errors.NotPaddedError, match="k is 3, a part of the 8 of A"):
                gemm(k=3)
        else:
            gemm(k=3)
            np.testing.assert_array_equal(
                read_back(unit, places[2], c), oracle.gemm(a[:, :3], b[:3], c)
            )
            unit.call(lib.xfblasSetMatrix, 6, 5, 2, pointer(c), 5, places[2])
        unit.clear()
        gemm()
        np.testing.assert_array_equal(read_back(unit, places[2], c), oracle.gemm(a, b, c))


def test_parts_that_would_change_what_lies_beyond(generator):
    """On an image that pads, a sum's padding would fall on rows and columns of the same matrix."""
    with xfblas.open(xfblas.image_path("seed_short"), engine="Gemm") as device:
        unit = device.compute_units[0]
        a, b, c = (random_matrix(generator, *s) for s in ((6, 8), (8, 5), (9, 7)))
        places = [allocated(unit, array) for array in (a, b, c)]
        for m, n, text in ((6, 5, "n is 5, a part of the 7 of C"), (6, 7, "B was allocated as")):
            with pytest.raises(errors.InvalidValueError, match=text):
                product = (places[0], 8, places[1], 5, 1, places[2], 7)
                unit.call(lib.xfblasGemm, m, n, 8, 1, *product)
        c = random_matrix(generator, 9, 5)
        places[2] = allocated(unit, c)
        with pytest.raises(errors.NotPaddedError, match="m is 6, a part of the 9 of C"):
            product = (places[0], 8, places[1], 5, 1, places[2], 5)
            unit.call(lib.xfblasGemm, 6, 5, 8, 1, *product)
        np.testing.assert_array_equal(read_back(unit, places[2], c), c)


@pytest.mark.parametrize("image", ["default_short", "seed_short"])
def test_one_row_has_no_leading_dimension(image, generator):
    with xfblas.open(xfblas.image_path(image), engine="Gemm") as device:
        unit = device.compute_units[0]
        a, b, c = (random_matrix(generator, *s) for s in ((1, 8), (8, 5), (1, 5)))
        places = [allocated(unit, array) for array in (a, b, c)]
        product = (places[0], 90, places[1], 5, 1, places[2], 70)
        unit.call(lib.xfblasGemm, 1, 5, 8, 1, *product)
        np.testing.assert_array_equal(read_back(unit, places[2], c), oracle.gemm(a, b, c))


@pytest.mark.parametrize("image", ["default_short", "seed_short"])
def test_a_kept_matrix_of_a_whole_call(image, generator):
    with xfblas.open(xfblas.image_path(image), engine="Gemm") as device:
        unit = device.compute_units[0]
        a, b, c = (random_matrix(generator, *s) for s in ((6, 8), (8, 5), (6, 5)))
        kept = allocated(unit, b)

        def matmul(ldb):
            product = (pointer(a), 8, ffi.NULL, ldb, kept, pointer(c), 5)
            unit.call(lib.xfblasMatmul, 6, 5, 8, *product)

        for wrong in (4, 6, 0, -5):
            with pytest.raises(errors.InvalidValueError, match=f"ldb is {wrong}, but d_B was"):
                matmul(wrong)
        matmul(5)
        np.testing.assert_array_equal(c, oracle.fcn(a, b))
