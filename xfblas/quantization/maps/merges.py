"""Merges of maps: sums of maps side by side, and concatenations."""

from dataclasses import replace

import numpy as np

from xfblas.graph import HostStep
from xfblas.layers.windows import Axis
from xfblas.quantization.maps.nodes import Node, Part, View
from xfblas.quantization.maps.stored_views import StoredViews

#: Signs of the second operand, and of all others.
SUMS = {"add": 1.0, "subtract": -1.0, "average": 1.0}


class Merges(StoredViews):
    """Nodes of merges."""

    def _sum(self, step: HostStep, views: list[View]) -> View:
        views = [self._whole(view, f"{step.output}:{i}") for i, view in enumerate(views)]
        channels = self._channels(views[0])
        kernels: dict[str, np.ndarray] = {}
        bias = np.zeros(channels)
        for index, view in enumerate(views):
            sign = SUMS[step.function] if index else 1.0
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

    def _concatenation(self, step: HostStep, views: list[View]) -> View:
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
