"""What is stored of the model's tensors, and views of it: what :mod:`.lowering` builds with."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from xfblas.graph import MapStep
from xfblas.layers.windows import Axis
from xfblas.quantization.maps.nodes import NO_NUMBERS, Node, Pair, Part, View
from xfblas.quantization.maps.parts import parts_over


class StoredViews:
    """Nodes and the tensors that they write.

    Args:
        step: the functions.

    Attributes:
        nodes: in the order of computation.
        sizes: (rows, columns, channels) of each stored tensor, by name.
        joined: tensors that are others side by side, by name.
        derived: nodes of one pixel whose tensors are none of the model's, by the tensor.
        restored: tensors of the model whose values are those of a stored one, scaled and shifted:
            its name, scale and shift.
    """

    def __init__(self, step: MapStep):
        self.nodes: list[Node] = []
        self.sizes: dict[str, tuple[int, int, int]] = {}
        self.joined: dict[str, tuple[str, ...]] = {}
        self.derived: dict[str, Node] = {}
        self.restored: dict[str, tuple[str, np.ndarray, np.ndarray]] = {}
        self._is_first = step.channels_first

    def _size(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """(rows, columns, channels) of a row's shape."""
        if self._is_first and len(shape) > 1:
            shape = (*shape[1:], shape[0])
        rows, columns, channels = (1,) * (3 - len(shape)) + tuple(shape)
        return rows, columns, channels

    def _new(self, name: str, size: Pair, channels: int) -> View:
        self.sizes[name] = (*size, channels)
        return View(name, size)

    def _channels(self, view: View) -> int:
        return self.sizes[view.stored][2]

    def _all(self, view: View) -> tuple[tuple[str, ...], int, int]:
        """A node's sources, first channel and channels."""
        return (view.stored,), 0, self._channels(view)

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

    def _stored_name(self, step, scale, shift) -> str:
        """What a step's tensor is called where it is stored before a scale and a shift."""
        if scale is None:
            return step.output
        self.restored[step.output] = (f"{step.output}:stored", scale, shift)
        return f"{step.output}:stored"

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
            part = pooled(view, [Axis(1, 1, 1, 0, size) for size in view.size])
            kind = "border" if has_border else "copy"
            self.nodes.append(Node(kind, *self._all(view), name, 0, [part]))
            self._new(name, view.size, self._channels(view))
        self.derived[name] = self.nodes[-1]
        return View(name, view.size)


def pooled(view: View, axes: Sequence[Axis]) -> Part:
    """A part without numbers, whose windows over a view are over what is stored."""
    rows, columns = (
        replace(axis, before=axis.before + more)
        for axis, more in zip(axes, view.padding, strict=True)
    )
    return Part(rows, columns, view.upsampling, *NO_NUMBERS)


def of_two_axes(parameters: dict) -> dict:
    """Settings of one axis as those of two, of which the first has one row."""
    ones = {"strides": 1, "dilation": 1, "output_padding": 0}
    found = dict(parameters)
    for key, one in ones.items():
        if parameters.get(key) is not None:
            found[key] = [one, *parameters[key]]
    if not isinstance(parameters["padding"], str):
        found["padding"] = [[0, 0], *parameters["padding"]]
    return found


def channels_of(view: View, first: int, channels: int) -> View:
    """A view of some channels."""
    if view.scale is None:
        return view
    own = slice(first, first + channels)
    return replace(view, scale=view.scale[own], shift=view.shift[own])


def is_partial(axes: Sequence[Axis], size: Pair) -> bool:
    """Whether a window reaches beyond the map, where what it sees counts less."""
    return any(
        axis.before > 0 or (axis.output - 1) * axis.stride + axis.size - 1 - axis.before >= pixels
        for axis, pixels in zip(axes, size, strict=True)
    )
