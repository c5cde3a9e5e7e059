"""From functions of the host's to nodes: what folds into a convolution is part of it.

Every tensor of the model becomes a :class:`~.nodes.View` of one that is stored. Upsampling,
padding, cropping and scales with shifts only change the view; the next convolution takes them in.
Where none can, what the view shows is stored, by a window of one pixel.
"""

import math
from collections import Counter
from dataclasses import replace

import numpy as np

from xfblas.errors import UnsupportedModelError
from xfblas.graph import HostStep, MapStep
from xfblas.layers.placement import PREACTIVATION
from xfblas.layers.windows import Axis, axes_of
from xfblas.quantization.maps.nodes import NO_NUMBERS, Node, Pair, Part, View
from xfblas.quantization.maps.parts import block_diagonal, parts_over, transposed_parts

#: Signs of the second operand, and of all others.
_SUMS = {"add": 1.0, "subtract": -1.0, "average": 1.0}


class Lowering:
    """The nodes of a step.

    Args:
        step: the functions.

    Attributes:
        nodes: in the order of computation.
        sizes: (rows, columns, channels) of each stored tensor, by name.
        joined: tensors that are others side by side, by name.
        derived: nodes of one pixel whose tensors are none of the model's, by the tensor.
        restored: tensors of the model whose values are those of a stored one, scaled and shifted:
            its name, scale and shift.
        input: the tensor that the caller's rows become; ``input_scale`` and ``input_shift`` of
            the rows are its values, None for the rows themselves.
        output: the view that the model's output is.
    """

    def __init__(self, step: MapStep):
        self.nodes: list[Node] = []
        self.sizes: dict[str, tuple[int, int, int]] = {}
        self.joined: dict[str, tuple[str, ...]] = {}
        self.derived: dict[str, Node] = {}
        self.restored: dict[str, tuple[str, np.ndarray, np.ndarray]] = {}
        self.input = step.input
        self.input_scale: np.ndarray | None = None
        self.input_shift: np.ndarray | None = None
        self._is_first = step.channels_first
        self._readers = Counter(tensor for part in step.steps for tensor in part.inputs)
        self._readers[step.output] += 1
        size = self._size(step.input_shape)
        self.sizes[step.input] = size
        self._views = {step.input: View(step.input, size[:2])}
        for part in step.steps:
            done = len(self.nodes)
            views = [self._views[tensor] for tensor in part.inputs]
            self._views[part.output] = self._lowered(part, views)
            for node in self.nodes[done:]:
                node.layer = layer_of(part)
        output = self._views[step.output]
        if output.flat_scale is not None:
            raise UnsupportedModelError(
                f"step {step.name}: a scale for each value of {step.output} has no dense layer "
                "after it to take it in"
            )
        if not output.is_flat:
            output = self._plain(output, step.output)
        self.output = output

    def _size(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """(rows, columns, channels) of a row's shape."""
        if self._is_first and len(shape) > 1:
            shape = (*shape[1:], shape[0])
        rows, columns, channels = (1,) * (3 - len(shape)) + tuple(shape)
        return rows, columns, channels

    def _lowered(self, step: HostStep, views: list[View]) -> View:
        kind, view = step.function, views[0]
        if kind in _SUMS:
            return self._sum(step, views)
        if kind == "concatenate":
            return self._concatenation(step, views)
        if kind == "reshape":
            return replace(view, is_flat=view.size != (1, 1))
        if kind == "permute":
            return replace(view, is_turned=True)
        if kind in ("convolution", "depthwise_convolution", "transposed_convolution"):
            return self._convolution(step, view)
        if kind == "dense":
            return self._dense(step, view)
        if kind in ("max_pool", "average_pool", "mean", "largest"):
            return self._pooling(step, view)
        if kind == "upsample":
            return self._upsampling(step, view)
        if kind in ("pad", "crop"):
            return self._borders(step, view)
        if kind == "scale":
            return self._scaling(step, view)
        return self._activation(step, view)

    def _new(self, name: str, size: Pair, channels: int) -> View:
        self.sizes[name] = (*size, channels)
        return View(name, size)

    def _channels(self, view: View) -> int:
        return self.sizes[view.stored][2]

    def _all(self, view: View) -> tuple[tuple[str, ...], int, int]:
        """A node's sources, first channel and channels."""
        return (view.stored,), 0, self._channels(view)

    def _convolution(self, step, view) -> View:
        kernel = np.asarray(step.arrays["kernel"], np.float64)
        is_line = kernel.ndim == 3
        if is_line:
            kernel = kernel[np.newaxis]
        parameters = _of_two_axes(step.parameters) if is_line else step.parameters
        is_transposed = step.function == "transposed_convolution"
        if is_transposed:
            kernel = np.moveaxis(kernel, -1, -2)
        axes = axes_of(view.size, kernel.shape[:2], parameters, is_transposed)
        is_alone = step.function == "depthwise_convolution"
        groups = parameters.get("groups", 1)
        if is_alone and kernel.shape[3] > 1:
            groups = kernel.shape[2]
            kernel = kernel.reshape(*kernel.shape[:2], 1, -1)
            is_alone = False
        # A depthwise window has one bias for all pixels.
        view = self._readable(view, step, axes, is_transposed, is_alone)
        outputs = kernel.shape[2] if is_alone else kernel.shape[3]
        bias = np.asarray(step.arrays.get("bias", np.zeros(outputs)), np.float64)
        found = self._new(step.output, (axes[0].output, axes[1].output), outputs)
        given = self.sizes[view.stored][:2]
        if is_alone:
            parts = parts_over(view, given, axes, kernel[..., 0], bias)
            self.nodes.append(Node("depthwise", *self._all(view), step.output, 0, parts))
            return found
        cut = transposed_parts if is_transposed else parts_over
        done = 0
        for first, channels, block in block_diagonal(kernel, groups) if groups > 1 else [
            (0, kernel.shape[2], kernel)
        ]:  # fmt: skip
            width = block.shape[3]
            own = _channels_of(view, first, channels)
            parts = cut(own, given, axes, block, bias[done : done + width])
            node = Node("sum", (view.stored,), first, channels, step.output, done, parts)
            self.nodes.append(node)
            done += width
        return found

    def _readable(self, view, step, axes, is_transposed=False, one_bias=False) -> View:
        """The view, or what it shows stored, where windows cannot slide over it as it is."""
        looks_out = self._has_border(view)
        for axis, size, edge in zip(axes, view.size, self._edges(view), strict=True):
            last = (axis.output - 1) * axis.stride + (axis.size - 1) * axis.dilation - axis.before
            beyond = (axis.before > 0 or is_transposed, last >= size or is_transposed)
            if any(more < 0 and looks for more, looks in zip(edge, beyond, strict=True)):
                return self._plain(view, f"{step.output}:input")
            looks_out |= any(beyond)
        if one_bias and view.is_moved and looks_out:
            return self._plain(view, f"{step.output}:input")
        return view

    def _dense(self, step, view) -> View:
        kernel = np.asarray(step.arrays["kernel"], np.float64)
        bias = np.asarray(step.arrays["bias"], np.float64)
        if view.flat_scale is not None:
            bias = bias + view.flat_shift @ kernel
            kernel = kernel * view.flat_scale[:, np.newaxis]
        size, channels = view.size, self._channels(view)
        if view.is_flat:
            # The model's order of the row's values.
            if self._is_first and not view.is_turned:
                kernel = kernel.reshape(channels, *size, -1).transpose(1, 2, 0, 3)
            else:
                kernel = kernel.reshape(*size, channels, -1)
            axes = [Axis(size[0], 1, 1, 0, 1), Axis(size[1], 1, 1, 0, 1)]
            found = self._new(step.output, (1, 1), kernel.shape[3])
        else:
            kernel = kernel[np.newaxis, np.newaxis]
            axes = [Axis(1, 1, 1, 0, size[0]), Axis(1, 1, 1, 0, size[1])]
            found = self._new(step.output, size, kernel.shape[3])
        plain = replace(view, is_flat=False, flat_scale=None, flat_shift=None)
        plain = self._readable(plain, step, axes)
        parts = parts_over(plain, self.sizes[plain.stored][:2], axes, kernel, bias)
        self.nodes.append(Node("sum", *self._all(plain), step.output, 0, parts))
        return found

    def _pooling(self, step, view) -> View:
        parameters, is_line = step.parameters, step.parameters.get("size", [1, 1])[1:] == []
        if step.function in ("mean", "largest"):
            sizes, parameters = list(view.size), {"strides": [1, 1], "padding": "valid"}
        else:
            parameters = _of_two_axes(parameters) if is_line else parameters
            sizes = [1, *parameters["size"]] if is_line else parameters["size"]
        axes = axes_of(view.size, sizes, parameters)
        is_largest = step.function in ("max_pool", "largest")
        if is_largest or _is_partial(axes, view.size):
            return self._window(step, view, axes, "max" if is_largest else "average")
        view = self._readable(view, step, axes, one_bias=True)
        channels = self._channels(view)
        kernel = np.full((*sizes, channels), 1.0 / math.prod(sizes))
        found = self._new(step.output, (axes[0].output, axes[1].output), channels)
        given = self.sizes[view.stored][:2]
        rows, columns = (
            replace(axis, before=axis.before + more)
            for axis, more in zip(axes, view.padding, strict=True)
        )
        flat = replace(view, padding=(0, 0))
        parts = [
            replace(part, upsampling=view.upsampling)
            for part in parts_over(
                replace(flat, upsampling=(1, 1)),
                (given[0] * view.upsampling[0], given[1] * view.upsampling[1]),
                (rows, columns),
                kernel,
                np.zeros(channels),
            )
        ]
        self.nodes.append(Node("depthwise", *self._all(view), step.output, 0, parts))
        return found

    def _window(self, step, view, axes, kind) -> View:
        """The largest or the mean of pixels, which scales pass through where they are positive."""
        is_turned = kind == "max" and view.scale is not None and (view.scale <= 0).any()
        if is_turned or self._has_border(view):
            view = self._plain(view, f"{step.output}:input")
        else:
            view = self._readable(view, step, axes)
        name = self._stored_name(step, view.scale, view.shift)
        self.nodes.append(Node(kind, *self._all(view), name, 0, [_pooled(view, axes)]))
        found = self._new(name, (axes[0].output, axes[1].output), self._channels(view))
        return replace(found, scale=view.scale, shift=view.shift)

    def _stored_name(self, step, scale, shift) -> str:
        """What a step's tensor is called where it is stored before a scale and a shift."""
        if scale is None:
            return step.output
        self.restored[step.output] = (f"{step.output}:stored", scale, shift)
        return f"{step.output}:stored"

    def _upsampling(self, step, view) -> View:
        factors = [1, *step.parameters["factors"]][-2:]
        if any(map(any, self._edges(view))):
            view = self._plain(view, f"{step.output}:input")
        size = (view.size[0] * factors[0], view.size[1] * factors[1])
        ups = (view.upsampling[0] * factors[0], view.upsampling[1] * factors[1])
        return replace(view, size=size, upsampling=ups)

    def _borders(self, step, view) -> View:
        widths = [[0, 0], *step.parameters["widths"]]
        if self._is_first and len(widths) > 2:
            del widths[1]
        rows, columns = widths[-2:] if len(widths) > 2 else widths
        sign = 1 if step.function == "pad" else -1
        if sign > 0 and min(min(edge) for edge in self._edges(view)) < 0:
            view = self._plain(view, f"{step.output}:input")
        size = [n + sign * sum(pair) for n, pair in zip(view.size, (rows, columns), strict=True)]
        padding = (view.padding[0] + sign * rows[0], view.padding[1] + sign * columns[0])
        return replace(view, size=(size[0], size[1]), padding=padding)

    def _scaling(self, step, view) -> View:
        arrays = {kind: np.asarray(values, np.float64) for kind, values in step.arrays.items()}
        scale = arrays["scale"]
        shift = arrays["shift"] - arrays.get("center", 0.0) * scale
        if view.is_flat and scale.size > 1:
            values = math.prod(view.size) * self._channels(view)
            scale, shift = (np.broadcast_to(a.reshape(-1), (values,)) for a in (scale, shift))
            before = view.flat_scale, view.flat_shift
            if before[0] is not None:
                scale, shift = before[0] * scale, before[1] * scale + shift
            return replace(view, flat_scale=scale, flat_shift=shift)
        channels = self._channels(view)
        scale, shift = (np.broadcast_to(a.reshape(-1), (channels,)) for a in (scale, shift))
        is_input = view.stored == self.input and self._is_alone(step, view)
        if is_input and not self.nodes and (scale > 0).all():
            return self._scaled_input(step, view, scale, shift)
        if self._is_alone(step, view) and self._is_linear(view):
            for node in self._writers(view.stored):
                own = slice(node.target_first, node.target_first + node.outputs)
                node.parts = [
                    replace(
                        part,
                        kernel=part.kernel * scale[own],
                        bias=part.bias * scale[own] + shift[own],
                    )
                    for part in node.parts
                ]
            return self._renamed(view, step.output)
        if shift.any() and self._has_border(view):
            view = self._plain(view, f"{step.output}:input")
        return view.scaled(scale, shift)

    def _scaled_input(self, step, view, scale, shift) -> View:
        """The input becomes elements as the model scales it, which costs nothing."""
        if self.input_scale is not None:
            scale, shift = self.input_scale * scale, self.input_shift * scale + shift
        self.input_scale, self.input_shift = scale, shift
        self.sizes[step.output] = self.sizes.pop(self.input)
        self.input = step.output
        return replace(view, stored=step.output)

    def _is_alone(self, step, view) -> bool:
        """Whether a step alone reads a tensor that is stored as it is."""
        name = step.inputs[0]
        return (
            self._readers[name] == 1
            and self._views[name] == view
            and view.stored == name
            and view.scale is None
            and view.size == self.sizes[name][:2]
            and view.upsampling == (1, 1)
            and view.padding == (0, 0)
        )

    def _is_linear(self, view) -> bool:
        writers = self._writers(view.stored)
        return bool(writers) and all(node.is_linear for node in writers)

    def _writers(self, name) -> list[Node]:
        return [node for node in self.nodes if node.target == name]

    def _renamed(self, view, name) -> View:
        """What nodes write gets the name of what was folded into them."""
        for node in self._writers(view.stored):
            node.target = name
        self.sizes[name] = self.sizes.pop(view.stored)
        return replace(view, stored=name)

    def _activation(self, step, view) -> View:
        slope, function, parameters = 1.0, step.function, step.parameters
        if function == "prelu":
            slope, function = float(np.reshape(step.arrays["alpha"], -1)[0]), ""
        elif function == "relu" and not parameters:
            slope, function = 0.0, ""
        elif function == "relu" and parameters == {
            "negative_slope": 0.0, "max_value": 6.0, "threshold": 0.0
        }:  # fmt: skip
            function, parameters = "relu6", {}
        if not (self._is_alone(step, view) and self._is_linear(view)):
            if self._has_border(view):
                view = self._plain(view, f"{step.output}:input")
            self._pixelwise(view, step.output)
            view = View(step.output, view.size)
        else:
            view = self._renamed(view, step.output)
        for node in self._writers(step.output):
            node.slope, node.function, node.parameters = slope, function, dict(parameters)
        return view

    def _pixelwise(self, view: View, name: str) -> None:
        """A depthwise window of one pixel, which computes what the view shows."""
        channels = self._channels(view)
        axes = [Axis(1, 1, 1, 0, size) for size in view.size]
        kernel = np.ones((1, 1, channels))
        part = parts_over(
            replace(view, upsampling=(1, 1)),
            tuple(n * up for n, up in zip(self.sizes[view.stored], view.upsampling, strict=False)),
            axes,
            kernel,
            np.zeros(channels),
        )[0]
        part = replace(part, upsampling=view.upsampling)
        self.nodes.append(Node("depthwise", *self._all(view), name, 0, [part]))
        self._new(name, view.size, channels)

    def _sum(self, step, views) -> View:
        views = [self._whole(view, f"{step.output}:{i}") for i, view in enumerate(views)]
        channels = self._channels(views[0])
        kernels: dict[str, np.ndarray] = {}
        bias = np.zeros(channels)
        for index, view in enumerate(views):
            sign = _SUMS[step.function] if index else 1.0
            sign /= len(views) if step.function == "average" else 1
            scale = np.ones(channels) if view.scale is None else view.scale
            shift = np.zeros(channels) if view.shift is None else view.shift
            bias = bias + sign * shift
            kernels[view.stored] = kernels.get(view.stored, 0.0) + np.diag(sign * scale)
        size = views[0].size
        rows, columns = (Axis(1, 1, 1, 0, n) for n in size)
        kernel = np.concatenate(list(kernels.values()))
        part = Part(rows, columns, (1, 1), kernel, bias[np.newaxis])
        node = Node("sum", tuple(kernels), 0, len(kernel), step.output, 0, [part])
        self.nodes.append(node)
        return self._new(step.output, size, channels)

    def _concatenation(self, step, views) -> View:
        views = [self._whole(view, f"{step.output}:{i}") for i, view in enumerate(views)]
        channels = [self._channels(view) for view in views]
        scale = shift = None
        if any(view.scale is not None for view in views):
            pairs = list(zip(views, channels, strict=True))
            scale = np.concatenate([np.ones(n) if v.scale is None else v.scale for v, n in pairs])
            shift = np.concatenate([np.zeros(n) if v.shift is None else v.shift for v, n in pairs])
        name = self._stored_name(step, scale, shift)
        self.joined[name] = tuple(view.stored for view in views)
        return replace(self._new(name, views[0].size, sum(channels)), scale=scale, shift=shift)

    def _edges(self, view: View) -> list[Pair]:
        """For each axis, pixels of padding before and after; below 0 cropped ones."""
        given = self.sizes[view.stored]
        return [
            (before, size - before - pixels * up)
            for before, size, pixels, up in zip(
                view.padding, view.size, given, view.upsampling, strict=False
            )
        ]

    def _has_border(self, view: View) -> bool:
        return max(max(edge) for edge in self._edges(view)) > 0

    def _is_whole(self, view: View) -> bool:
        """Whether a view shows all pixels, once."""
        return view.upsampling == (1, 1) and not any(map(any, self._edges(view)))

    def _whole(self, view: View, name: str) -> View:
        """The view, stored where it shows something else than all pixels once."""
        return view if self._is_whole(view) else self._plain(view, name)

    def _plain(self, view: View, name: str) -> View:
        """What a view shows, as a stored tensor."""
        if self._is_whole(view) and view.scale is None:
            return view
        has_border = self._has_border(view)
        source, given = view.stored, self.sizes[view.stored]
        if view.scale is not None and has_border:
            # First the values, then the border of zeros.
            shown = View(source, given[:2], scale=view.scale, shift=view.shift)
            self._pixelwise(shown, f"{name}:scaled")
            self.derived[f"{name}:scaled"] = self.nodes[-1]
            view = replace(view, stored=f"{name}:scaled", scale=None, shift=None)
        if view.scale is not None:
            self._pixelwise(view, name)
        else:
            part = _pooled(view, [Axis(1, 1, 1, 0, size) for size in view.size])
            kind = "border" if has_border else "copy"
            self.nodes.append(Node(kind, *self._all(view), name, 0, [part]))
            self._new(name, view.size, self._channels(view))
        self.derived[name] = self.nodes[-1]
        return View(name, view.size)


def layer_of(step: HostStep) -> str:
    """The layer that a function is of."""
    return step.output.removesuffix(PREACTIVATION).removesuffix(":depthwise")


def layers_of(step: MapStep) -> list[str]:
    """The layers of a step that have weights."""
    kinds = ("convolution", "depthwise_convolution", "transposed_convolution", "dense")
    return list(dict.fromkeys(layer_of(part) for part in step.steps if part.function in kinds))


def _of_two_axes(parameters):
    """Settings of one axis as those of two, of which the first has one row."""
    ones = {"strides": 1, "dilation": 1, "output_padding": 0}
    found = dict(parameters)
    for key, one in ones.items():
        if parameters.get(key) is not None:
            found[key] = [one, *parameters[key]]
    if not isinstance(parameters["padding"], str):
        found["padding"] = [[0, 0], *parameters["padding"]]
    return found


def _channels_of(view, first, channels):
    if view.scale is None:
        return view
    own = slice(first, first + channels)
    return replace(view, scale=view.scale[own], shift=view.shift[own])


def _is_partial(axes, size):
    """Whether a window reaches beyond the map, where what it sees counts less."""
    return any(
        axis.before > 0 or (axis.output - 1) * axis.stride + axis.size - 1 - axis.before >= pixels
        for axis, pixels in zip(axes, size, strict=True)
    )


def _pooled(view, axes) -> Part:
    rows, columns = (
        replace(axis, before=axis.before + more)
        for axis, more in zip(axes, view.padding, strict=True)
    )
    return Part(rows, columns, view.upsampling, *NO_NUMBERS)
