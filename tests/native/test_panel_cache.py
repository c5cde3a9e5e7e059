"""Packed weights are kept until their bytes change, whoever changes them."""

import numpy as np
import oracle
import pytest

import xfblas
from xfblas.device.binding import lib, pointer

LOW, WIDE = (1, 3), (5, 20)  # epilogues: the second needs sums of 48 bits


@pytest.fixture
def unit():
    with xfblas.open() as device:
        yield device.compute_units[0]


def random_int16(generator, *shape):
    return generator.integers(-32768, 32768, shape).astype(np.int16)


def check(unit, a, b, weights, post=WIDE):
    """A product with the device's B, which must hold these weights."""
    c = unit.empty((a.shape[0], b.shape[1]))
    unit.clear()
    unit.fcn(a, b, c, None, *post)
    np.testing.assert_array_equal(
        c.read(), oracle.fcn(a.read(), weights, post=post), "the weights are stale"
    )


def use_often(unit, a, b, weights):
    """So often that the weights were packed both for low bits and for 48 bits."""
    for post in (LOW, LOW, WIDE, WIDE, LOW):
        check(unit, a, b, weights, post)


def test_writing_all_or_a_part(unit, generator):
    a, weights = unit.send(random_int16(generator, 7, 40)), random_int16(generator, 40, 50)
    b = unit.send(weights)
    use_often(unit, a, b, weights)
    weights = random_int16(generator, 40, 50)
    b.write(weights)
    use_often(unit, a, b, weights)
    weights[:3, :2] = 17
    b.write(weights[:3, :2])
    use_often(unit, a, b, weights)


def test_results_over_weights(unit, generator):
    """B is the C of another instruction of the same program, or of one before."""
    first, second = random_int16(generator, 40, 30), random_int16(generator, 30, 50)
    a, b, left, right = (
        unit.send(array)
        for array in (
            random_int16(generator, 7, 40), np.zeros((40, 50), np.int16), first, second,
        )
    )  # fmt: skip
    use_often(unit, a, b, np.zeros((40, 50), np.int16))
    c = unit.empty((7, 50))
    unit.clear()
    for post in (LOW, WIDE):
        unit.fcn(a, b, c, None, *WIDE)
        unit.fcn(left, right, b, None, *post)
        unit.fcn(a, b, c, None, *WIDE)
    weights = oracle.fcn(first, second, post=WIDE)
    np.testing.assert_array_equal(c.read(), oracle.fcn(a.read(), weights, post=WIDE))
    use_often(unit, a, b, weights)


def test_freed_pages_that_hold_other_weights(unit, generator):
    a = unit.send(random_int16(generator, 7, 40))
    for _ in range(5):
        weights = random_int16(generator, 40, 50)
        b = unit.send(weights)
        use_often(unit, a, b, weights)
        page = b.page
        b.free()
        # The same pages as zeros, in another shape, and then in the first one again.
        b = unit.empty((40, 50))
        assert b.page == page
        check(unit, a, b, np.zeros((40, 50), np.int16))
        b.free()
        weights = random_int16(generator, 40, 20)
        use_often(unit, a, unit.send(weights), weights)


def test_matmul_with_kept_weights(generator):
    a = random_int16(generator, 9, 40)
    with xfblas.open(engine="Gemm") as device:
        b = device.compute_units[0].empty((40, 50))
        assert (xfblas.matmul(a, b) == 0).all()
        for _ in range(3):
            weights = random_int16(generator, 40, 50)
            b.write(weights)
            for _ in range(2):
                np.testing.assert_array_equal(xfblas.matmul(a, b), a @ weights)


def test_units_do_not_share_weights(generator):
    a = random_int16(generator, 9, 40)
    with xfblas.open(engine="Gemm") as device:
        sent = []
        for unit in device.compute_units:
            weights = random_int16(generator, 40, 50)
            sent.append((unit.send(weights), weights))
        assert len({b.page for b, _ in sent}) == 1
        for _ in range(3):
            for b, weights in sent:
                np.testing.assert_array_equal(xfblas.matmul(a, b), a @ weights)


