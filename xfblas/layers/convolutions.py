"""What slides over the maps of a batch, in numpy: (frames, rows, columns, channels) or less axes.

A convolution gathers the windows of some output rows at a time and multiplies them by BLAS, so that
what it gathers stays small. Parameters are those of :mod:`~xfblas.layers.windows`; with
``channels_first`` the channels are the axis after the batch.
"""

import itertools

import numpy as np

from xfblas.layers.windows import Axis, axes_of, phases

#: Values of gathered windows that are multiplied at once.
GATHERED = 2**21


def convolution(
    x, kernel, strides, padding, dilation=None, groups=1, channels_first=False, bias=None
):
    """Kernel (*window, channels / groups, outputs)."""
    x = _channels_last(x, channels_first)
    _require_channels(x, kernel.shape[-2] * groups)
    parameters = {"strides": strides, "padding": padding, "dilation": dilation}
    axes = axes_of(x.shape[1:-1], kernel.shape[:-2], parameters)
    found = _grouped(x, kernel, axes, groups)
    return _as_given(found if bias is None else found + bias, channels_first)


def depthwise_convolution(
    x, kernel, strides, padding, dilation=None, channels_first=False, bias=None
):
    """Kernel (*window, channels, multiplier): each channel gives so many of its own."""
    x = _channels_last(x, channels_first)
    _require_channels(x, kernel.shape[-2])
    parameters = {"strides": strides, "padding": padding, "dilation": dilation}
    axes = axes_of(x.shape[1:-1], kernel.shape[:-2], parameters)
    found = 0.0
    for place, part, _ in _parts(x, axes):
        found = found + part[..., np.newaxis] * kernel[place]
    found = found.reshape(*found.shape[:-2], -1)
    return _as_given(found if bias is None else found + bias, channels_first)


def transposed_convolution(
    x,
    kernel,
    strides,
    padding,
    dilation=None,
    output_padding=None,
    channels_first=False,
    bias=None,
):
    """Kernel (*window, outputs, channels), as Keras has it."""
    x = _channels_last(x, channels_first)
    _require_channels(x, kernel.shape[-1])
    parameters = {"strides": strides, "padding": padding, "dilation": dilation}
    parameters["output_padding"] = output_padding
    axes = axes_of(x.shape[1:-1], kernel.shape[:-2], parameters, transposed=True)
    sizes = [axis.output for axis in axes]
    found = np.zeros((len(x), *sizes, kernel.shape[-2]), x.dtype)
    turned = np.moveaxis(kernel, -1, -2)
    for parts in itertools.product(*(phases(axis) for axis in axes)):
        if all(part.taps for part in parts):
            own = turned[np.ix_(*(part.taps for part in parts))]
            place = tuple(
                slice(part.first, None, axis.stride) for part, axis in zip(parts, axes, strict=True)
            )
            found[(slice(None), *place)] = _grouped(x, own, [part.axis for part in parts], 1)
    return _as_given(found if bias is None else found + bias, channels_first)


def max_pool(x, size, strides, padding, channels_first=False):
    """The largest of each window's values, of those within the map."""
    x = _channels_last(x, channels_first)
    axes = axes_of(x.shape[1:-1], size, {"strides": strides, "padding": padding})
    found = None
    for _, part, _ in _parts(x, axes, -np.inf):
        found = part.copy() if found is None else np.maximum(found, part, out=found)
    return _as_given(found, channels_first)


def average_pool(x, size, strides, padding, channels_first=False):
    """The mean of each window's values, of those within the map."""
    x = _channels_last(x, channels_first)
    axes = axes_of(x.shape[1:-1], size, {"strides": strides, "padding": padding})
    total, count = 0.0, 0.0
    for _, part, inside in _parts(x, axes):
        total, count = total + part, count + inside
    return _as_given((total / count).astype(x.dtype), channels_first)


