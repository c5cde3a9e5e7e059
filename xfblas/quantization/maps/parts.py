"""Windows and kernels of a convolution as parts of a node: folded scales, phases, groups.

A scale s and a shift t of the source's channels go into the kernel K and the bias b exactly,

    sum over taps within the map of (x*s + t)*K + b  =  sum of x*(s*K)  +  (b + sum of t*K)   (1)

where the second sum is over the taps within the map alone: at borders with padding it differs, so
each pixel has a bias of its own there.

Where the source is upsampled, the convolution is one for each phase of the upsampling, see
:mod:`~xfblas.quantization.maps.upsampled_phases`.
"""

import itertools
from collections.abc import Sequence

import numpy as np

from xfblas.layers.windows import Axis, Phase, phases
from xfblas.quantization.maps.nodes import Part, View, inside_of
from xfblas.quantization.maps.upsampled_phases import upsampled_phases

Pair = tuple[int, int]
#: Channels of which ``native`` adds up products of taps: whole groups of four, and enough to pay.
LEAST_OF_TAPS, GROUP_OF_TAPS = 16, 4
#: Taps that a phase may add up: of more, weights whose sums are bytes would be too coarse.
MOST_ADDED_UP = 16


def parts_over(
    view: View,
    given: Pair,
    axes: Sequence[Axis],
    kernel: np.ndarray,
    bias: np.ndarray,
    by_taps: bool = False,
) -> list[Part]:
    """A convolution's parts.

    Args:
        view: what it slides over.
        given: size of the stored tensor.
        axes: windows over the view, rows and columns.
        kernel: (rows, columns, channels, n), or (rows, columns, n) of each channel alone.
        bias: (n,).
        by_taps: whether one that ``native`` computes by taps stays whole.
    """
    rows, columns = _moved(view, axes)
    ups = view.upsampling
    found = upsampled_phases(rows, columns, ups)
    channels = kernel.shape[2] if kernel.ndim == 4 else 1
    added_up = min(ups[0], rows.size) * min(ups[1], columns.size)
    is_fitting = channels >= LEAST_OF_TAPS and channels % GROUP_OF_TAPS == 0
    if by_taps and is_fitting and added_up <= MOST_ADDED_UP:
        found = []
    if not found:
        return [_part(view, given, (rows, columns), ups, kernel, bias)]
    return [
        _part(view, given, phase.axes, (1, 1), phase.added_up(kernel), bias, phase.first, ups)
        for phase in found
    ]


def transposed_parts(
    view: View, given: Pair, axes: Sequence[Axis], kernel: np.ndarray, bias: np.ndarray
) -> list[Part]:
    """Those of a transposed convolution; kernel (rows, columns, channels, n)."""
    found = []
    for down, right in itertools.product(*(phases(axis) for axis in axes)):
        own = np.zeros((1, 1, *kernel.shape[2:]))
        if down.taps and right.taps:
            own = kernel[np.ix_(down.taps, right.taps)]
        windows = _moved(view, [_of_phase(down, right), _of_phase(right, down)])
        first, step = (down.first, right.first), (axes[0].stride, axes[1].stride)
        found.append(_part(view, given, windows, view.upsampling, own, bias, first, step))
    return found


def _of_phase(phase: Phase, other: Phase) -> Axis:
    """Where either axis has no taps, a single one of zeros."""
    if phase.taps and other.taps:
        return phase.axis
    return Axis(1, 1, 1, 0, phase.axis.output)


def _moved(view, axes):
    """Windows over the stored tensor's upsampled pixels."""
    return [
        Axis(a.size, a.stride, a.dilation, a.before + more, a.output)
        for a, more in zip(axes, view.padding, strict=True)
    ]


def _part(view, given, axes, ups, kernel, bias, first=(0, 0), step=(1, 1)) -> Part:
    rows, columns = axes
    taps = rows.size * columns.size
    is_alone = kernel.ndim == 3
    kernel = kernel.reshape(taps, *kernel.shape[2:]).astype(np.float64)
    bias = bias.astype(np.float64)[np.newaxis]
    if view.scale is not None:
        if view.is_moved:
            moved = view.shift * kernel if is_alone else view.shift @ kernel
            inside = inside_of(rows, given[0], ups[0])[:, np.newaxis, :, np.newaxis]
            inside = inside & inside_of(columns, given[1], ups[1])[:, np.newaxis]
            inside = inside.reshape(-1, taps)
            if inside.all():
                inside = inside[:1]
            bias = bias + inside.astype(np.float64) @ moved
        kernel = kernel * (view.scale if is_alone else view.scale[:, np.newaxis])
    if not is_alone:
        kernel = kernel.reshape(-1, kernel.shape[-1])
    return Part(rows, columns, ups, kernel, bias, first, step)


def block_diagonal(kernel: np.ndarray, groups: int) -> list[tuple[int, int, np.ndarray]]:
    """Groups of a convolution as few ordinary ones, with zeros between groups.

    Args:
        kernel: (rows, columns, channels / groups, n), the groups' columns behind one another.

    Returns:
        For each its first channel, how many it reads, and its kernel; a group's columns behind
        those of the one before.
    """
    inputs, outputs = kernel.shape[2], kernel.shape[3] // groups
    at_once = min(groups, max(-(-LEAST_COLUMNS // outputs), -(-groups // MOST_BLOCKS)))
    found = []
    for first in range(0, groups, at_once):
        count = min(at_once, groups - first)
        block = np.zeros((*kernel.shape[:2], count * inputs, count * outputs))
        for index in range(count):
            columns = slice((first + index) * outputs, (first + index + 1) * outputs)
            block[
                :,
                :,
                index * inputs : (index + 1) * inputs,
                index * outputs : (index + 1) * outputs,
            ] = kernel[..., columns]
        found.append((first * inputs, count * inputs, block))
    return found


#: Columns that a block of groups should have, which the engine computes together anyway.
LEAST_COLUMNS = 16
#: Steps that groups are spread over at most.
MOST_BLOCKS = 16
