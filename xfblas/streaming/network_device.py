"""An opened streaming network: elements in, elements out."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from xfblas.arrays import element_type
from xfblas.checks import require_integer, require_text, shown
from xfblas.device.binding import ffi, lib, pointer
from xfblas.device.default_images import DATA_TYPES, TARGETS, default_target
from xfblas.device.device import Device
from xfblas.errors import InvalidValueError, NotInitializedError, NotSupportedError
from xfblas.image.boards import read_board
from xfblas.image.stream_network import StreamLayer, StreamNetwork
from xfblas.image.stream_plan import budget_of, plan_network
from xfblas.streaming.images import built_image, image_in_memory

DTYPES = (np.float32, np.int16)
Pairs = Sequence[tuple[np.ndarray, np.ndarray]]


class NetworkDevice:
    """The kernels of a streaming network, or this CPU in their place.

    Args:
        path: of the image.
        device, target, trust: see :class:`~xfblas.Device`.

    Attributes:
        network: layers and their multipliers, as the image tells them.
        dtype: of elements.
        target: where it runs.
    """

    def __init__(self, path: Any, device: Any, target: Any, trust: bool):
        self._device = Device(path, None, device, engine="Stream", target=target, trust=trust)
        try:
            self.dtype = self._device.dtype
            self.target = self._device.target
            self.network = self._told()
        except BaseException:
            self._device.close()
            raise

    def load(self, pairs: Pairs, formats: Any) -> None:
        """Writes weights and biases, C-contiguous and of the network's sizes."""
        kept = [[pointer(array) for array in side] for side in zip(*pairs, strict=True)]
        arrays = [ffi.new("void *[]", [ffi.cast("void *", p) for p in side]) for side in kept]
        fields = ffi.NULL
        if formats is not None:
            fields = ffi.new(
                "xfblasStreamFormat_t[]",
                [(each.shift, each.sum_bits, each.activation_bits) for each in formats],
            )
        sizes = self.network.sizes
        self._device._handle.call(
            lib.xfblasStreamLoad, ffi.new("unsigned int[]", sizes), len(sizes), *arrays, fields
        )

    def run(self, rows: np.ndarray, names: Sequence[str]) -> dict[str, np.ndarray]:
        """The outputs of these names for C-contiguous rows, by name (m, outputs) elements."""
        results = {
            name: np.empty((len(rows), self.network.layers[int(name[1:]) - 1].outputs), self.dtype)
            for name in names
        }
        places = []
        for kind in "sx":
            wanted = [results.get(f"{kind}{n}") for n in range(1, len(self.network.layers) + 1)]
            pointers = [
                ffi.NULL if array is None or not array.size else ffi.cast("void *", pointer(array))
                for array in wanted
            ]
            places.append(ffi.new("void *[]", pointers))
        if len(rows):
            self._device._handle.call(
                lib.xfblasStreamRun, pointer(rows), len(rows), rows.shape[1], *places
            )
        elif self.closed:
            raise NotInitializedError("the network is closed")
        return results

    def unload(self) -> None:
        """Counts the weights as never loaded."""
        self._device._handle.call(lib.xfblasStreamUnload)

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._device.closed

    def close(self) -> None:
        """Frees the image; safe to call twice."""
        self._device.close()

    def _told(self) -> StreamNetwork:
        told, layers = ffi.new("xfblasStreamLayer_t *"), []
        number = 1
        while True:
            self._device._handle.call(lib.xfblasStreamGetLayer, number, told)
            routes = "s" * told.hasSums + "x" * told.hasActivations
            name = ffi.string(told.activation).decode()
            sizes = (told.inputs, told.outputs, name, told.lanes, told.fold, routes)
            layers.append(StreamLayer(*sizes))
            if number == told.layers:
                return StreamNetwork(tuple(layers), DATA_TYPES[self.dtype])
            number += 1


