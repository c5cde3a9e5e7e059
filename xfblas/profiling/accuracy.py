"""``debug_accuracy``: the first layer that goes wrong, by how much, and why."""

import math
from dataclasses import dataclass
from typing import Any

from xfblas.checks import names_keywords, require_instance
from xfblas.compiled.accelerate import accelerated_of
from xfblas.compiled.compiled_model import CompiledModel
from xfblas.convert.converted_model import ConvertedModel
from xfblas.reporting.advice import GOOD, OUTLIER, WASTED
from xfblas.reporting.layer_report import LayerReport
from xfblas.reporting.report import report
from xfblas.reporting.text import decibels as text_of_decibels
from xfblas.rows.arguments import converted_inputs
from xfblas.rows.streams import is_stream

#: Shares of inputs or values beyond their range from which on they are heard.
HEARD = 1e-3
#: Bits of weights below which they are coarse.
COARSE = {16: 11, 8: 6}
#: Numbers of columns that a text lists.
SHOWN = 8
KINDS = "a converted, compiled or accelerated model"


@dataclass(frozen=True)
class Diagnosis:
    """What was found.

    Attributes:
        layer: name of the first layer that goes wrong; None where none does.
        decibels: of its values above their error.
        lost: decibels less than its own input has; None for a first layer.
        causes: what is wrong with it, and what to try.
        dead: layers that have columns, or channels of maps, which are 0 for every row in float too,
            and which these are.
    """

    layer: str | None
    decibels: float | None
    lost: float | None
    causes: tuple[str, ...]
    dead: tuple[str, ...] = ()

    def __str__(self) -> str:
        head = "no layer goes wrong"
        if self.layer is not None:
            lost = "" if self.lost is None else f", {self.lost:.1f} dB less than its input"
            head = f"{self.layer}: {text_of_decibels(self.decibels)}{lost}"
        dead = [f"dead in float too: {'; '.join(self.dead)}"] if self.dead else []
        return "\n".join([head, *(f"  {cause}" for cause in self.causes), *dead])


@names_keywords()
def debug_accuracy(model: Any, X: Any) -> Diagnosis:
    """The first layer whose values are far from the float model's, and why.

    A layer goes wrong where it is below 55 dB in int16 or 25 in int8 while its input is not, or
    where one input in a thousand lies beyond its range.

    Args:
        model: a converted, compiled or accelerated model.
        X: (m, ...) rows on which it disappoints.

    Raises:
        InvalidValueError: it is no such model, or the rows do not fit it; else as for
            :func:`xfblas.report`.
    """
    compiled = model.compiled if isinstance(model, ConvertedModel) else model
    accelerated = accelerated_of(compiled)
    if accelerated is None:
        require_instance("model", compiled, CompiledModel, expected=KINDS)
    running = compiled if accelerated is None else accelerated.current()
    if not is_stream(X):
        converted_inputs("X", X, running.graph.inputs)
    found = report(compiled, X)
    good = GOOD[found.bits]
    dead = tuple(
        f"{line.name} {_columns(line, line.dead_columns)}"
        for line in found.layers
        if line.dead_columns
    )
    for line in found.layers:
        if line.decibels is None or not math.isfinite(line.decibels):
            continue
        before = None if line.lost is None else line.decibels + line.lost
        falls = line.decibels < good and (before is None or before >= good)
        if falls or _share(line.clipped_inputs, line.inputs_seen) > HEARD:
            causes = _causes(line, found.bits)
            if not causes:
                advice = [each for each in found.advice if each.where == line.name]
                causes = [f"{each.finding}: {each.remedy}" for each in advice]
            causes = causes or [_rounding(line, found.bits)]
            return Diagnosis(line.name, line.decibels, line.lost, tuple(causes), dead)
    return Diagnosis(None, None, None, (), dead)


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
    if line.lost_columns and not _is_small(line):
        found.append(
            f"{_columns(line, line.lost_columns)} are 0 on the engine for every row, but not in "
            "float: their weights are too small for the steps, configure more bits"
        )
    return found


def _rounding(line: LayerReport, bits: int) -> str:
    """Why a layer is coarse of which nothing is clipped."""
    if (line.weight_outlier or 0) > OUTLIER:
        return (
            f"its largest weight is {line.weight_outlier:.0f} times the usual one, so that the "
            "others have few steps: train with smaller weights, or take 16 bits"
        )
    if line.place == "softmax":
        return (
            f"it is computed by tables ({line.reason}): take 'stable', finer tables, or Softmax: "
            "float"
        )
    if line.place == "host":
        return f"the host computes it in float: {line.activation} enlarges what its input lacks"
    if _is_small(line):
        return (
            f"its values reach {line.used:.1%} of their range: calibrate with rows like these, or "
            "with a smaller margin"
        )
    more = "take 16 bits" if bits == 8 else "place it on the host (Engine: host)"
    return f"rounding: nothing is clipped, its values are small differences of large ones: {more}"


def _is_small(line: LayerReport) -> bool:
    return line.used is not None and line.used < WASTED


def _columns(line: LayerReport, columns: tuple[int, ...]) -> str:
    what = "channels" if line.place == "maps" else "columns"
    shown = ", ".join(map(str, columns[:SHOWN])) + (", ..." if len(columns) > SHOWN else "")
    return f"{len(columns)} of {line.outputs} {what} ({shown})"


def _share(count: int | None, whole: int | None) -> float:
    return count / whole if count and whole else 0.0
