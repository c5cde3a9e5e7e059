"""Functions by tables of the host's, against the oracle, and what is refused."""

from itertools import pairwise

import numpy as np
import oracle
import pytest

import xfblas
from xfblas.device.entries import ENTRIES
from xfblas.errors import DtypeError, InvalidValueError, NotFoundError

ELEMENTS = {"default_short": np.int16, "default_int8": np.int8}


def random_entries(generator, bits):
    """Smooth as of a function, or anything that entries hold."""
    if generator.integers(2):
        steps = generator.integers(-(2**bits) // 64, 2**bits // 64, ENTRIES)
        return np.clip(np.cumsum(steps), -(2**17), 2**17 - 1)
    return generator.integers(-(2**17), 2**17, ENTRIES)


@pytest.mark.parametrize("image", ELEMENTS)
def test_random_products_with_tables(generator, image):
    """Chains whose tables differ, more of them than one launch takes, which run again."""
    dtype = ELEMENTS[image]
    bits = 8 * np.dtype(dtype).itemsize
    with xfblas.open(xfblas.image_path(image)) as device:
        unit = device.compute_units[0]
        for groups in (1, 2, 3):
            info = np.iinfo(dtype)
            sizes = [int(size) for size in generator.integers(1, 140, 4)]
            a = generator.integers(info.min, info.max + 1, (sizes[0], sizes[1])).astype(dtype)
            given, expected = unit.send(a), a
            kept = []
            for k, n in pairwise(sizes[1:]):
                b = generator.integers(info.min, info.max + 1, (k, n)).astype(dtype)
                x = generator.integers(-(2**20), 2**20, (1, n)).astype(np.int32)
                entries = random_entries(generator, bits)
                post = (int(generator.integers(1, 2**15)), int(generator.integers(14, 36)))
                flags = {name: bool(generator.integers(2)) for name in ("round", "saturate")}
                c = unit.empty((sizes[0], n))
                weights, bias, table = (
                    unit.send(b, packed=True),
                    unit.send(x),
                    unit.send_table(entries),
                )
                fields = {"activation": "table", "table": table, "groups": groups, **flags}
                unit.fcn(given, weights, c, bias, *post, **fields)
                kept += [given, weights, bias, table]
                function = oracle.table(bits, groups, entries)
                expected = oracle.fcn(expected, b, x, post=post, function=function, **flags)
                given = c
            unit.execute()
            unit.execute()
            np.testing.assert_array_equal(given.read(), expected)
            unit.clear()


def test_a_table_that_is_written_again(generator):
    """The next run takes the new entries."""
    a = generator.integers(-32768, 32768, (50, 1)).astype(np.int16)
    with xfblas.open() as device:
        unit = device.compute_units[0]
        table = unit.send_table(np.zeros(ENTRIES, int))
        sent, one, c = unit.send(a), unit.send(np.ones((1, 1), np.int16)), unit.empty((50, 1))
        unit.fcn(sent, one, c, activation="table", table=table, groups=3)
        assert not c.read().any()
        entries = random_entries(generator, 16)
        table.write(entries.reshape(1, -1).astype(np.int32))
        unit.execute()
        np.testing.assert_array_equal(c.read(), oracle.table(16, 3, entries)(a))


def test_places_of_entries():
    """The function that gives its argument gives every element, but for the last bits of bytes."""
    for bits, groups in ((16, 1), (16, 2), (16, 3), (8, 1), (8, 3)):
        places = xfblas.table_places(bits, groups)
        half = 2 ** (bits - 1)
        assert places.shape == (ENTRIES,) and places[256] == 0
        assert places[0] == -half and places[-1] == half and (np.diff(places) > 0).all()
        elements = np.arange(-half, half)
        entries = np.minimum(4 * places, 2**17 - 1).astype(int)
        found = oracle.table(bits, groups, entries)(elements)
        np.testing.assert_array_equal(found, elements)
    for wrong in ((12, 1), (16, 0), (16, 4), (16, 1.5), ("16", 1)):
        with pytest.raises(InvalidValueError, match=r"(bits|groups) is "):
            xfblas.table_places(*wrong)


def test_what_tables_refuse(generator):
    with xfblas.open() as device:
        unit = device.compute_units[0]
        a, b, c = (unit.empty((3, 3)) for _ in range(3))
        table = unit.send_table(np.arange(ENTRIES))

        def refused(text, error=InvalidValueError, **fields):
            with pytest.raises(error, match=text):
                unit.fcn(a, b, c, **fields)

        refused("table is None, expected what send_table gave", activation="table")
        refused("expected None for activation='tanh'", activation="tanh", table=table)
        refused("expected None for activation='prelu'", table=table)
        for groups in (0, 4, 1.5, "2"):
            refused(f"groups is '?{groups}", activation="table", table=table, groups=groups)
        refused("table is a ndarray", activation="table", table=np.arange(ENTRIES))
        refused(r"int16 of shape \(3, 3\), expected int32 of", activation="table", table=a)
        short = unit.send(np.zeros((1, 512), np.int32))
        refused(r"shape \(1, 512\), expected int32 of \(1, 513\)", activation="table", table=short)
        table.free()
        refused("was freed", NotFoundError, activation="table", table=table)
        for entries, text in (
            (np.zeros(512, np.int64), r"int64 of shape \(512,\), expected 513 whole numbers"),
            (np.zeros(ENTRIES), "float64 of shape"),
            (np.full(ENTRIES, 2**17), "has the value 131072, expected -131072 to 131071"),
            (np.full(ENTRIES, -(2**17) - 1), "has the value -131073"),
        ):
            with pytest.raises(InvalidValueError, match=text):
                unit.send_table(entries)
        # The unit works on.
        table = unit.send_table(np.full(ENTRIES, 8))
        unit.fcn(a, b, c, activation="table", table=table)
        assert (c.read() == 2).all()


@pytest.mark.native
def test_images_without_tables(tmp_path):
    with xfblas.open(dtype="float32") as device, pytest.raises(DtypeError, match="int32"):
        device.compute_units[0].send_table(np.zeros(ENTRIES, int))
