"""``send(b, keep="packed")``: one copy of B, whose rows come back where something asks for them."""

import subprocess
import sys

import numpy as np
import pytest

import xfblas
from xfblas.device.binding import lib
from xfblas.errors import InvalidValueError, NotSupportedError


@pytest.fixture(params=[np.int16, np.int8, np.float32])
def unit(request):
    with xfblas.open(engine="Fcn", dtype=request.param) as device:
        yield device.compute_units[0]


def operands(generator, dtype, m=5, k=37, n=70):
    return (generator.integers(-100, 100, shape).astype(dtype) for shape in ((m, k), (k, n)))


def read(matrix):
    """Its elements, or None where the target has them in a layout of its own."""
    try:
        return matrix.read()
    except NotSupportedError:
        return None


def assert_holds(matrix, expected, a):
    np.testing.assert_array_equal(xfblas.matmul(a, matrix), a @ expected)
    found = read(matrix)
    assert found is None or (found == expected).all()
    np.testing.assert_array_equal(xfblas.matmul(a, matrix), a @ expected)


def test_products_and_rows_are_those_of_b(unit, generator):
    a, b = operands(generator, unit.device.dtype)
    assert_holds(unit.send(b, keep="packed"), b, a)
    other = unit.send(b[:, ::-1], keep="packed")
    assert_holds(other, b[:, ::-1], a)


def test_what_is_written_later_counts(unit, generator):
    a, b = operands(generator, unit.device.dtype)
    kept = unit.send(b, keep="packed")
    xfblas.matmul(a, kept)
    kept.write(b[::-1])
    assert_holds(kept, b[::-1], a)
    if read(kept) is not None:
        kept.write(b[::-1])
        kept.write(b[:3, :4])  # the rest must come back around it
        expected = b[::-1].copy()
        expected[:3, :4] = b[:3, :4]
        assert_holds(kept, expected, a)


def test_programs_take_it(unit, generator):
    a, b = operands(generator, unit.device.dtype)
    kept = unit.send(b, keep="packed")
    sent, c = unit.send(a), unit.empty((len(a), b.shape[1]))
    unit.fcn(sent, kept, c)
    for shift in (0, 3, 18) if unit.device.dtype != np.float32 else (0,):
        unit.clear()
        unit.fcn(sent, kept, c, post_shift=shift)
        unit.execute()
        sums = a.astype(np.int64) @ b.astype(np.int64) >> shift
        np.testing.assert_array_equal(c.read(), sums.astype(a.dtype))
        kept.write(b)


def test_programs_take_it_as_another_operand(unit, generator):
    """As A, and as a part of B that begins in the same place."""
    a, b = operands(generator, unit.device.dtype)
    kept = unit.send(b, keep="packed")
    if read(kept) is None:
        return  # where it is packed as the kernel takes it, this is refused
    identity = unit.send(np.eye(b.shape[1], dtype=b.dtype))
    c, d = unit.empty(b.shape), unit.empty((len(a), 9))
    kept.write(b)
    unit.fcn(kept, identity, c)
    unit.execute()
    np.testing.assert_array_equal(c.read(), b)
    kept.write(b)
    sent, (m, k) = unit.send(a), a.shape
    pages = (sent.page, kept.page, d.page, 0)
    leading = (k, b.shape[1], 9, 9)
    unit.clear()
    unit.call(lib.xfblasFcnByAddress, *pages, m, 9, k, *leading, 1, 0, 1, 0, 0)
    unit.execute()
    np.testing.assert_array_equal(d.read(), a @ b[:, :9])


def test_what_follows_in_its_place_is_new(unit, generator):
    a, b = operands(generator, unit.device.dtype)
    kept = unit.send(b, keep="packed")
    kept.free()
    empty = unit.empty(b.shape)
    assert not empty.read().any()
    empty.free()
    again = unit.send(b.copy()[::-1])
    assert_holds(again, b[::-1], a)


#: Prints how much a product with B kept in each way adds to this process, by the bytes of B.
GROWTH = """
import sys
from pathlib import Path
import numpy as np
import xfblas

def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096

a, b = np.ones((1, 4000), np.int16), np.ones((4000, 3000), np.int16)
with xfblas.open(engine="Gemm", dtype=np.int16) as device:
    unit = device.compute_units[0]
    unit.send(b[:64], keep=sys.argv[1])
    before = resident()
    kept = unit.send(b, keep=sys.argv[1])
    xfblas.matmul(a, kept)
    print((resident() - before) / b.nbytes)
"""


def growth(keep: str) -> float:
    """In a process of its own: in this one, memory that others have freed would serve."""
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, keep], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def test_it_is_there_once():
    if xfblas.default_device(np.int16).target != "native":
        pytest.skip("the memory of a card is not this process's")
    assert growth("rows") > 1.8
    assert growth("packed") < 1.3


def test_other_ways_to_keep_are_refused(unit):
    with pytest.raises(InvalidValueError, match="keep is 'panels', expected 'rows' or 'packed'"):
        unit.send(np.ones((2, 2), unit.device.dtype), keep="panels")
