"""The form of a layer's output that leaves the least noise: its zero point and its windows.

A ReLU by saturation has twice the steps of the engine's own, and w windows have w times as many.
Both put an offset into X, which has 32 bits: in a layer of many inputs it can take bits from the
weights, because X grows with them. With T and P of :mod:`.folding`, y's noise in steps of weights
and outputs is as in its equation (2), with P for a weight's step whatever limits it:

    sum over j of w[j] * (1 + A**2 * P**2) / T[j]**2                                        (1)

and the form with the least is taken; of equals the first.
"""

from dataclasses import dataclass

import numpy as np

from xfblas.quantization import bounds
from xfblas.quantization.folding import output_scales
from xfblas.quantization.integers import Room, Target, choose_factor
from xfblas.quantization.options import Options
from xfblas.quantization.output_windows import window_levels, window_offsets
from xfblas.quantization.ranges import weight_limit


@dataclass(frozen=True)
class Shape:
    """The integer that stands for 0, and the columns of each output."""

    zero_point: int
    windows: int


@dataclass(frozen=True, eq=False)
class Wanted:
    """What a layer shall compute, in floats, and what its inputs are.

    Attributes:
        name: for messages.
        kernel: (k, n) float64, divided by the scales of the inputs.
        bias: (n,) float64.
        ranges: (n,) the size each output shall hold, above 0.
        importance: (n,) how much an output's noise matters.
        mean_square: (k,) of the integer inputs, zero points taken off.
        input_zero: the inputs' zero point.
        inputs: the inputs' possible integers.
        shrink: bits by which the output is smaller than it could be.
        room: what the engine has for the sums and for X.
    """

    name: str
    kernel: np.ndarray
    bias: np.ndarray
    ranges: np.ndarray
    importance: np.ndarray
    mean_square: np.ndarray
    input_zero: int
    inputs: bounds.Interval
    shrink: int
    room: Room


@dataclass(frozen=True, eq=False)
class Plan:
    """What was chosen.

    Attributes:
        zero_point, windows: the form.
        levels: the largest size of an output in steps.
        scale: (n,), T.
        offset: (windows * n,), added to every output in steps.
        target: for :mod:`.integers`.
        noise: equation (1).
    """

    zero_point: int
    windows: int
    levels: int
    scale: np.ndarray
    offset: np.ndarray
    target: Target
    noise: float


def choose_plan(wanted: Wanted, options: Options, shapes: list[Shape]) -> Plan:
    """The plan with the least noise of those for each shape."""
    return min((_plan(wanted, options, shape) for shape in shapes), key=lambda plan: plan.noise)


def _plan(wanted: Wanted, options: Options, shape: Shape) -> Plan:
    levels = window_levels(shape.windows, options.bits, shape.zero_point)
    reached = levels / 2**wanted.shrink
    scale = np.full(len(wanted.ranges), reached / wanted.ranges.max())
    power = float(wanted.mean_square.sum())
    if options.per_channel:
        scale = output_scales(
            wanted.kernel,
            wanted.ranges,
            wanted.importance,
            power,
            reached,
            options.element_max,
            options.equalize,
        )
    if options.power_of_two:
        scale = np.exp2(np.floor(np.log2(scale)))
    kernel = np.tile(wanted.kernel * scale, (1, shape.windows))
    limit = weight_limit(
        kernel, wanted.mean_square, options.weights, options.percentile, options.element_max
    )
    offset = np.repeat(window_offsets(shape.windows, options.bits, shape.zero_point), len(scale))
    # The public engine only floors; half a step more in X makes that rounding.
    offset = offset + (0.5 if options.legacy else 0.0)
    bias = np.tile(wanted.bias * scale, shape.windows) + offset
    target = Target(kernel, bias, limit, wanted.input_zero, wanted.inputs)
    post_scale, post_shift = choose_factor(wanted.name, target, wanted.room)
    step = post_scale / 2.0**post_shift
    noise = (1 + power * step**2) * float((wanted.importance / scale**2).sum())
    return Plan(shape.zero_point, shape.windows, levels, scale, offset, target, noise)
