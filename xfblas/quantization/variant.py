"""One way to build a network, of those that a search tries."""

from dataclasses import dataclass, replace

from xfblas.quantization.options import Options
from xfblas.quantization.plan import Shape


@dataclass(frozen=True)
class Variant:
    """One way to build a network.

    Attributes:
        options: what the caller asked for, with what is tried in place of None.
        shrink: for each layer, by how many bits its inputs are smaller than they could be.
        saturated: for each layer, whether saturation may be its ReLU.
        windows: for each layer before the last, of a ReLU by saturation.
    """

    options: Options
    shrink: tuple[int, ...]
    saturated: tuple[bool, ...]
    windows: tuple[int, ...]

    @staticmethod
    def plain(options: Options, layers: int) -> "Variant":
        """What the caller asked for, with nothing added."""
        options = options.plain()
        is_saturation = options.relu == "saturation"
        windows = (options.hidden_windows,) * layers
        return Variant(options, (0,) * layers, (is_saturation,) * layers, windows)

    def until(self, index: int) -> tuple:
        """What the layers up to this one depend on."""
        shared = (self.saturated[: index + 1], self.windows[: index + 1])
        is_last = index + 1 == len(self.shrink)
        changed = {} if is_last else {"output_windows": 1}
        return index, replace(self.options, **changed), self.shrink[: index + 2], *shared

    def having(self, **options) -> "Variant":
        """The same with other options."""
        return replace(self, options=replace(self.options, **options))

    def shrunk(self, first: int, last: int, bits: int) -> "Variant":
        """The same with the inputs of the layers ``first`` up to before ``last`` ``bits`` less."""
        changed = [bits if first <= index < last else old for index, old in enumerate(self.shrink)]
        return replace(self, shrink=tuple(changed))

    def saturating(self, index: int) -> "Variant":
        """The same with one layer more whose ReLU may be saturation."""
        changed = [old or index == place for place, old in enumerate(self.saturated)]
        return replace(self, saturated=tuple(changed))

    def widened(self, index: int) -> "Variant":
        """The same with one window more in one layer."""
        changed = [old + (index == place) for place, old in enumerate(self.windows)]
        return replace(self.saturating(index), windows=tuple(changed))

    def shapes(self, index: int, layer) -> list[Shape]:
        """The forms that a layer's output may have."""
        if index + 1 == len(self.windows):
            return [Shape(0, count) for count in range(1, self.options.output_windows + 1)]
        plain = [Shape(0, 1)]
        if not self.saturated[index] or layer.activation != "relu":
            return plain
        lowest = -(self.options.element_max + 1)
        return [Shape(lowest, count) for count in range(self.windows[index], 0, -1)] + plain
