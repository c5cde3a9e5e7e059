"""Which channels of which stored map each tensor is.

What lies side by side, in a concatenation or as the operands of a sum, are channels of one map, in
which each of them is written where it belongs. A tensor that would be in two places is copied to
the second, after it was written.
"""

from dataclasses import dataclass

from xfblas.layers.windows import Axis
from xfblas.quantization.map_steps import MapPlacement, MapSlice, StoredMap
from xfblas.quantization.maps.lowering import Lowering
from xfblas.quantization.maps.nodes import NO_NUMBERS, Node, Part


@dataclass(frozen=True)
class _Home:
    map: str
    first: int


class Placing:
    """Places for all tensors.

    Args:
        lowering: the nodes.
        windows: how many columns a tensor's channels have, by name, of those that have several.

    Attributes:
        nodes: those of the lowering, with the copies that it takes.
        maps: all stored maps.
    """

    def __init__(self, lowering: Lowering, windows: dict[str, int]):
        self._lowering, self._windows = lowering, windows
        self._homes: dict[str, _Home] = {}
        self._groups: dict[tuple[str, ...], _Home] = {}
        self._copies: list[Node] = []
        self._joined = dict(lowering.joined)
        self.maps: list[StoredMap] = []
        # The rows of the caller fill a map of their own.
        self._own(lowering.input)
        # The outermost first: what is inside of it lies there.
        for name in reversed(list(lowering.joined)):
            if name not in self._homes:
                self._own(name)
            self._place(lowering.joined[name], self._homes[name])
        for node in lowering.nodes:
            if len(node.sources) > 1:
                self._side_by_side(node.sources)
        for node in lowering.nodes:
            for name in (*node.sources, node.target):
                if name not in self._homes:
                    self._own(name)
        self.nodes = self._with_copies()

    def source(self, node: Node) -> MapSlice:
        """What a node reads."""
        home = self._homes[node.sources[0]]
        if len(node.sources) > 1:
            home = self._groups[node.sources]
        return MapSlice(home.map, node.channels, home.first + node.first)

    def target(self, node: Node, part: Part) -> MapPlacement:
        """Where a part of a node writes."""
        home = self._homes[node.target]
        return MapPlacement(home.map, home.first + node.target_first, part.first, part.step)

    def slice_of(self, name: str) -> MapSlice:
        """A tensor's channels."""
        home = self._homes[name]
        channels = self._lowering.sizes[name][2] * self._windows.get(name, 1)
        return MapSlice(home.map, channels, home.first)

    def _own(self, name: str) -> None:
        rows, columns, channels = self._lowering.sizes[name]
        channels *= self._windows.get(name, 1)
        self.maps.append(StoredMap(name, rows, columns, channels))
        self._homes[name] = _Home(name, 0)

    def _place(self, names: tuple[str, ...], home: _Home) -> None:
        """Puts tensors behind each other at a place, or copies of those that are elsewhere."""
        first = home.first
        for index, name in enumerate(names):
            at = _Home(home.map, first)
            if name not in self._homes and name not in names[:index]:
                self._homes[name] = at
            elif self._homes.get(name) != at:
                self._copy(name, at)
            first += self._lowering.sizes[name][2]

    def _side_by_side(self, names: tuple[str, ...]) -> None:
        if names in self._groups:
            return
        homes = [self._homes.get(name) for name in names]
        first = homes[0]
        widths = [self._lowering.sizes[name][2] for name in names]
        if first is not None and all(
            home == _Home(first.map, first.first + sum(widths[:index]))
            for index, home in enumerate(homes)
        ):
            self._groups[names] = first
            return
        rows, columns, _ = self._lowering.sizes[names[0]]
        name = " + ".join(names)
        self.maps.append(StoredMap(name, rows, columns, sum(widths)))
        self._groups[names] = _Home(name, 0)
        self._place(names, self._groups[names])

    def _copy(self, name: str, home: _Home) -> None:
        copy = f"{name}:copy {len(self._copies)}"
        size = self._lowering.sizes[name]
        self._lowering.sizes[copy] = size
        self._homes[copy] = home
        windows = [Axis(1, 1, 1, 0, pixels) for pixels in size[:2]]
        part = Part(*windows, (1, 1), *NO_NUMBERS)
        self._copies.append(Node("copy", (name,), 0, size[2], copy, 0, [part]))

    def _with_copies(self) -> list[Node]:
        """Each copy once all of its tensor has been written."""
        waiting = list(self._copies)
        last = {node.target: index for index, node in enumerate(self._lowering.nodes)}

        def written(name: str) -> int:
            parts = self._lowering.joined.get(name, ())
            return max([last.get(name, -1), *map(written, parts)])

        found = [node for node in waiting if written(node.sources[0]) < 0]
        for index, node in enumerate(self._lowering.nodes):
            found.append(node)
            found += [copy for copy in waiting if written(copy.sources[0]) == index]
        return found