class SharedPages:
    """One sent array of pages and a copy of it, over which operands lie by their page offsets."""

    PAGES, ELEMENTS = 24, 2048  # of a page

    def __init__(self, unit, generator):
        self.unit, self.generator = unit, generator
        self.array = random_int16(generator, self.PAGES * self.ELEMENTS)
        self.send()

    def send(self):
        self.unit.call(lib.xfblasSend, pointer(self.array), self.array.size, 2)

    def view(self, page, rows, columns, leading):
        start = page * self.ELEMENTS
        step = self.array.itemsize
        return np.lib.stride_tricks.as_strided(
            self.array[start:], (rows, columns), (leading * step, step)
        )

    def product(self, a_page, b_page, c_page, m, k, n, lda, ldb, ldc, post):
        a, b = self.view(a_page, m, k, lda), self.view(b_page, k, n, ldb)
        self.unit.call(
            *(lib.xfblasFcnByAddress, a_page + 2, b_page + 2, c_page + 2, 0),
            *(m, n, k, lda, ldb, ldc, 0, *post, 1, 0, 0),
        )
        self.view(c_page, m, n, ldc)[:] = oracle.fcn(a, b, post=post)

    def read(self):
        found = np.empty_like(self.array)
        self.unit.call(lib.xfblasGetByAddress, pointer(found), found.nbytes, 2)
        return found


def test_random_products_over_the_same_pages(unit, generator):
    """Views of B with other pages, sizes and leading dimensions; C and the host write over them."""
    memory = SharedPages(unit, generator)
    views = [  # page, k, n, ldb: up to six pages, overlapping
        (2, 40, 50, 50), (2, 40, 50, 64), (2, 39, 50, 50), (2, 40, 49, 50), (3, 40, 50, 50),
        (4, 30, 200, 256), (2, 90, 60, 60), (6, 17, 33, 40),
    ]  # fmt: skip
    for step in range(600):
        kind = generator.integers(20)
        if kind == 0:
            unit.flush()
            unit.clear()
            start, count = generator.integers(0, memory.array.size, 2)
            part = memory.array[start : start + count // 8]
            part[:] = generator.integers(-32768, 32768, part.size)
            memory.send()
            continue
        page, k, n, ldb = views[generator.integers(len(views))]
        post = LOW if generator.integers(2) else WIDE
        # C lies behind all views, or (seldom) over one of those that this product does not use.
        end = page + -(-((k - 1) * ldb + n) // memory.ELEMENTS)
        c_page, ldc = 16, n
        if kind < 4:
            free = [p for p in range(2, 10) if p + 1 <= page or p >= end]
            c_page, ldc = int(generator.choice(free)), n + int(generator.integers(20))
        m = int(generator.integers(1, 8)) if c_page != 16 else int(generator.integers(1, 26))
        memory.product(20, page, c_page, m, k, n, 96, ldb, ldc, post)
        if step % 20 == 0 or c_page != 16:
            unit.flush()
            unit.clear()
            np.testing.assert_array_equal(memory.read(), memory.array, f"step {step}")


def test_many_matrices_that_are_used_once(unit, generator):
    """More than are remembered; the first of them are packed again."""
    a = unit.send(random_int16(generator, 2, 3))
    memory = random_int16(generator, 3, 6000)
    b = unit.send(memory)
    c = unit.empty((2, 6000))
    for _ in range(2):
        for n in range(1, 5000, 3):
            product = (2, n, 3, a.page, b.page, c.page)
            m, n, k, *pages = product
            unit.call(
                *(lib.xfblasFcnByAddress, *pages, 0, m, n, k, 3, 6000, 6000, 0),
                *(*WIDE, 1, 0, 0),
            )
        unit.flush()
        unit.clear()
        expected = oracle.fcn(a.read(), memory, post=WIDE)
        np.testing.assert_array_equal(c.read()[:, :n], expected[:, :n])
