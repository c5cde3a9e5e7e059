"""Compares targets layer by layer, on vectors that are always the same.

The first thing to run on a card: where something differs it names the first layer that does, which
tells a transfer (layer 1 already) from a field of the epilogue (one layer alone). ``native`` is
compared with the arithmetic written out in numpy, every other target with ``native``.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from xfblas.device.binding import require_index
from xfblas.device.device import Device
from xfblas.diagnosis import facts
from xfblas.emulation.runtime import CORE
from xfblas.errors import XfblasError
from xfblas.quantization import Arithmetic, QuantizedLayer
from xfblas.quantization.simulation import run_layer

ROWS = 37
COLUMNS = 50
SEED = 20211
#: What each target is compared with.
REFERENCES = {"native": "the arithmetic in numpy", "csim": "native", "xrt": "native"}


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


@dataclass(frozen=True)
class Part:
    """A target that was looked at: what its layers gave, or why it was left out.

    Attributes:
        target: its name.
        reference: what it was compared with.
        outcomes: one per layer, in the order of computation; None where it could not run.
        reason: why not.
    """

    target: str
    reference: str = ""
    outcomes: list[Outcome] | None = None
    reason: str = ""


def verify(xclbin=None, target="native", device=0, compute_unit=0, trust=False) -> list[Outcome]:
    """Runs the vectors on a target, and compares.

    Args:
        xclbin: an int16 image with the Fcn engine; see :class:`~xfblas.Device`.
        target: what to verify.
        device, compute_unit: which of its devices and units.
        trust: whether an image that was not built here may run, see :class:`~xfblas.Device`.

    Returns:
        One outcome per layer, in the order of computation.
    """
    with Device(xclbin, device=device, target=target, trust=trust) as opened:
        units = opened.compute_units
        require_index("compute_unit", compute_unit, len(units) - 1)
        found = _run(units[compute_unit])
        image = opened.xclbin
    if target == "native":
        expected = _exact()
    else:
        with Device(image, target="native") as reference:
            expected = _run(reference.compute_units[0])
    return [
        _compare(case.name, ours, theirs)
        for case, ours, theirs in zip(CASES, found, expected, strict=True)
    ]


def verify_machine(xclbin=None, trust=False) -> Iterator[Part]:
    """Verifies what can run here: ``native``, and a card, or without one the kernels' source.

    Raises:
        XfblasError: the image cannot be used at all.
    """
    yield Part("native", REFERENCES["native"], verify(xclbin))
    has_card = bool(facts.cards() or os.environ.get("XCL_EMULATION_MODE"))
    has_runtime = facts.xrt()["library"] is not None
    if has_card and has_runtime:
        yield Part("xrt", REFERENCES["xrt"], verify(xclbin, "xrt", trust=trust))
        return
    try:
        yield Part("csim", REFERENCES["csim"], verify(xclbin, "csim", trust=trust))
    except (XfblasError, OSError) as error:
        yield Part("csim", reason=str(error))
    missing = "there is no card" if not has_card else f"there is a card, but no {CORE}"
    yield Part("xrt", reason=missing)


def _operands():
    """A (ROWS, k) of the first layer, and of each layer B (k, n) and X (1, n) or None."""
    generator = np.random.default_rng(SEED)
    a = generator.integers(-32768, 32768, (ROWS, COLUMNS)).astype(np.int16)
    layers, k = [], COLUMNS
    for case in CASES:
        b = generator.integers(-32768, 32768, (k, case.columns)).astype(np.int16)
        x = generator.integers(-(2**31), 2**31, (1, case.columns)).astype(np.int32)
        layers.append((b, x if case.has_bias else None))
        k = case.columns
    return a, layers


def _run(unit) -> list[np.ndarray]:
    a, layers = _operands()
    kept, results = [unit.send(a)], []
    for case, (b, x) in zip(CASES, layers, strict=True):
        current = results[-1] if results else kept[0]
        b, x = unit.send(b, packed=True), None if x is None else unit.send(x)
        c = unit.empty((ROWS, case.columns))
        unit.fcn(current, b, c, x, *case.post, *case.prelu, **(case.options or {}))
        kept += [b, x]
        results.append(c)
    unit.execute()
    return [result.read() for result in results]


def _exact() -> list[np.ndarray]:
    current, layers = _operands()
    results = []
    for case, (b, x) in zip(CASES, layers, strict=True):
        bias = np.zeros(case.columns, np.int32) if x is None else x[0]
        layer = QuantizedLayer(case.name, b, bias, *case.post, *case.prelu)
        arithmetic = Arithmetic(**{"round": False, "saturate": False, **(case.options or {})})
        current = run_layer(layer, current, arithmetic).output
        results.append(current)
    return results


def _compare(name: str, found: np.ndarray, expected: np.ndarray) -> Outcome:
    wrong = np.argwhere(found != expected)
    first = ""
    if len(wrong):
        row, column = wrong[0]
        first = f"row {row}, column {column}: {found[row, column]}, not {expected[row, column]}"
    return Outcome(name, len(wrong), found.size, first)
