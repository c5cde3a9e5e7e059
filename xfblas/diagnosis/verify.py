"""Compares targets layer by layer, on vectors that are always the same.

The first thing to run on a card: where something differs it names the first layer that does, which
tells a transfer (layer 1 already) from a field of the epilogue (one layer alone). ``native`` and
floats are compared with the arithmetic written out in numpy, every other target with ``native``.
"""

import hashlib
import os
import time
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
#: Engines of floats have no scales.
FLOAT_CASES = (
    Case("products and sums", 100),
    Case("ReLU", 33, prelu=(0, 0)),
    Case("no bias", 64, has_bias=False),
    Case("many columns", 131),
    Case("few columns", 5),
)
DTYPES = (np.dtype(np.int16), np.dtype(np.int8), np.dtype(np.float32))


@dataclass(frozen=True)
class Outcome:
    """A layer's comparison.

    Attributes:
        name: of the layer.
        differing, elements: how many elements differ, and of how many.
        first: the first of them in words.
        found, expected: SHA-256 of the elements, row by row.
    """

    name: str
    differing: int
    elements: int
    first: str
    found: str = ""
    expected: str = ""


@dataclass(frozen=True)
class Part:
    """A target that was looked at: what its layers gave, or why it was left out.

    Attributes:
        target: its name.
        reference: what it was compared with.
        outcomes: one per layer, in the order of computation; None where it could not run.
        reason: why not.
        failed: whether that is an error of what there is, and not something that is missing.
        dtype: element type of the image.
        seconds: that it took, opening the device included.
    """

    target: str
    reference: str = ""
    outcomes: list[Outcome] | None = None
    reason: str = ""
    failed: bool = False
    dtype: str = "int16"
    seconds: float = 0.0


def verify(
    xclbin=None, target="native", device=0, compute_unit=0, trust=False, dtype=DTYPES[0]
) -> list[Outcome]:
    """Runs the vectors on a target, and compares.

    Args:
        xclbin: an image with the Fcn engine; None is the packaged one; see :class:`~xfblas.Device`.
        target: what to verify.
        device, compute_unit: which of its devices and units.
        trust: whether an image that was not built here may run, see :class:`~xfblas.Device`.
        dtype: element type of the packaged image.

    Returns:
        One outcome per layer, in the order of computation.
    """
    options = {"dtype": dtype} if xclbin is None else {}
    with Device(xclbin, device=device, target=target, trust=trust, **options) as opened:
        units = opened.compute_units
        require_index("compute_unit", compute_unit, len(units) - 1)
        found = _run(units[compute_unit])
        image, dtype = opened.xclbin, opened.dtype
    if dtype.kind == "f":
        return _near(found)
    if target == "native":
        expected = _exact(dtype)
    else:
        with Device(image, target="native") as reference:
            expected = _run(reference.compute_units[0])
    return [
        compare(case.name, ours, theirs)
        for case, ours, theirs in zip(CASES, found, expected, strict=True)
    ]


def verify_machine(xclbin=None, trust=False) -> Iterator[Part]:
    """Verifies what can run here: ``native``, and a card, or without one the kernels' source.

    Of a card each compute unit is verified; one that fails does not keep the others from it.

    Raises:
        XfblasError: the image cannot be used at all.
    """
    kinds = DTYPES if xclbin is None else (dtype_of(xclbin),)
    for dtype in kinds:
        yield _timed("native", dtype, xclbin, dtype=dtype)
    has_runtime = facts.xrt()["library"] is not None
    if has_card() and has_runtime:
        yield from verify_units(xclbin, "xrt", 0, None, trust)
        return
    yield _timed("csim", kinds[0], xclbin, "csim", trust=trust, is_optional=True)
    missing = "there is no card" if not has_card() else f"there is a card, but no {CORE}"
    yield Part("xrt", reason=missing)


def verify_units(xclbin, target, device, compute_unit, trust) -> Iterator[Part]:
    """A part for each unit of a device, or for one."""
    try:
        count = unit_count(xclbin, target, device, trust)
    except XfblasError as error:
        yield Part(target, reason=str(error), failed=True)
        return
    for unit in range(count) if compute_unit is None else [compute_unit]:
        name = f"{target}, compute unit {unit} of {count}"
        yield _timed(name, dtype_of(xclbin), xclbin, target, device, unit, trust)


def unit_count(xclbin, target, device, trust) -> int:
    """How many compute units a device has."""
    with Device(xclbin, device=device, target=target, trust=trust) as opened:
        return len(opened.compute_units)


def dtype_of(xclbin) -> np.dtype:
    """The element type of an image, which native tells."""
    with Device(xclbin, target="native") as opened:
        return opened.dtype


def has_card() -> bool:
    """Whether there is a card, or an emulated one."""
    return bool(facts.cards() or os.environ.get("XCL_EMULATION_MODE"))


