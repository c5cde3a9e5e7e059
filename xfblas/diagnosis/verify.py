"""Compares a target with the native engine, layer by layer, on vectors that are always the same.

The first thing to run on a card: where something differs it names the first layer that does, which
tells a transfer (layer 1 already) from a field of the epilogue (one layer alone).
"""

from dataclasses import dataclass

import numpy as np

from xfblas.device import Device

ROWS = 37
SEED = 20211


@dataclass(frozen=True)
class Case:
    """A layer of the chain: its width and the fields of its instruction."""

    name: str
    columns: int
    post: tuple[int, int] = (1, 0)
    prelu: tuple[int, int] = (1, 0)
    options: dict | None = None
    has_bias: bool = True


CASES = (
    Case("floor and wrap", 100),
    Case("scale and shift", 64, (5, 17)),
    Case("ReLU", 33, (1, 12), (0, 0)),
    Case("leaky ReLU", 128, (3, 14), (410, 11)),
    Case("round and saturate", 25, (32767, 30), (1, 0), {"round": True, "saturate": True}),
    Case("no bias", 7, (1, 9), (1, 0), None, False),
    Case("48-bit wrap", 5, (65535, 47)),
)


@dataclass(frozen=True)
class Outcome:
    """A layer's comparison: how many elements differ, of how many, and the first of them."""

    name: str
    differing: int
    elements: int
    first: str


def verify(xclbin=None, target="xrt", device=0, compute_unit=0) -> list[Outcome]:
    """Runs the vectors on the target and on ``native`` with the same image, and compares.

    Args:
        xclbin: an int16 image with the Fcn engine; see :class:`~xfblas.Device`.
        target: what to verify.
        device, compute_unit: which of its devices and units.

    Returns:
        One outcome per layer, in the order of computation.
    """
    with Device(xclbin, device=device, target=target) as opened:
        found = _run(opened.compute_units[compute_unit])
        image = opened.xclbin
    with Device(image, target="native") as reference:
        expected = _run(reference.compute_units[0])
    return [
        _compare(case.name, ours, theirs)
        for case, ours, theirs in zip(CASES, found, expected, strict=True)
    ]


def _run(unit) -> list[np.ndarray]:
    generator = np.random.default_rng(SEED)
    current = unit.send(generator.integers(-32768, 32768, (ROWS, 50)).astype(np.int16))
    kept, results = [current], []
    for case in CASES:
        shape = (current.shape[1], case.columns)
        weights = generator.integers(-32768, 32768, shape).astype(np.int16)
        bias = generator.integers(-(2**31), 2**31, (1, case.columns)).astype(np.int32)
        b, c = unit.send(weights, packed=True), unit.empty((ROWS, case.columns))
        x = unit.send(bias) if case.has_bias else None
        unit.fcn(current, b, c, x, *case.post, *case.prelu, **(case.options or {}))
        kept += [b, x]
        results.append(c)
        current = c
    unit.execute()
    return [result.read() for result in results]


def _compare(name: str, found: np.ndarray, expected: np.ndarray) -> Outcome:
    wrong = np.argwhere(found != expected)
    first = ""
    if len(wrong):
        row, column = wrong[0]
        first = f"row {row}, column {column}: {found[row, column]}, not {expected[row, column]}"
    return Outcome(name, len(wrong), found.size, first)
