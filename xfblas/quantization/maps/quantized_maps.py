"""A quantized network over maps, and what its integers stand for."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from xfblas.quantization.input_coding import InputCoding
from xfblas.quantization.map_steps import MapNetwork, MapSlice
from xfblas.quantization.maps.simulation import decode, encode, simulate_maps
from xfblas.quantization.maps.sum_ways import TEXTS
from xfblas.quantization.output_windows import join_windows


@dataclass(frozen=True, eq=False)
class StoredTensor:
    """A tensor of the model that is stored.

    Attributes:
        name: as traces and reports call it.
        slice: where it is.
        shape: of one row of the model's.
        scale: (channels,) float64, elements in a unit.
        zero: the element that stands for 0.
        windows: how many columns each channel has, see
            :mod:`~xfblas.quantization.output_windows`.
        step: after which of the network's steps it is whole; -1 for the input.
    """

    name: str
    slice: MapSlice
    shape: tuple[int, ...]
    scale: np.ndarray
    zero: int
    step: int
    windows: int = 1

    def values(self, elements: np.ndarray) -> np.ndarray:
        """float32 of the elements (m, rows, columns, channels)."""
        rows, bits = elements.reshape(-1, elements.shape[-1]), 8 * elements.itemsize
        joined = join_windows(rows, self.windows, bits, self.zero) / self.scale
        return joined.astype(np.float32).reshape(*elements.shape[:-1], joined.shape[-1])


@dataclass(frozen=True)
class MapSummary:
    """What was chosen for a tensor's sums.

    Attributes:
        name: of the tensor.
        kind: 'sum' or 'depthwise'.
        kernels: rows and columns of each part's.
        channels, outputs: that it reads and writes.
        activation: what follows.
        products: of one frame.
        sum_bits: bits that hold all sums.
        bits: of an element.
        weight_bits: that the largest weight needs.
        argument_scale: elements in a unit of what its table takes; None without a table.
        sums: the way that they go, see :mod:`.sum_ways`; None in files of earlier releases.
    """

    name: str
    kind: str
    kernels: tuple[tuple[int, int], ...]
    channels: int
    outputs: int
    activation: str
    products: int
    sum_bits: int
    bits: int
    weight_bits: int = 0
    argument_scale: float | None = None
    sums: str | None = None

    @property
    def sums_text(self) -> str:
        """Which way the sums go, in words."""
        return TEXTS[self.sums or ("proved" if self.sum_bits <= 32 else "wide")]

    def text(self) -> str:
        """A line for a table."""
        rows, columns = max(self.kernels)
        what = f"{rows}x{columns}x{self.channels}"
        if len(self.kernels) > 1:
            what = f"{len(self.kernels)} phases up to {what}"
        if self.kind == "depthwise":
            what += " depthwise"
        return f"{what}, {self.activation}, sums of {self.sums_text}"


@dataclass(frozen=True, eq=False)
class QuantizedMaps:
    """A network over maps.

    Attributes:
        network: the engine's steps.
        tensors: the model's that are stored, in the order of computation.
        summaries: one for each tensor with sums, or group of its channels.
        channels_first: whether the model's maps have their channels first.
        is_flat: whether the output is one row of all values.
        is_turned: whether that row has the channels last though maps have them first.
        output_shape: of one row of the model's output.
    """

    network: MapNetwork
    tensors: tuple[StoredTensor, ...]
    summaries: tuple[MapSummary, ...]
    channels_first: bool = False
    is_flat: bool = False
    is_turned: bool = False
    output_shape: tuple[int, ...] = ()

    @property
    def dtype(self) -> np.dtype:
        """Of the elements."""
        return self.network.dtype

    @property
    def bits(self) -> int:
        """Of an element."""
        return 8 * self.dtype.itemsize

    @property
    def products(self) -> int:
        """Of one frame."""
        return sum(summary.products for summary in self.summaries)

    def frames_of(self, values: np.ndarray) -> np.ndarray:
        """The model's rows as the network takes them: (m, rows, columns, channels) float32."""
        if self.channels_first and values.ndim > 2:
            values = np.moveaxis(values, 1, -1)
        stored = self.network.map(self.network.input)
        shape = (len(values), stored.height, stored.width, stored.channels)
        return np.ascontiguousarray(values, np.float32).reshape(shape)

    def as_model(self, values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """A tensor (m, rows, columns, channels) in the model's shape (m, *shape)."""
        is_row = len(shape) == 1
        if self.channels_first and not (is_row and self.is_turned):
            values = np.moveaxis(values, -1, 1)
        return np.ascontiguousarray(values).reshape(len(values), *shape)

    @property
    def input_coding(self) -> InputCoding:
        """From pixels of floats to integers."""
        network = self.network
        return InputCoding(network.input_scale, network.input_offset, network.input_limit)

    def predict(self, values: np.ndarray) -> np.ndarray:
        """What the engine gives for the model's rows, by the exact simulation."""
        network = self.network
        found = simulate_maps(network, encode(network, self.frames_of(values)))
        return self.as_model(decode(network, found), self.output_shape)

    def tensors_of(
        self, replay: Callable[[Callable[[int, dict[str, np.ndarray]], None]], object]
    ) -> dict[str, np.ndarray]:
        """The model's tensors, float32 by name, of maps as they are after each step.

        Args:
            replay: calls what it is given with -1 and with each step's number, and all maps.
        """
        found: dict[str, np.ndarray] = {}

        def see(step: int, maps: dict[str, np.ndarray]) -> None:
            for tensor in self.tensors:
                if tensor.step == step:
                    first = tensor.slice.first_channel
                    own = maps[tensor.slice.map][..., first : first + tensor.slice.channels]
                    found[tensor.name] = self.as_model(tensor.values(own), tensor.shape)

        replay(see)
        return found

    def trace(self, values: np.ndarray) -> dict[str, np.ndarray]:
        """The model's tensors, float32 by name, by the exact simulation."""
        return self.run(values)[1]

    def run(self, values: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """What :meth:`predict` and :meth:`trace` give, simulated once."""
        network, output = self.network, []
        elements = encode(network, self.frames_of(values))
        tensors = self.tensors_of(lambda see: output.append(simulate_maps(network, elements, see)))
        return self.as_model(decode(network, output[0]), self.output_shape), tensors

    def __repr__(self) -> str:
        steps = len(self.network.steps)
        return f"<QuantizedMaps {self.network.name} {self.dtype}: {steps} steps>"
