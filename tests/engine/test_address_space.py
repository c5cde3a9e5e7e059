"""Memory of compute units takes address space as it is used."""

import subprocess
import sys

import numpy as np
import pytest

import xfblas
from xfblas import errors

LIMITED = """
import mmap, resource
import numpy as np, xfblas
resource.setrlimit(resource.RLIMIT_AS, (3_000_000 * 1024,) * 2)
try:
    mmap.mmap(-1, 2**32 - 2**16).close()
    print("no limit")
except (OSError, OverflowError):
    pass
devices = [xfblas.open(device=index, engine="Gemm") for index in range(8)]
a = np.full((500, 500), 3, np.int16)
for device in devices:
    assert (xfblas.matmul(a, a, device=device) == 4500).all()
unit = devices[0].compute_units[0]
kept = [unit.send(np.full((1000, 1000), number, np.int16)) for number in range(100)]
assert all((matrix.read() == number).all() for number, matrix in enumerate(kept))
try:
    unit.empty((40000, 40000))
except xfblas.AllocationError as error:
    print(error)
assert (xfblas.matmul(a, kept[1].compute_unit.send(a)) == 4500).all()
assert all((matrix.read() == number).all() for number, matrix in enumerate(kept))
"""


@pytest.mark.native
def test_a_limit_of_three_gigabytes():
    done = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if "no limit" in done.stdout:
        pytest.skip("a process has all the address space that it asks for, as under qemu-user")
    assert "address space" in done.stdout


@pytest.mark.native
def test_a_memory_that_grows_keeps_what_is_in_it(generator):
    rows = generator.integers(-9, 9, (300, 200)).astype(np.int16)
    weights = generator.integers(-9, 9, (200, 100)).astype(np.int16)
    with xfblas.open(engine="Gemm") as device:
        unit = device.compute_units[0]
        a, b, c = unit.send(rows), unit.send(weights, keep="packed"), unit.empty((300, 100))
        unit.gemm(a, b, c)
        expected = rows @ weights
        grown = [unit.send(np.full((3000, 3000), number, np.int16)) for number in range(4)]
        np.testing.assert_array_equal(c.read(), expected)
        np.testing.assert_array_equal(xfblas.matmul(rows, b), expected)
        np.testing.assert_array_equal(a.read(), rows)
        assert [int(matrix.read()[-1, -1]) for matrix in grown] == [0, 1, 2, 3]


def test_a_queue_whose_results_nobody_can_read_is_forgotten(generator):
    """As an interrupt between a call that queues and the one that reads leaves it."""
    a = generator.integers(-9, 9, (40, 40)).astype(np.int16)

    def product(unit, read):
        sent, result = unit.send(a), unit.empty((40, 40))
        unit.gemm(sent, sent, result)
        if read is None:
            raise KeyboardInterrupt
        read()
        return result.read()

    with xfblas.open(engine="Gemm") as device:
        unit = device.compute_units[0]
        kept = unit.send(a)
        for read in (lambda: None, unit.execute, unit.flush, unit.start):
            for _ in range(3):
                with pytest.raises(KeyboardInterrupt):
                    product(unit, None)
            np.testing.assert_array_equal(kept.read(), a)
            with pytest.raises(KeyboardInterrupt):
                product(unit, None)
            np.testing.assert_array_equal(product(unit, read), a @ a)
            unit.clear()
        with pytest.raises(KeyboardInterrupt):
            product(unit, None)
        with pytest.raises(errors.NotFoundError, match="freed after it was queued"):
            unit.execute()
        np.testing.assert_array_equal(product(unit, unit.execute), a @ a)
