"""Convolutions as products: windows are gathered into rows, kernels laid out as matrices.

So a layer whose integers are its model's own is computed over maps by what computes it over rows.
"""

import math
from dataclasses import dataclass

import numpy as np

from xfblas.layers.host_operation import HostOperation
from xfblas.layers.operation import CannotRun, Operation, Place
from xfblas.layers.windows import Axis, axes_of

_GATHERS = "it gathers the windows that the engine multiplies"


@dataclass(frozen=True, eq=False)
class GatheredWindows(HostOperation):
    """The windows of a map as rows (*outputs, taps * channels), of any kind of convolution.

    Before it is placed its parameters are those of :func:`~xfblas.layers.windows.axes_of`, with
    ``sizes`` of the window and perhaps ``channels_first``.

    Attributes:
        transposed: whether the convolution is transposed.
    """

    part_name = "windows"

    transposed: bool = False

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> HostOperation:
        """See :meth:`Operation.at`."""
        given = dict(self.parameters)
        shape, sizes = place.shapes[0], given.pop("sizes")
        first = bool(given.pop("channels_first", False))
        if len(shape) != len(sizes) + 1 or None in shape:
            expected = f"maps of {len(sizes)} axes and channels, of known sizes"
            raise CannotRun(f"its input has rows of shape {shape}, expected {expected}")
        spatial = [int(size or 0) for size in (shape[1:] if first else shape[:-1])]
        try:
            axes = axes_of(spatial, sizes, given, self.transposed)
        except ValueError as error:
            raise CannotRun(str(error)) from None
        seen = [_places(*pair, self.transposed) for pair in zip(axes, spatial, strict=True)]
        parameters = {"windows": seen} | ({"channels_first": True} if first else {})
        found = HostOperation(self.layer, "gather_windows", parameters, {}, _GATHERS)
        return found.at(place, {})


def _places(axis: Axis, size: int, transposed: bool) -> list[list[int]]:
    """What each tap of each output sees along an axis: a place, or -1 outside of it."""
    outputs, taps = np.arange(axis.output)[:, np.newaxis], np.arange(axis.size)
    if transposed:
        found, rest = np.divmod(outputs + axis.before - taps * axis.dilation, axis.stride)
        found = np.where(rest == 0, found, -1)
    else:
        found = outputs * axis.stride + taps * axis.dilation - axis.before
    return np.where((found >= 0) & (found < size), found, -1).tolist()


@dataclass(frozen=True, eq=False)
class KernelLayout:
    """How the kernel of a convolution becomes the matrix of :class:`GatheredWindows`' rows.

    Attributes:
        function: convolution, depthwise_convolution or transposed_convolution.
        sizes: of the window.
        groups: of channels, of a convolution.
    """

    function: str
    sizes: tuple[int, ...]
    groups: int = 1

    def require(self, operation: Operation, place: Place, kernel: np.ndarray) -> None:
        """Raises where a kernel's shape does not fit its window and the rows of its place."""
        channels = (place.shapes[0][-1] or 0) // math.prod(self.sizes)
        axis = -1 if self.function == "transposed_convolution" else -2
        fits = kernel.ndim == len(self.sizes) + 2 and 0 not in kernel.shape
        fits = fits and kernel.shape[:-2] == self.sizes
        if not fits or kernel.shape[axis] * self.groups != channels:
            expected = f"a window {self.sizes} of {channels} channels in {self.groups} groups"
            raise operation.wrong_shape(place.where, "kernel", kernel, expected)
        if kernel.shape[-1] % self.groups:
            raise CannotRun(f"it has {kernel.shape[-1]} filters in {self.groups} groups")

    def matrix(self, kernel: np.ndarray) -> np.ndarray:
        """A kernel as Keras has it as (taps * channels, outputs)."""
        *window, inputs, outputs = kernel.shape
        taps, groups = math.prod(window), self.groups
        parts = kernel.reshape(taps, inputs, outputs)
        if self.function == "transposed_convolution":
            return parts.swapaxes(1, 2).reshape(taps * outputs, inputs)
        if self.function == "depthwise_convolution":
            groups, inputs, outputs = inputs, 1, inputs * outputs
        if groups == 1:
            return parts.reshape(taps * inputs, outputs)
        # Each group sees its own channels; zeros stand for the others.
        own = parts.reshape(taps, inputs, groups, outputs // groups)
        found = np.zeros((taps, groups, inputs, groups, outputs // groups), kernel.dtype)
        for group in range(groups):
            found[:, group, :, group] = own[:, :, group]
        return found.reshape(taps * groups * inputs, outputs)
