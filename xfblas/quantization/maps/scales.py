"""Which integers stand for a tensor's values: a scale T for each channel, and a zero z.

    element = T * value + z

Pooling, copies and nearest upsampling give elements that they take, so their results have the
scales and the zero of what they read. Channels that lie side by side need no common scale, since
the next kernel's rows take each back; but padding holds one element for all of them, so they have
one zero. Where everything with that zero is rectified, bytes have z = -128: saturation is the ReLU
then, and positive values have twice as many steps. With 16 bits sums would have more of them.
"""

from dataclasses import dataclass, field

import numpy as np

from xfblas.quantization.maps.lowering import Lowering


@dataclass(eq=False)
class Scales:
    """Scales and zeros of all tensors, as they become known.

    Attributes:
        lowering: the nodes.
        bits: of an element.
        given: (channels,) float64 of tensors that have scales of their own, by name.
        low, high: (channels,) the least and the largest element of these.
    """

    lowering: Lowering
    bits: int
    given: dict[str, np.ndarray] = field(default_factory=dict)
    low: dict[str, np.ndarray] = field(default_factory=dict)
    high: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._follows = {
            node.target: node.sources[0] for node in self.lowering.nodes if not node.has_sums
        }
        self._parent: dict[str, str] = {}
        for node in self.lowering.nodes:
            tensors = (*node.sources, *(() if node.has_sums else (node.target,)))
            self._unite(tensors)
        for name, parts in self.lowering.joined.items():
            self._unite((name, *parts))
        rectified: dict[str, list[bool]] = {}
        self._has_input = self._root(self.lowering.input)
        for node in self.lowering.nodes:
            if node.has_sums:
                rectified.setdefault(self._root(node.target), []).append(node.is_rectified)
        self.input_is_alone = self._has_input not in rectified
        self._zeros: dict[str, float] = {
            root: -(1 << (self.bits - 1)) if self.bits == 8 and all(found) else 0
            for root, found in rectified.items()
            if root != self._has_input
        }

    def _root(self, name: str) -> str:
        while name in self._parent:
            name = self._parent[name]
        return name

    def _unite(self, names) -> None:
        first = self._root(names[0])
        for name in names[1:]:
            root = self._root(name)
            if root != first:
                self._parent[root] = first

    def zero(self, name: str) -> float:
        """The element that stands for 0; whole but for the input's."""
        return self._zeros.get(self._root(name), 0)

    def set_input_zero(self, zero: float) -> None:
        """Of the input, where no sums share it."""
        self._zeros[self._root(self.lowering.input)] = zero

    def of(self, name: str) -> np.ndarray:
        """(channels,) float64."""
        return self._found(self.given, name)

    def ends(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """(channels,) the least and the largest element that a tensor can have, padding too."""
        zero = self.zero(name)
        low, high = self._found(self.low, name), self._found(self.high, name)
        return np.minimum(low, zero), np.maximum(high, zero)

    def _found(self, known: dict[str, np.ndarray], name: str) -> np.ndarray:
        if name in known:
            return known[name]
        if name in self.lowering.joined:
            return np.concatenate([self._found(known, one) for one in self.lowering.joined[name]])
        return self._found(known, self._follows[name])

    def of_sources(self, node) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(channels,) scale, least and largest element of what a node reads."""
        own = slice(node.first, node.first + node.channels)
        scale = np.concatenate([self.of(name) for name in node.sources])[own]
        ends = [
            np.concatenate(each)[own] for each in zip(*map(self.ends, node.sources), strict=True)
        ]
        return scale, ends[0], ends[1]
