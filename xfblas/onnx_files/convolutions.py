"""Operators whose windows slide over maps, whose channels come first: convolutions and pooling."""

import math

import numpy as np

from xfblas.layers.operation import NO_SUCH_LAYER, CannotRun, Operation
from xfblas.layers.window_operation import WindowOperation
from xfblas.layers.windows import axis_of
from xfblas.onnx_files.node import Node, converts


@converts("Conv")
def _convolution(node: Node) -> list[Operation]:
    kernel, rank = _kernel(node)
    groups = node.attribute("group", 1)
    if groups < 1 or len(kernel) % groups:
        raise CannotRun(f"group is {groups}, but it has {len(kernel)} filters")
    parameters = _steps(node, rank, kernel.shape[2:], "dilations")
    arrays = _with_bias(node, len(kernel))
    window = range(2, rank + 2)
    if groups > 1 and kernel.shape[1] == 1 and _channels(node) == groups:
        # Filters of one channel lie beside each other.
        own = kernel.reshape(groups, -1, *kernel.shape[2:])
        arrays["kernel"] = own.transpose(*window, 0, 1)
        return [_windows(node, "depthwise_convolution", parameters, arrays)]
    arrays["kernel"] = kernel.transpose(*window, 1, 0)
    return [_windows(node, "convolution", parameters | {"groups": groups}, arrays)]


@converts("ConvTranspose")
def _transposed(node: Node) -> list[Operation]:
    """The whole of what windows reach, of which the padding is cut off."""
    kernel, rank = _kernel(node)
    if node.attribute("group", 1) != 1:
        raise CannotRun(f"group is {node.attribute('group', 1)}, expected 1")
    if node.attributes.get("output_shape") or node.attribute("auto_pad", "NOTSET") not in (
        "NOTSET",
        "VALID",
    ):
        raise CannotRun("has output_shape or auto_pad, expected pads")
    more = _numbers(node, "output_padding", rank, 0, 0)
    pads = _numbers(node, "pads", 2 * rank, 0, 0)
    parameters = {
        "strides": _numbers(node, "strides", rank, 1, 1),
        "dilation": _numbers(node, "dilations", rank, 1, 1),
        "padding": "valid",
        "output_padding": more,
    }
    arrays = _with_bias(node, kernel.shape[1])
    arrays["kernel"] = kernel.transpose(*range(2, rank + 2), 1, 0)
    found: list[Operation] = [_windows(node, "transposed_convolution", parameters, arrays)]
    if any(pads):
        widths = [[0, 0], *map(list, zip(pads[:rank], pads[rank:], strict=True))]
        found += node.host("crop", {"widths": widths})
    return found


@converts("MaxPool", "AveragePool")
def _pooling(node: Node) -> list[Operation]:
    rank = _rank(node)
    size = _numbers(node, "kernel_shape", rank, None, 1)
    if any(one != 1 for one in _numbers(node, "dilations", rank, 1, 1)):
        raise CannotRun("has dilations, expected 1")
    parameters = _steps(node, rank, size, None) | {"size": size}
    if node.attribute("ceil_mode", 0):
        _require_whole(node, parameters, size)
    if node.operator == "MaxPool":
        return [_windows(node, "max_pool", parameters)]
    padding = parameters["padding"]
    if not node.attribute("count_include_pad", 0) or padding == "valid":
        return [_windows(node, "average_pool", parameters)]
    if padding == "same":
        raise CannotRun("has count_include_pad and auto_pad, expected pads")
    parameters["padding"] = "valid"
    added = node.host("pad", {"widths": [[0, 0], *padding]})
    return [*added, _windows(node, "average_pool", parameters)]


@converts("Pad")
def _pad(node: Node) -> list[Operation]:
    rank = node.tensor(0).rank
    mode = node.attribute("mode", "constant")
    pads, axes = node.whole_numbers("pads", 1), node.whole_numbers("axes", 3)
    value = node.attribute("value", 0.0)
    value = float(node.constant(2, "constant_value", value).reshape(-1)[0])
    if mode != "constant" or value != 0:
        raise CannotRun(f"mode is {mode} with {value:g}, expected constant with 0")
    axes = list(range(rank)) if axes is None else [axis % rank for axis in axes]
    if pads is None or len(pads) != 2 * len(axes):
        raise CannotRun(f"pads are {pads}, expected two for each of {len(axes)} axes")
    widths = [[0, 0] for _ in range(rank)]
    for index, axis in enumerate(axes):
        widths[axis] = [pads[index], pads[index + len(axes)]]
    if any(widths[0]):
        raise CannotRun("adds rows to the batch")
    found: list[Operation] = []
    added = [[max(one, 0) for one in pair] for pair in widths[1:]]
    cut = [[max(-one, 0) for one in pair] for pair in widths[1:]]
    found += node.host("pad", {"widths": added}) if any(map(any, added)) else []
    return found + (node.host("crop", {"widths": cut}) if any(map(any, cut)) else [])


