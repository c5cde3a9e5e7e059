"""Where windows lie that slide over the axes of a row: convolutions, pooling, upsampling.

Along one axis output o looks at the input's places

    o * stride + tap * dilation - before          tap = 0 .. size - 1                       (1)

of which those outside of the input hold 0, or do not count. A transposed convolution is the same
the other way round: input i adds to the outputs ``i * stride + tap * dilation - before``. So the
outputs o = phase, phase + stride, ... see only every so many taps, and are an ordinary convolution
of stride 1 with these (:func:`phases`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: Ways to pad that configurations name.
PADDINGS = ("valid", "same", "causal")


@dataclass(frozen=True)
class Axis:
    """Equation (1) along one axis.

    Attributes:
        size, stride, dilation: of the window.
        before: places of padding before the first.
        output: how many outputs there are.
    """

    size: int
    stride: int
    dilation: int
    before: int
    output: int


def axis_of(
    given: int, size: int, stride: int, dilation: int, padding: str | Sequence[int]
) -> Axis:
    """The windows over ``given`` places; padding is a name, or how many before and after.

    Raises:
        ValueError: the window is larger than what it slides over.
    """
    reach = (size - 1) * dilation + 1
    if padding == "same":
        output = -(-given // stride)
        before = max((output - 1) * stride + reach - given, 0) // 2
        return Axis(size, stride, dilation, before, output)
    before, after = {"valid": (0, 0), "causal": (reach - 1, 0)}.get(str(padding), padding)
    output = (given + int(before) + int(after) - reach) // stride + 1
    if output < 1:
        raise ValueError(f"a window of {reach} does not fit an axis of {given}")
    return Axis(size, stride, dilation, int(before), output)


def transposed_axis(
    given: int, size: int, stride: int, dilation: int, padding: str, more: int | None
) -> Axis:
    """The same of a transposed convolution, of which ``output`` is the larger side.

    Args:
        more: Keras' ``output_padding``.
    """
    reach = (size - 1) * dilation + 1
    if padding == "valid":
        left, right = reach - 1, reach - 1 + (max(reach, stride) - reach if more is None else more)
    else:
        both = stride + reach - 2 if more is None else reach + reach % 2 - 2 + more
        left = min(both // 2 + both % 2, reach - 1)
        right = both - left
    output = (given - 1) * stride + 1 + left + right - reach + 1
    if output < 1:
        raise ValueError(f"a transposed window of {reach} leaves nothing of an axis of {given}")
    return Axis(size, stride, dilation, reach - 1 - left, output)


@dataclass(frozen=True)
class Phase:
    """Every so many outputs of a transposed convolution, as windows of stride 1.

    Attributes:
        first: the first of these outputs.
        taps: of the kernel that they see, in the order of the input's places; empty where none.
        axis: the windows, over the input of the transposed convolution.
    """

    first: int
    taps: tuple[int, ...]
    axis: Axis


def phases(axis: Axis) -> list[Phase]:
    """The phases of a transposed axis, first come the outputs 0, stride, ..."""
    found = []
    common = math.gcd(axis.stride, axis.dilation)
    for first in range(min(axis.stride, axis.output)):
        output = -(-(axis.output - first) // axis.stride)
        # Output first + j * stride gets input j + (first + before - tap * dilation) / stride.
        places = {
            tap: (first + axis.before - tap * axis.dilation) // axis.stride
            for tap in range(axis.size)
            if (first + axis.before - tap * axis.dilation) % axis.stride == 0
        }
        taps = tuple(sorted(places, key=lambda tap: places[tap]))
        before = -places[taps[0]] if taps else 0
        dilation = axis.dilation // common if len(taps) > 1 else 1
        found.append(Phase(first, taps, Axis(max(len(taps), 1), 1, dilation, before, output)))
    return found


def axes_of(
    shape: Sequence[int], sizes: Sequence[int], parameters: dict, transposed: bool = False
) -> list[Axis]:
    """The windows along each axis of a map.

    Args:
        shape: (rows, columns) of the map.
        sizes: of the window.
        parameters: strides, padding, and dilation and output_padding where there are some.
    """
    padding, strides = parameters["padding"], parameters["strides"]
    dilation = parameters.get("dilation") or [1] * len(sizes)
    more = parameters.get("output_padding") or [None] * len(sizes)
    found = []
    for index, size in enumerate(sizes):
        numbers = (shape[index], size, strides[index], dilation[index])
        own = padding if isinstance(padding, str) else padding[index]
        if transposed:
            found.append(transposed_axis(*numbers, own, more[index]))
        else:
            found.append(axis_of(*numbers, own))
    return found