def open_network(
    layers: Any,
    activation: Any,
    dtype: Any,
    xclbin: str | os.PathLike[str] | None,
    target: str | None,
    device: int | str,
    board: str,
    multipliers: int | None,
    outputs: Any,
    *,
    trust: bool,
) -> NetworkDevice:
    """The network of an image, or of sizes; arguments as :class:`~xfblas.StreamingMLP` has them."""
    sizes = None if layers is None else _sizes(layers)
    wanted = None if dtype is None else element_type("dtype", dtype, *DTYPES)
    functions, routed = _names("activation", activation), _names("outputs", outputs)
    if xclbin is not None:
        for name, value in (("multipliers", multipliers), ("outputs", outputs)):
            if value is not None:
                raise InvalidValueError(f"{name} is given beside xclbin, which has its own")
        opened = NetworkDevice(xclbin, device, target, trust)
        try:
            _require_given(opened, sizes, functions, wanted)
        except InvalidValueError:
            opened.close()
            raise
        return opened
    planned = _plan(sizes, functions, wanted, board, multipliers, routed)
    if target is not None:
        require_text("target", target, " or ".join(TARGETS))
    if (target or default_target()) == "native":
        with image_in_memory(read_board(board), planned) as path:
            return NetworkDevice(path, device, target, True)
    path = built_image(read_board(board), planned, routed, multipliers)
    return NetworkDevice(path, device, target, trust)


def _sizes(layers: Any) -> tuple[int, ...]:
    is_row = isinstance(layers, np.ndarray) and layers.ndim == 1
    if not is_row and (isinstance(layers, (str, bytes)) or not isinstance(layers, Sequence)):
        raise InvalidValueError(f"layers is {shown(layers)}, expected sizes such as [784, 64, 10]")
    return tuple(
        require_integer(f"size {place} of layers", size, 1, 1 << 16)
        for place, size in enumerate(layers)
    )


def _names(name: str, given: Any) -> list[str] | None:
    if given is None:
        return None
    if isinstance(given, str):
        return [given]
    if not isinstance(given, Sequence) or not all(isinstance(each, str) for each in given):
        raise InvalidValueError(f"{name} is {shown(given)}, expected a name or a list of names")
    return list(given)


def _plan(
    sizes: Any, functions: Any, dtype: Any, board: Any, multipliers: Any, outputs: Any
) -> StreamNetwork:
    if sizes is None:
        raise InvalidValueError("layers is None, expected sizes, or an image as xclbin")
    require_text("board", board, "that of a board")
    data_type = DATA_TYPES[np.dtype(np.float32) if dtype is None else dtype]
    budget = budget_of(read_board(board), data_type)
    if multipliers is not None:
        budget = require_integer("multipliers", multipliers, 1, 1 << 20)
    return plan_network(sizes, functions or ["tanh"], data_type, budget, outputs)


def _require_given(opened: NetworkDevice, sizes: Any, functions: Any, dtype: Any) -> None:
    """Raises where an image has other sizes, activations or elements than were asked for."""
    network = opened.network
    found = [layer.activation for layer in network.layers]
    if sizes is not None and sizes != network.sizes:
        raise InvalidValueError(f"layers is {list(sizes)}, but the image has {list(network.sizes)}")
    if functions is not None and found not in (functions, functions * len(found)):
        raise InvalidValueError(f"activation is {functions}, but the image has {found}")
    if dtype is not None and dtype != opened.dtype:
        raise InvalidValueError(f"dtype is {dtype}, but the image computes with {opened.dtype}")


def wanted_outputs(outputs: Any, network: StreamNetwork) -> tuple[str, ...]:
    """Names of outputs that a network puts out; all of them where none are given."""
    if outputs is None:
        return network.outputs
    if isinstance(outputs, str) or not isinstance(outputs, Sequence) or not len(outputs):
        raise InvalidValueError(f"outputs is {shown(outputs)}, expected names such as s1, x1")
    known = [f"{kind}{n}" for n in range(1, len(network.layers) + 1) for kind in "sx"]
    for name in outputs:
        if not isinstance(name, str) or name not in known:
            raise InvalidValueError(
                f"outputs has {shown(name)}, expected some of {', '.join(known)}"
            )
        if name not in network.outputs:
            raise NotSupportedError(
                f"outputs has {name!r}, but the image routes {', '.join(network.outputs)} alone"
            )
    return tuple(dict.fromkeys(outputs))