@converts("Resize", "Upsample")
def _upsampling(node: Node) -> list[Operation]:
    """Each pixel so many times."""
    rank, shape = _rank(node), node.tensor(0).shape
    if node.attribute("mode", "nearest") != "nearest":
        raise CannotRun(f"mode is {node.attribute('mode', 'nearest')}, expected nearest")
    place = 2 if node.operator == "Resize" and node.opset > 10 else 1
    if node.operator == "Resize" and node.opset > 10:
        _require_repeating(node)
    if node.has(place) and node.constant(place, "scales").size:
        scales = node.constant(place, "scales").astype(float)
    elif "scales" in node.attributes:
        scales = np.float64(node.attributes["scales"])
    else:
        sizes = node.whole_numbers("sizes", 3)
        if sizes is None or len(sizes) != rank + 2 or None in shape:
            raise CannotRun("has neither scales nor sizes of all axes")
        scales = np.float64([1, *np.divide(sizes[1:], np.float64(shape))])
    factors = scales[2:].tolist()
    if len(scales) != rank + 2 or (scales[:2] != 1).any() or any(f % 1 or f < 1 for f in factors):
        raise CannotRun(f"scales are {scales.tolist()}, expected whole numbers of pixels")
    return [_windows(node, "upsample", {"factors": [int(factor) for factor in factors]})]


def _require_repeating(node):
    """Raises unless a whole factor repeats pixels."""
    way = node.attribute("coordinate_transformation_mode", "half_pixel")
    rounding = node.attribute("nearest_mode", "round_prefer_floor")
    if (way, rounding) not in (("asymmetric", "floor"), ("half_pixel", "round_prefer_floor")):
        raise CannotRun(f"takes the nearest pixel by {way} and {rounding}")
    if node.attributes.get("axes") is not None:
        raise CannotRun("has axes, expected scales of all of them")


def _windows(node, function, parameters, arrays=None):
    parameters = {**parameters, "channels_first": True}
    arrays = {kind: np.ascontiguousarray(v, np.float32) for kind, v in (arrays or {}).items()}
    return WindowOperation(node.layer, function, parameters, arrays, refusal=NO_SUCH_LAYER)


def _rank(node):
    rank = node.tensor(0).rank - 2
    if rank not in (1, 2):
        raise CannotRun(f"its input has {rank + 2} axes, expected 3 or 4")
    return rank


def _kernel(node):
    """The kernel (outputs, inputs, *window), and over how many axes it slides."""
    kernel, rank = node.constant(1, "W"), _rank(node)
    if kernel.ndim != rank + 2 or 0 in kernel.shape:
        raise CannotRun(f"W has the shape {kernel.shape}, expected {rank + 2} axes")
    given = _numbers(node, "kernel_shape", rank, 0, 0)
    if any(given) and given != list(kernel.shape[2:]):
        raise CannotRun(f"kernel_shape is {given}, but W has the shape {kernel.shape}")
    return kernel, rank


def _channels(node):
    return node.tensor(0).shape[0]


def _with_bias(node, outputs):
    bias = node.constant(2, "B", np.zeros(outputs))
    if bias.shape != (outputs,):
        raise CannotRun(f"B has the shape {bias.shape}, expected ({outputs},)")
    return {"bias": bias}


def _numbers(node, name, count, default, smallest):
    """A list of whole numbers, of one length; or the default so many times."""
    values = node.attributes.get(name)
    if values is None and default is not None:
        return [default] * count
    fits = isinstance(values, list) and len(values) == count
    if not fits or any(not isinstance(one, int) or one < smallest for one in values):
        expected = f"{count} whole numbers of {smallest} or more"
        raise CannotRun(f"{name} is {str(values)[:60]}, expected {expected}")
    return [int(one) for one in values]


def _steps(node, rank, sizes, dilations):
    """Strides, padding and perhaps dilation of windows."""
    found = {"strides": _numbers(node, "strides", rank, 1, 1)}
    steps = _numbers(node, dilations, rank, 1, 1) if dilations else [1] * rank
    found |= {"dilation": steps} if dilations else {}
    way = node.attribute("auto_pad", "NOTSET")
    pads = _numbers(node, "pads", 2 * rank, 0, 0)
    pairs = [list(pair) for pair in zip(pads[:rank], pads[rank:], strict=True)]
    if way == "SAME_LOWER":
        pairs = _lower(node, sizes, found["strides"], steps)
    elif way not in ("NOTSET", "VALID", "SAME_UPPER"):
        raise CannotRun(f"auto_pad is {way[:60]}, expected NOTSET, VALID, SAME_UPPER or SAME_LOWER")
    padding = {"VALID": "valid", "SAME_UPPER": "same"}.get(way, pairs)
    found["padding"] = padding if padding != [[0, 0]] * rank else "valid"
    return found


def _lower(node, sizes, strides, steps):
    """As 'same', with the larger part of the padding before."""
    spatial = node.tensor(0).shape[1:]
    if None in spatial:
        raise CannotRun("auto_pad is SAME_LOWER for maps of open size")
    found = []
    for given, size, stride, step in zip(spatial, sizes, strides, steps, strict=True):
        reach = (size - 1) * step + 1
        total = max((-(-given // stride) - 1) * stride + reach - given, 0)
        found.append([total - total // 2, total // 2])
    return found


def _require_whole(node, parameters, sizes):
    """Raises where rounding the number of windows up changes it."""
    spatial, padding = node.tensor(0).shape[1:], parameters["padding"]
    for index, (given, size, stride) in enumerate(
        zip(spatial, sizes, parameters["strides"], strict=True)
    ):
        if padding == "same":
            continue
        if given is None:
            raise CannotRun("ceil_mode is 1 for maps of open size")
        own = padding if isinstance(padding, str) else padding[index]
        axis = axis_of(given, size, stride, 1, own)
        after = 0 if isinstance(own, str) else sum(own)
        if axis.output != math.ceil((given + after - size) / stride) + 1:
            raise CannotRun("ceil_mode is 1, and a last window would reach beyond the padding")
