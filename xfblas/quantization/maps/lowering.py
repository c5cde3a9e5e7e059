"""From functions of the host's to nodes: what folds into a convolution is part of it.

Every tensor of the model becomes a :class:`~.nodes.View` of one that is stored. Upsampling,
padding, cropping and scales with shifts only change the view; the next convolution takes them in.
Where none can, what the view shows is stored, by a window of one pixel.
"""

import math
from collections import Counter
from dataclasses import replace
from functools import partial

import numpy as np

from xfblas.errors import UnsupportedModelError
from xfblas.graph import HostStep, MapStep
from xfblas.layers.placement import PREACTIVATION
from xfblas.layers.windows import Axis, axes_of
from xfblas.quantization.maps.activations import activation_of
from xfblas.quantization.maps.merges import SUMS, Merges
from xfblas.quantization.maps.nodes import Node, View
from xfblas.quantization.maps.parts import block_diagonal, parts_over, transposed_parts
from xfblas.quantization.maps.stored_views import channels_of, is_partial, of_two_axes, pooled


class Lowering(Merges):
    """The nodes of a step.

    Args:
        step: the functions.
        by_taps: whether convolutions of upsampled maps stay whole, see :mod:`.upsampled_phases`.

    Attributes:
        input: the tensor that the caller's rows become; ``input_scale`` and ``input_shift`` of
            the rows are its values, None for the rows themselves.
        output: the view that the model's output is.
    """

    def __init__(self, step: MapStep, by_taps: bool = False):
        super().__init__(step)
        self._by_taps = by_taps
        self.input = step.input
        self.input_scale: np.ndarray | None = None
        self.input_shift: np.ndarray | None = None
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

    def _lowered(self, step: HostStep, views: list[View]) -> View:
        kind, view = step.function, views[0]
        if kind in SUMS:
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

    def _convolution(self, step, view) -> View:
        kernel = np.asarray(step.arrays["kernel"], np.float64)
        is_line = kernel.ndim == 3
        if is_line:
            kernel = kernel[np.newaxis]
        parameters = of_two_axes(step.parameters) if is_line else step.parameters
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
        cut = transposed_parts if is_transposed else partial(parts_over, by_taps=self._by_taps)
        done = 0
        for first, channels, block in block_diagonal(kernel, groups) if groups > 1 else [
            (0, kernel.shape[2], kernel)
        ]:  # fmt: skip
            width = block.shape[3]
            own = channels_of(view, first, channels)
            parts = cut(own, given, axes, block, bias[done : done + width])
            node = Node("sum", (view.stored,), first, channels, step.output, done, parts)
            self.nodes.append(node)
            done += width
        return found

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
            parameters = of_two_axes(parameters) if is_line else parameters
            sizes = [1, *parameters["size"]] if is_line else parameters["size"]
        axes = axes_of(view.size, sizes, parameters)
        is_largest = step.function in ("max_pool", "largest")
        if is_largest or is_partial(axes, view.size):
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
        self.nodes.append(Node(kind, *self._all(view), name, 0, [pooled(view, axes)]))
        found = self._new(name, (axes[0].output, axes[1].output), self._channels(view))
        return replace(found, scale=view.scale, shift=view.shift)

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

    def _activation(self, step, view) -> View:
        slope, function, parameters = activation_of(step)
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


def layer_of(step: HostStep) -> str:
    """The layer that a function is of."""
    return step.output.removesuffix(PREACTIVATION).removesuffix(":depthwise")


def layers_of(step: MapStep) -> list[str]:
    """The layers of a step that have weights."""
    kinds = ("convolution", "depthwise_convolution", "transposed_convolution", "dense")
    return list(dict.fromkeys(layer_of(part) for part in step.steps if part.function in kinds))
