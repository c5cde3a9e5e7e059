"""numpy's own test modules, with products that run on wrapped arrays in the place of numpy's."""

import types
from pathlib import Path

import numpy as np

import xfblas

#: What numpy's tests call of it that is a product.
PRODUCTS = (
    "matmul",
    "dot",
    "inner",
    "vdot",
    "vecdot",
    "matvec",
    "vecmat",
    "einsum",
    "tensordot",
)
SUPPORTED = (np.int8, np.int16, np.float32)


def wrapped(value):
    """Arrays as the engine has them, float64 in slices; other types and things as they are."""
    if type(value) is not np.ndarray:
        return value
    if value.dtype in SUPPORTED:
        return xfblas.asarray(value)
    return xfblas.asarray(value, split=True) if value.dtype == np.float64 else value


class OnWrapped:
    """A function of numpy that is called with its operands wrapped; results to fill are not."""

    def __init__(self, function, operands=2):
        self.function, self.operands = function, operands

    def __call__(self, *given, **options):
        count = len(given) if self.operands is None else self.operands
        operands = [wrapped(each) for each in given[:count]]
        return self.function(*operands, *given[count:], **options)

    def __getattr__(self, name):
        return getattr(self.function, name)


class NumpyOnWrapped:
    """numpy itself but for its products."""

    def __init__(self):
        for name in PRODUCTS:
            if hasattr(np, name):
                operands = None if name == "einsum" else 2
                setattr(self, name, OnWrapped(getattr(np, name), operands))

    def __getattr__(self, name):
        return getattr(np, name)


def load(path: str) -> types.ModuleType:
    """A test module of the installed numpy, such as ``_core/tests/test_einsum.py``."""
    file = Path(np.__file__).parent / path
    source = file.read_text()
    assert source.count("\nimport numpy as np\n") == 1
    source = source.replace("\nimport numpy as np\n", "\nnp = numpy_on_wrapped\n")
    module = types.ModuleType(f"wrapped_{file.stem}")
    module.__file__ = str(file)
    module.__package__ = f"numpy.{path.rpartition('/')[0].replace('/', '.')}"
    module.numpy_on_wrapped = NumpyOnWrapped()
    exec(compile(source, str(file), "exec"), vars(module))
    # Where neither side is numpy's array they ask for the truth of a == b.
    for name in ("assert_equal", "assert_almost_equal", "old_assert_almost_equal"):
        if hasattr(module, name):
            setattr(module, name, on_unwrapped(getattr(module, name)))
    return module


def on_unwrapped(check):
    """A check of numpy's that is called with numpy's arrays."""
    return lambda *sides, **options: check(*map(unwrapped, sides), **options)


def unwrapped(value):
    """The reverse of :func:`wrapped`."""
    return value.numpy() if isinstance(value, xfblas.DeviceArray) else value
