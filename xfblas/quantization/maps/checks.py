"""Whether what a file holds of a network over maps is whole, down to each number."""

from typing import Any

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.quantization.entry_table import as_stored
from xfblas.quantization.map_steps import ConvolutionStep, MapSlice, WindowStep
from xfblas.quantization.maps.quantized_maps import QuantizedMaps
from xfblas.quantization.maps.sum_ways import TEXTS

#: Sizes of maps, windows and steps have 16 bits in an instruction.
LARGEST = 65535
#: Columns of a channel of the output.
MOST_WINDOWS = 4096
KINDS = ("max", "average", "depthwise")


def require_fit(maps: QuantizedMaps) -> None:
    """Raises an InvalidValueError unless steps stay within their maps and numbers have their types.

    What an instruction cannot hold besides, the library refuses.
    """
    network = maps.network
    _require(network.dtype in (np.int8, np.int16), "dtype", network.dtype, "int8 or int16")
    for one in network.maps:
        sizes = (one.height, one.width, one.channels)
        _require(all(_is_whole(size, 1) for size in sizes), f"map {one.name}", sizes, "sizes")
    names = [step.name for step in network.steps]
    _require(len(set(names)) == len(names) > 0, "steps", names[:3], "names of their own")
    for step in network.steps:
        _check_step(step, network)
    _check_slice("output", network.output, network)
    windows, columns = network.output_windows, network.output.channels
    is_fit = _is_whole(windows, 1, MOST_WINDOWS) and columns % windows == 0
    _require(is_fit, "output_windows", windows, f"a divisor of {columns} columns")
    given = network.map(network.input).channels
    for name, values, size in (
        ("input_scale", network.input_scale, given),
        ("input_offset", network.input_offset, given),
        ("output_scale", network.output_scale, network.output_channels),
    ):
        if values is None and name == "input_offset":
            continue
        is_fit = values.shape == (size,) and values.dtype.kind == "f" and np.isfinite(values).all()
        is_fit = is_fit and (name == "input_offset" or bool((values > 0).all()))
        _require(is_fit, name, values.shape, f"({size},) numbers above 0")
    limit = int(np.iinfo(network.dtype).max)
    _require(_is_whole(network.input_limit, 1, limit), "input_limit", network.input_limit, "size")
    zero = network.output_zero
    _require(_is_whole(zero, -limit - 1, limit), "output_zero", zero, "an element")
    for summary in maps.summaries:
        where = f"summary {summary.name}: sums"
        _require(summary.sums in (None, *TEXTS), where, summary.sums, ", ".join(TEXTS))
    for tensor in maps.tensors:
        _check_slice(f"tensor {tensor.name}", tensor.slice, network)
        is_fit = _is_whole(tensor.windows, 1, MOST_WINDOWS)
        is_fit = is_fit and tensor.scale.size * tensor.windows == tensor.slice.channels
        is_fit = is_fit and tensor.scale.ndim == 1 and bool((tensor.scale > 0).all())
        _require(is_fit, f"tensor {tensor.name}", tensor.scale.shape, "a scale for each channel")
        _require(_is_whole(tensor.step, -1, len(names) - 1), "step", tensor.step, "a step's number")


def _check_step(step: ConvolutionStep | WindowStep, network: Any) -> None:
    where = f"step {step.name}"
    _check_slice(where, step.source, network)
    walk, target = step.walk, step.target
    for name in ("kernel", "output", "stride", "dilation", "upsampling"):
        pair = getattr(walk, name)
        is_fit = len(pair) == 2 and all(_is_whole(one, 1, LARGEST) for one in pair)
        _require(is_fit, f"{where}: {name}", pair, "two sizes")
    half = 2 ** (8 * network.dtype.itemsize - 1)
    _require(_is_whole(walk.fill, -half, half - 1), f"{where}: fill", walk.fill, "an element")
    is_convolution = isinstance(step, ConvolutionStep)
    if not is_convolution:
        _require(step.kind in KINDS, f"{where}: kind", step.kind, ", ".join(KINDS))
    outputs = step.source.channels if step.weights is None else step.weights.shape[1]
    _check_slice(where, MapSlice(target.map, outputs, target.first_channel), network)
    stored = network.map(target.map)
    for size, first, by, whole in zip(
        walk.output, target.first, target.step, (stored.height, stored.width), strict=True
    ):
        is_fit = _is_whole(first, 0) and _is_whole(by, 1) and first + (size - 1) * by < whole
        _require(is_fit, f"{where}: target", (first, by), f"places in {whole}")
    if step.weights is None:
        return
    taps = walk.kernel[0] * walk.kernel[1]
    rows = taps * step.source.channels if is_convolution else taps
    pixels = walk.output[0] * walk.output[1]
    weights, bias = step.weights, step.bias
    is_fit = weights.ndim == 2 and weights.dtype == network.dtype and len(weights) == rows
    is_fit = is_fit and (is_convolution or outputs == step.source.channels)
    _require(is_fit, f"{where}: weights", f"{weights.dtype} {weights.shape}", f"({rows}, n)")
    is_fit = bias.dtype == np.int32 and bias.shape in ((1, outputs), (pixels, outputs))
    _require(is_fit, f"{where}: bias", f"{bias.dtype} {bias.shape}", f"(1, {outputs}) int32")
    epilogue = step.epilogue
    fields = (*epilogue.post, *epilogue.prelu)
    ends = ((0, 2**16 - 1), (0, 255), (-512, 511), (0, 31))
    is_fit = len(fields) == 4 and all(
        _is_whole(one, *end) for one, end in zip(fields, ends, strict=False)
    )
    _require(is_fit, f"{where}: epilogue", fields, "an instruction's fields")
    if epilogue.entries is not None:
        _require(as_stored(epilogue.entries), f"{where}: entries", "others", "those of a table")


def _check_slice(where: str, found: MapSlice, network: Any) -> None:
    names = [one.name for one in network.maps]
    _require(found.map in names, f"{where}: map", found.map, "one of the network's")
    last = found.first_channel + found.channels
    is_fit = _is_whole(found.first_channel, 0) and _is_whole(found.channels, 1)
    is_fit = is_fit and last <= network.map(found.map).channels
    _require(is_fit, f"{where}: channels", (found.first_channel, found.channels), "those of a map")


def _is_whole(value: Any, low: int, high: int = 2**31 - 1) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _require(is_fit: bool, what: str, value: Any, expected: str) -> None:
    if not is_fit:
        raise InvalidValueError(f"{what} is {str(value)[:80]}, expected {expected}: it is damaged")
