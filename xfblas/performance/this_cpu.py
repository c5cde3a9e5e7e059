"""What products take on this CPU, measured on the native engine."""

import time

import numpy as np

from xfblas.device.device import Device
from xfblas.device.native import native_engine
from xfblas.errors import XfblasError
from xfblas.image.element_types import ELEMENT_TYPES

#: A measured product has no more: larger ones take as much longer as they have multiplications.
MOST_PRODUCTS, LONGEST = 2**28, 4096
REPEATS = 3


def measure_products(dtype: str, sizes: list[tuple[int, int, int]]) -> tuple[list[float], str]:
    """Seconds of products (m, k, n) with a row of bias, and in words where they come from.

    Weights are packed beforehand, as those of models are; what a product is called for, such as
    rounding its rows, is not in it.

    Args:
        dtype: ``"short"``, ``"int8"`` or ``"float"``.
        sizes: of the products.

    Returns:
        no seconds, and why, where this CPU cannot be measured.
    """
    try:
        with Device(target="native", dtype=ELEMENT_TYPES[dtype].dtype) as device:
            found = [_seconds(device.compute_units[0], *each) for each in sizes]
        engine = native_engine()
    except XfblasError as error:
        return [], f"not measured: {error}"
    is_cut = any(_cut(*each) != each for each in sizes)
    told = f"measured on {engine.instruction_set}, {engine.threads} threads"
    return found, told + (", large products by smaller ones" if is_cut else "")


def _cut(m: int, k: int, n: int) -> tuple[int, int, int]:
    k, n = min(k, LONGEST), min(n, LONGEST)
    return max(1, min(m, MOST_PRODUCTS // (k * n))), k, n


def _seconds(unit, *sizes: int) -> float:
    m, k, n = _cut(*sizes)
    dtype = unit.device.dtype
    generator = np.random.default_rng(1)
    # As elements of models are distributed: bell-shaped, and few near the ends of their type.
    scale = {"f": 1.0, "i": 2.0 ** (8 * dtype.itemsize - 4)}[dtype.kind]
    a, b = (generator.normal(0, scale, shape) for shape in ((m, k), (k, n)))
    if dtype.kind == "i":
        limits = np.iinfo(dtype)
        a, b = (np.clip(each, limits.min, limits.max) for each in (a, b))
    a, b = unit.send(a.astype(dtype)), unit.send(b.astype(dtype), keep="packed")
    x, c = unit.send(np.zeros((1, n), unit.device.addend_dtype)), unit.empty((m, n))
    unit.fcn(a, b, c, x, **({"post_shift": 16, "saturate": True} if dtype.kind == "i" else {}))
    best = float("inf")
    for _ in range(1 + REPEATS):
        start = time.perf_counter()
        unit.execute()
        best = min(best, time.perf_counter() - start)
    unit.clear()
    whole, part = sizes[0] * sizes[1] * sizes[2], m * k * n
    return best * whole / part
