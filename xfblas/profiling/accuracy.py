"""``debug_accuracy``: the first layer that goes wrong, by how much, and why."""

import math
from dataclasses import dataclass
from typing import Any

from xfblas.convert.converter import ConvertedModel
from xfblas.reporting.advice import GOOD
from xfblas.reporting.layer_report import LayerReport
from xfblas.reporting.report import report
from xfblas.reporting.text import decibels as text_of_decibels

#: Shares of inputs or values beyond their range from which on they are heard.
HEARD = 1e-3
#: Bits of weights below which they are coarse.
COARSE = {16: 11, 8: 6}


@dataclass(frozen=True)
class Diagnosis:
    """What was found.

    Attributes:
        layer: name of the first layer that goes wrong; None where none does.
        decibels: of its values above their error.
        lost: decibels less than its own input has; None for a first layer.
        causes: what is wrong with it, and what to try.
    """

    layer: str | None
    decibels: float | None
    lost: float | None
    causes: tuple[str, ...]

    def __str__(self) -> str:
        if self.layer is None:
            return "no layer goes wrong"
        lost = "" if self.lost is None else f", {self.lost:.1f} dB less than its input"
        head = f"{self.layer}: {text_of_decibels(self.decibels)}{lost}"
        return "\n".join([head, *(f"  {cause}" for cause in self.causes)])


def debug_accuracy(model: Any, X: Any) -> Diagnosis:
    """The first layer whose values are far from the float model's, and why.

    A layer goes wrong where it is below 55 dB in int16 or 25 in int8 while its input is not, or
    where one input in a thousand lies beyond its range.

    Args:
        model: a converted, compiled or accelerated model.
        X: (m, ...) rows on which it disappoints.

    Raises:
        InvalidValueError: as for :func:`xfblas.report`.
    """
    compiled = model.compiled if isinstance(model, ConvertedModel) else model
    found = report(compiled, X)
    good = GOOD[found.bits]
    for line in found.layers:
        if line.decibels is None or not math.isfinite(line.decibels):
            continue
        before = None if line.lost is None else line.decibels + line.lost
        falls = line.decibels < good and (before is None or before >= good)
        if falls or _share(line.clipped_inputs, line.inputs_seen) > HEARD:
            advice = [each for each in found.advice if each.where == line.name]
            causes = _causes(line, found.bits)
            causes = causes or [f"{each.finding}: {each.remedy}" for each in advice]
            return Diagnosis(line.name, line.decibels, line.lost, tuple(causes))
    return Diagnosis(None, None, None, ())


def _causes(line: LayerReport, bits: int) -> list[str]:
    found = []
    clipped = _share(line.clipped_inputs, line.inputs_seen)
    if clipped:
        found.append(
            f"{clipped:.2%} of its inputs lie beyond the range that calibration saw: calibrate "
            "with rows that span them, or with a larger margin"
        )
    saturated = _share(line.saturations, line.values)
    if saturated:
        found.append(
            f"{saturated:.2%} of its values saturate: calibrate with rows that reach them, or with "
            "a larger margin"
        )
    if line.wraps:
        found.append(f"{line.wraps} of its values wrapped: use calibrated scales, not legacy ones")
    if line.weight_bits is not None and line.weight_bits < COARSE[bits]:
        found.append(
            f"its weights have {line.weight_bits} bits: configure more, or look for one weight "
            "that is far larger than the others"
        )
    if line.largest == 0:
        found.append("it is 0 for every row: the layer is dead")
    return found


def _share(count: int | None, whole: int | None) -> float:
    return count / whole if count and whole else 0.0
