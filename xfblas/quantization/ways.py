"""The scales of a layer's outputs, and the way that its sums go.

The engine adds 16-bit products up in 32 bits wherever it knows that no bit is lost; whatever is
wider takes up to twice the time. It knows it

    proved    where equation (1) of :mod:`~xfblas.quantization.bounds` stays within 32 bits, so that
              they fit whatever the inputs are;
    rows      where ||a|| ||q|| does for a row a of the inputs and the columns q of the weights, as
              Cauchy and Schwarz have it. The norms of rows are taken while they are computed. With
              ROOM above those of the sample few rows take
    wide      sums of 48 bits, which are exact for all.

The first two need coarser weights, that is a larger P. In units of the next layer's sums the noise
of a layer, of its inputs' roundings, its weights' and its outputs', is

    sum over j of w[j] * (sum over k of (w[k,j] / T[j])**2 + (1 + (A * P)**2) / T[j]**2)   (1)

over 12, with the names of :mod:`~xfblas.quantization.output_scales`. The first way is taken whose
noise is at most SPENT decibels above that of the last. Bytes have sums of 32 bits in any case.
"""

from dataclasses import dataclass

import numpy as np

from xfblas.errors import UnsupportedModelError
from xfblas.quantization import bounds
from xfblas.quantization.instruction_fields import BIAS_MAX
from xfblas.quantization.integers import Target, choose_factor
from xfblas.quantization.options import Options
from xfblas.quantization.output_scales import output_scales
from xfblas.quantization.output_windows import window_levels, window_offsets

WAYS = ("proved", "rows", "wide")
SPENT = 1.0
ROOM = 1.1
#: A norm times a norm below this leaves sums in 32 bits, with the roundings of their roots.
LARGEST_PRODUCT = 2.0**31 * 0.999


@dataclass(frozen=True, eq=False)
class Wanted:
    """What a layer shall compute, in floats, and what its inputs are.

    Attributes:
        name: for messages.
        kernel: (k, n) float64, divided by the scales of the inputs.
        bias: (n,) float64.
        ranges: (n,) the size each output shall hold, above 0.
        importance: (n,) how much an output's noise matters.
        inputs: the inputs' possible integers.
        integers: (rows, k) float64 the sample's, 0 standing for 0.
        input_zero, output_zero: the integers that stand for 0.
        windows: columns of each output.
        fixed_scale: the scale that all outputs have, since a table takes them; None to choose.
    """

    name: str
    kernel: np.ndarray
    bias: np.ndarray
    ranges: np.ndarray
    importance: np.ndarray
    inputs: bounds.Interval
    integers: np.ndarray
    input_zero: int
    output_zero: int
    windows: int
    fixed_scale: float | None = None


@dataclass(frozen=True, eq=False)
class Plan:
    """What was chosen.

    Attributes:
        way: one of :data:`WAYS`.
        levels: the largest size of an output in steps.
        scale: (n,), T.
        offset: (windows * n,), added to every output in steps.
        target: for :mod:`.integers`.
        noise: equation (1).
    """

    way: str
    levels: int
    scale: np.ndarray
    offset: np.ndarray
    target: Target
    noise: float


def choose_plan(wanted: Wanted, options: Options, spent: float) -> Plan:
    """The first of the ways that costs at most ``spent`` decibels more noise than the last.

    Raises:
        UnsupportedModelError: no weights fit any.
    """
    planner = _Planner(wanted, options)
    if options.bits == 8 or options.accumulator == 32:
        return planner.plan("proved")
    wide = planner.plan("wide")
    if options.accumulator is None and spent > 0:
        for way in WAYS[:-1]:
            try:
                plan = planner.plan(way)
            except UnsupportedModelError:
                continue
            if plan.noise <= wide.noise * 10 ** (spent / 10):
                return plan
    return wide


class _Planner:
    """Plans for a layer."""

    def __init__(self, wanted: Wanted, options: Options):
        self._wanted, self._options = wanted, options
        self._ends = bounds.products(wanted.kernel, wanted.inputs)
        self._mean_square = (wanted.integers**2).mean(axis=0)
        self._squares = np.einsum("kn,kn->n", wanted.kernel, wanted.kernel)
        self._largest = np.abs(wanted.kernel).max(axis=0)
        self._total = wanted.kernel.sum(axis=0)
        norm = float(np.sqrt((wanted.integers**2).sum(axis=1).max(initial=0.0)))
        self._norms = ROOM * norm * np.sqrt(self._squares) / LARGEST_PRODUCT

    def plan(self, way: str) -> Plan:
        """The plan for a way."""
        wanted, options = self._wanted, self._options
        accumulator = 32 if way == "proved" else 48
        levels = window_levels(wanted.windows, options.bits, wanted.output_zero)
        power = float(self._mean_square.sum())
        scale = np.full(len(wanted.ranges), levels / wanted.ranges.max())
        if wanted.fixed_scale is not None:
            scale = np.full(len(scale), wanted.fixed_scale)
        elif options.per_channel:
            needed = self._needed(way, accumulator)
            scale = output_scales(needed, wanted.ranges, wanted.importance, power, levels)
        if options.power_of_two:
            scale = np.exp2(np.floor(np.log2(scale)))
        # The public engine only floors; half a step more in X makes that rounding.
        offsets = window_offsets(wanted.windows, options.bits, wanted.output_zero)
        offset = np.repeat(offsets, len(scale)) + (0.5 if options.legacy else 0.0)
        known = (scale, wanted.bias * scale, self._total * scale, *(e * scale for e in self._ends))
        columns, bias, *sums = (np.tile(values, wanted.windows) for values in known)
        target = Target(
            wanted.kernel,
            columns,
            bias + offset,
            *sums,
            float((self._largest * scale).max()),
            float((self._norms * scale).max()) if way == "rows" else 0.0,
            wanted.input_zero,
            wanted.output_zero,
            wanted.inputs,
            accumulator,
        )
        post_scale, post_shift = choose_factor(wanted.name, target, options)
        step = post_scale / 2.0**post_shift
        heard = wanted.importance / scale**2
        noise = (heard * (self._squares * scale**2 + 1 + power * step**2)).sum()
        return Plan(way, levels, scale, offset, target, float(noise))

    def _needed(self, way: str, accumulator: int) -> np.ndarray:
        """The P that each output needs for each unit of its scale, (n,)."""
        addend = self._wanted.bias - self._wanted.input_zero * self._total
        ends = [*self._ends, *(end + addend for end in self._ends)]
        needed = self._largest / self._options.weight_max(self._wanted.name)
        needed = np.maximum(needed, np.abs(addend) / BIAS_MAX)
        needed = np.maximum(needed, np.abs(ends).max(axis=0) / 2.0 ** (accumulator - 1))
        return np.maximum(needed, self._norms) if way == "rows" else needed