def _timed(name, element, *arguments, is_optional=False, **options) -> Part:
    target = name.partition(",")[0]
    reference = REFERENCES["native"] if element.kind == "f" else REFERENCES.get(target, "native")
    return timed(name, element, reference, lambda: verify(*arguments, **options), is_optional)


def timed(name: str, dtype, reference: str, run, is_optional=False) -> Part:
    """A part of what ``run()`` gives; its error where that is not of ``native``.

    Args:
        name: of the target, a unit may follow after a comma.
        dtype: element type.
        reference: what it compares with.
        run: gives outcomes.
        is_optional: whether an error only says what is missing here.
    """
    start = time.monotonic()
    try:
        outcomes = run()
    except (XfblasError, OSError) as error:
        if name == "native":
            raise
        return Part(name, reason=str(error), failed=not is_optional, dtype=str(dtype))
    seconds = round(time.monotonic() - start, 3)
    return Part(name, reference, outcomes, dtype=str(dtype), seconds=seconds)


def cases_of(dtype) -> tuple[Case, ...]:
    """The layers of the chain for an element type."""
    return FLOAT_CASES if dtype.kind == "f" else CASES


def _operands(dtype=DTYPES[0]):
    """A (ROWS, k) of the first layer, and of each layer B (k, n) and X (1, n) or None."""
    generator = np.random.default_rng(SEED)
    half = 1 << 8 * dtype.itemsize - 1

    def elements(shape):
        if dtype.kind == "f":
            return generator.integers(-1024, 1025, shape).astype(dtype) / dtype.type(1000)
        return generator.integers(-half, half, shape).astype(dtype)

    a, layers, k = elements((ROWS, COLUMNS)), [], COLUMNS
    for case in cases_of(dtype):
        b = elements((k, case.columns))
        if dtype.kind == "f":
            x = elements((1, case.columns))
        else:
            x = generator.integers(-(2**31), 2**31, (1, case.columns)).astype(np.int32)
        layers.append((b, x if case.has_bias else None))
        k = case.columns
    return a, layers


def _run(unit) -> list[np.ndarray]:
    dtype = unit.device.dtype
    a, layers = _operands(dtype)
    kept, results = [unit.send(a)], []
    for case, (b, x) in zip(cases_of(dtype), layers, strict=True):
        current = results[-1] if results else kept[0]
        b, x = unit.send(b, packed=True), None if x is None else unit.send(x)
        c = unit.empty((ROWS, case.columns))
        unit.fcn(current, b, c, x, *case.post, *case.prelu, **(case.options or {}))
        kept += [b, x]
        results.append(c)
    unit.execute()
    return [result.read() for result in results]


def _exact(dtype=DTYPES[0]) -> list[np.ndarray]:
    current, layers = _operands(dtype)
    results = []
    for case, (b, x) in zip(CASES, layers, strict=True):
        bias = np.zeros(case.columns, np.int32) if x is None else x[0]
        layer = QuantizedLayer(case.name, b, bias, *case.post, *case.prelu)
        arithmetic = Arithmetic(**{"round": False, "saturate": False, **(case.options or {})})
        current = run_layer(layer, current, arithmetic).output
        results.append(current)
    return results


def _near(found: list[np.ndarray]) -> list[Outcome]:
    """Each float layer beside double precision, of what the layer before it gave."""
    current, layers = _operands(DTYPES[2])
    outcomes = []
    for case, (b, x), ours in zip(FLOAT_CASES, layers, found, strict=True):
        a, b = current.astype(np.float64), b.astype(np.float64)
        addend = np.zeros((1, case.columns)) if x is None else x.astype(np.float64)
        expected = a @ b + addend
        # A rounding for each product and each sum, see docs/architecture.md.
        bound = (a.shape[1] + 1) * 2.0**-23 * (np.abs(a) @ np.abs(b) + np.abs(addend))
        if case.prelu == (0, 0):
            expected = np.maximum(expected, 0)
        outcomes.append(compare(case.name, ours, expected.astype(np.float32), bound))
        current = ours
    return outcomes


def compare(name: str, found: np.ndarray, expected: np.ndarray, bound=0) -> Outcome:
    """How two arrays of one shape differ by more than a bound; what is no number always does."""
    if found.shape != expected.shape:
        told = f"its shape is {found.shape}, not {expected.shape}"
        return Outcome(name, found.size or 1, found.size, told)
    with np.errstate(invalid="ignore"):
        near = np.abs(found.astype(np.float64) - expected) <= bound
    wrong = np.argwhere(~((found == expected) | near))
    first = ""
    if len(wrong):
        place = tuple(wrong[0])
        row, *others = place
        at = f"column {others[0]}" if len(others) == 1 else f"element {tuple(map(int, others))}"
        first = f"row {row}, {at}: {found[place]}, not {expected[place]}"
    digests = (hashlib.sha256(np.ascontiguousarray(a).data).hexdigest() for a in (found, expected))
    return Outcome(name, len(wrong), found.size, first, *digests)
