"""Values of wrong type, size and kind, by name; each is made anew, since some are used up."""

import collections
import datetime
import decimal
import enum
import fractions
import io
import itertools
import pathlib
import threading
import types

import numpy as np


class Odd:
    """An object that nobody knows, whose every conversion fails as it likes."""


class Unprintable:
    def __repr__(self):
        raise RuntimeError("no words for it")


class Numberlike:
    """Is an index and a float, and no number."""

    def __index__(self):
        return 1

    def __float__(self):
        return 1.0


class Sized:
    """Has a length and no entries."""

    def __len__(self):
        return 3


class Shaped:
    """Says that it is an array."""

    shape = (5, 4)
    dtype = np.dtype(np.float32)


class Color(enum.IntEnum):
    RED = 1


def _circle():
    circle = [1]
    circle.append(circle)
    return circle


def _nested():
    found = 1
    for _ in range(3000):
        found = [found]
    return found


def _objects(*values):
    found = np.empty(len(values), object)
    found[:] = values
    return found


def _frame(**columns):
    import pandas

    return pandas.DataFrame(columns)


HUGE = 10**5000  # of more digits than Python prints

VALUES = {
    "None": lambda: None,
    "True": lambda: True,
    "False": lambda: False,
    **{str(number): lambda number=number: number for number in (0, 1, -1, 2, 3, 8, 32)},
    **{
        f"{sign}2^{bits}": lambda sign=sign, bits=bits: int(f"{sign}{2**bits}")
        for bits in (31, 32, 63, 64)
        for sign in ("", "-")
    },
    "10^400": lambda: 10**400,
    "10^5000": lambda: HUGE,
    "-10^5000": lambda: -HUGE,
    **{text: lambda text=text: float(text) for text in ("0.5", "1e300", "-1e300", "nan", "-inf")},
    "complex": lambda: 1j,
    "decimal nan": lambda: decimal.Decimal("NaN"),
    "decimal snan": lambda: decimal.Decimal("sNaN"),
    "decimal": lambda: decimal.Decimal("1e999"),
    "fraction": lambda: fractions.Fraction(10**400, 3),
    "enum": lambda: Color.RED,
    "int16 scalar": lambda: np.int16(3),
    "uint64 scalar": lambda: np.uint64(2**64 - 1),
    "float16 scalar": lambda: np.float16("nan"),
    "bool scalar": lambda: np.bool_(True),
    "datetime64": lambda: np.datetime64("NaT"),
    "date": lambda: datetime.date(2020, 1, 1),
    "empty text": lambda: "",
    "text": lambda: "zz",
    "number in text": lambda: "1e400",
    "NUL": lambda: "Fcn\0x",
    "surrogate": lambda: "\ud800",
    "newline": lambda: "a\nb",
    "long text": lambda: "x" * 100_000,
    "dot": lambda: ".",
    "dots": lambda: "../..",
    "braces": lambda: "{0} %s {x}",
    "JSON": lambda: '{"class_name": 3}',
    "JSON list": lambda: "[1, [2]]",
    "deep JSON": lambda: "[" * 100_000,
    "BDF": lambda: "0000:65:00.1",
    "not BDF": lambda: ":::",
    "bytes": lambda: b"a",
    "NUL bytes": lambda: b"a\0\xff",
    "bytearray": lambda: bytearray(b"abc"),
    "memoryview": lambda: memoryview(b"abc"),
    "path": lambda: pathlib.Path("nothing.here"),
    "folder": lambda: pathlib.Path(),
    "NUL path": lambda: pathlib.Path("a\0b"),
    "long path": lambda: pathlib.Path("x/" * 3000),
    "list": lambda: [],
    "lists": lambda: [[]],
    "list of None": lambda: [None],
    "list of lists of None": lambda: [[None]],
    "list of 1": lambda: [1],
    "ragged": lambda: [[1], [1, 2]],
    "mixed": lambda: [1, "a", None],
    "list of huge": lambda: [[10**400]],
    "list of more digits": lambda: [HUGE],
    "list of texts": lambda: ["a"],
    "list of dicts": lambda: [{"a": 1}],
    "list of objects": lambda: [Odd(), Odd()],
    "list of arrays": lambda: [np.zeros((2, 2)), np.zeros(3)],
    "long list": lambda: [0] * 100_000,
    "circle": _circle,
    "deep": _nested,
    "tuple": lambda: (),
    "tuple of two": lambda: (1, 2),
    "tuple of three": lambda: (1, 2, 3),
    "tuple of texts": lambda: ("a", "b"),
    "dict": lambda: {},
    "dict of text": lambda: {"a": 1},
    "dict of numbers": lambda: {1: 2, None: 3},
    "ordered dict": lambda: collections.OrderedDict(input=None, layer=[[]]),
    "set": lambda: {1},
    "range": lambda: range(3),
    "iterator of numbers": lambda: itertools.repeat(1, 3),
    "iterator": lambda: iter([]),
    "iterator of None": lambda: iter([None]),
    "iterator of tuples": lambda: iter([(), (1, 2, 3, 4)]),
    "iterator of arrays": lambda: iter([np.zeros((2, 3)), "a"]),
    "object": Odd,
    "unprintable": Unprintable,
    "list of unprintable": lambda: [Unprintable()],
    "numberlike": Numberlike,
    "sized": Sized,
    "shaped": Shaped,
    "namespace": lambda: types.SimpleNamespace(xclbin=3, lib=object(), cfg=[1]),
    "function": lambda: lambda *values: values,
    "class": lambda: str,
    "module": lambda: np,
    "exception": lambda: ValueError("x"),
    "lock": threading.Lock,
    "file": lambda: io.BytesIO(b"abc"),
    "no elements": lambda: np.array([]),
    "scalar array": lambda: np.array(3),
    "no rows": lambda: np.zeros((0, 4), np.float32),
    "no columns": lambda: np.zeros((5, 0), np.float32),
    "int16 array": lambda: np.ones((5, 4), np.int16),
    "int32 array": lambda: np.ones((5, 4), np.int32),
    "float32 array": lambda: np.ones((5, 4), np.float32),
    "vector": lambda: np.ones(4, np.int16),
    "three axes": lambda: np.ones((2, 3, 4), np.int16),
    "64 axes": lambda: np.ones((1,) * 64, np.int16),
    "nan array": lambda: np.full((5, 4), np.nan),
    "huge array": lambda: np.full((5, 4), 1e300),
    "uint64 array": lambda: np.full((5, 4), 2**64 - 1, np.uint64),
    "longdouble array": lambda: np.ones((5, 4), np.longdouble),
    "complex array": lambda: np.ones((5, 4), complex),
    "text array": lambda: np.array([["a"] * 4] * 5),
    "bytes array": lambda: np.array([[b"1"] * 4] * 5),
    "bool array": lambda: np.ones((5, 4), bool),
    "object array": lambda: _objects(1, "a", None, 10**400),
    "object array of lists": lambda: _objects([1], [2, 3]),
    "object array of unprintable": lambda: _objects(Unprintable()),
    "structured array": lambda: np.zeros((5, 4), [("a", "i2")]),
    "void array": lambda: np.zeros((5, 4), "V4"),
    "date array": lambda: np.zeros((5, 4), "M8[s]"),
    "swapped array": lambda: np.ones((5, 4), ">i2"),
    "reversed array": lambda: np.ones((5, 4), np.int16)[::-1, ::-1],
    "read-only array": lambda: np.broadcast_to(np.int16(1), (5, 4)),
    "2^31 rows of int8": lambda: np.broadcast_to(np.int8(1), (2**31, 1)),
    "2^31 rows of int16": lambda: np.broadcast_to(np.int16(1), (2**31, 4)),
    "2^33 columns": lambda: np.broadcast_to(np.int16(1), (4, 2**33)),
    "2^40 rows of float32": lambda: np.broadcast_to(np.float32(1), (2**40, 4)),
    "2^40 numbers": lambda: np.broadcast_to(np.int16(1), 2**40),
    "masked array": lambda: np.ma.masked_array(np.ones((5, 4)), np.eye(5, 4)),
    "matrix": lambda: np.ma.masked_array(np.ones((5, 4), np.int16)),
    "frame": lambda: _frame(a=[1, 2], b=["x", None]),
    "frame of one column": lambda: _frame(**{"": [[1], [2]]}),
    "empty frame": _frame,
    "dtype": lambda: np.dtype(np.int16),
    "dtype of float16": lambda: np.dtype(np.float16),
    "dtype of fields": lambda: np.dtype([("a", "i2")]),
    "name of a dtype": lambda: "float32",
}