def upsample(x, factors, channels_first=False):
    """Each pixel so many times, along each axis."""
    first = 2 if channels_first else 1
    for axis, factor in enumerate(factors):
        x = np.repeat(x, factor, axis=axis + first)
    return x


def _channels_last(x, channels_first):
    return np.moveaxis(x, 1, -1) if channels_first else x


def _as_given(x, channels_first):
    return np.ascontiguousarray(np.moveaxis(x, -1, 1)) if channels_first else x


def _require_channels(x, channels):
    if x.shape[-1] != channels:
        raise ValueError(f"a map has {x.shape[-1]} channels, the kernel takes {channels}")


def _padded(x, axes: list[Axis], value=0.0):
    """x with its padding, cropped where that is below 0."""
    widths, inside = [(0, 0)], [slice(None)]
    for axis, given in zip(axes, x.shape[1:], strict=False):
        last = (axis.output - 1) * axis.stride + (axis.size - 1) * axis.dilation - axis.before
        widths.append((max(axis.before, 0), max(last + 1 - given, 0)))
        inside.append(slice(max(-axis.before, 0), None))
    x = x[tuple(inside)]
    if not any(map(any, widths)):
        return x
    return np.pad(x, [*widths, (0, 0)], constant_values=value)


def _parts(x, axes: list[Axis], value=0.0):
    """For each tap its place, what all outputs see there, and whether that lies in the map."""
    padded = _padded(x, axes, value)
    for place in itertools.product(*(range(axis.size) for axis in axes)):
        index, inside = [slice(None)], np.ones((1,) * (len(axes) + 2))
        for number, (axis, tap) in enumerate(zip(axes, place, strict=True)):
            first = tap * axis.dilation
            last = first + (axis.output - 1) * axis.stride + 1
            index.append(slice(first, last, axis.stride))
            at = np.arange(first, last, axis.stride) - axis.before
            shape = [1] * (len(axes) + 2)
            shape[number + 1] = -1
            own = (at >= 0) & (at < x.shape[number + 1])
            inside = inside * own.reshape(shape)
        yield place, padded[tuple(index)], inside


def _grouped(x, kernel, axes: list[Axis], groups):
    """Each group of channels with its own columns of the kernel."""
    if len(axes) == 1:
        one = Axis(1, 1, 1, 0, 1)
        return _grouped(x[:, np.newaxis], kernel[np.newaxis], [one, *axes], groups)[:, 0]
    padded, (rows, columns) = _padded(x, axes), axes
    inputs, outputs = kernel.shape[-2], kernel.shape[-1] // groups
    found = np.empty((len(x), rows.output, columns.output, kernel.shape[-1]), x.dtype)
    for group in range(groups):
        own = padded[..., group * inputs : (group + 1) * inputs]
        part = slice(group * outputs, (group + 1) * outputs)
        _multiply(own, kernel[..., part].reshape(-1, outputs), rows, columns, found[..., part])
    return found


def _multiply(padded, kernel, rows: Axis, columns: Axis, found):
    at_once = max(1, GATHERED // (len(kernel) * columns.output))
    for frame, first in itertools.product(range(len(padded)), range(0, rows.output, at_once)):
        count = min(at_once, rows.output - first)
        gathered = windows_of(padded[frame, first * rows.stride :], rows, columns, count)
        product = gathered.reshape(-1, len(kernel)) @ kernel
        found[frame, first : first + count] = product.reshape(count, columns.output, -1)


def windows_of(padded: np.ndarray, rows: Axis, columns: Axis, count: int) -> np.ndarray:
    """A view (count, columns, window rows, window columns, channels) of a padded frame."""
    down, right, channel = padded.strides
    shape = (count, columns.output, rows.size, columns.size, padded.shape[-1])
    steps = (down * rows.stride, right * columns.stride)
    steps += (down * rows.dilation, right * columns.dilation, channel)
    return np.lib.stride_tricks.as_strided(padded, shape, steps, writeable=False)
