"""Weights of a streaming network: from arrays, text files, or a Keras file."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from xfblas.arrays import seen
from xfblas.checks import require_path, shown
from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.file_kinds import WEIGHTS, kind_of
from xfblas.files import write_all
from xfblas.graph import Network, read_network
from xfblas.image.stream_network import ACTIVATIONS, StreamNetwork
from xfblas.rows.row_source import as_real

Layers = list[tuple[np.ndarray, np.ndarray]]


def layers_of(source: Any, network: StreamNetwork, trusted: bool = False) -> Layers:
    """Weights (inputs, outputs) and biases (outputs,) for each layer of a network.

    Args:
        source: arrays, the path of a folder of text files or of a Keras file, or a
            :class:`~xfblas.graph.Network`.
        network: whose sizes they must have.
        trusted: see :func:`~xfblas.graph.read_graph`.

    Raises:
        InvalidValueError: they cannot be read, or do not fit; names sizes.
    """
    if isinstance(source, Network):
        layers = [(layer.kernel, layer.bias) for layer in source.layers]
    elif isinstance(source, (str, bytes, os.PathLike)):
        path = Path(require_path("weights", source, "a folder of text files or a Keras file"))
        layers = _of_folder(path, network) if path.is_dir() else _of_file(path, network, trusted)
    else:
        layers = _of_arrays(source)
    return _checked(layers, network)


def chain_of(
    model: Any, trusted: bool = False, architecture: Any = None
) -> tuple[Network, list[str], str]:
    """A Keras model as a chain: its layers, their activations on chip, and the host's last one.

    Args:
        model, architecture, trusted: see :func:`~xfblas.read_network`.

    Raises:
        UnsupportedModelError: it is no chain of dense layers, or has other activations.
    """
    network = read_network(model, architecture, tables=True, trusted=trusted).without_center()
    activations = [layer.activation for layer in network.layers]
    host = network.output_activation
    if activations[-1] == "linear" and host in ACTIVATIONS:
        activations[-1], host = host, "linear"
    for layer, activation in zip(network.layers, activations, strict=True):
        if activation not in ACTIVATIONS or layer.parameters:
            raise UnsupportedModelError(
                f"layer {layer.name}: activation is {activation!r}"
                f"{' with settings' if layer.parameters else ''}, but streaming kernels have "
                f"{', '.join(ACTIVATIONS)}"
            )
    return network, activations, host


def float_weights(layers: Layers) -> Layers:
    """The same as float32, C-contiguous, or an InvalidValueError where one is too large."""
    found = []
    for number, pair in enumerate(layers, 1):
        with np.errstate(over="ignore"):
            weights, biases = (np.ascontiguousarray(array, np.float32) for array in pair)
        if not (np.isfinite(weights).all() and np.isfinite(biases).all()):
            raise InvalidValueError(f"layer {number} has a number too large for float32")
        found.append((weights, biases))
    return found


def text_files(folder: str | os.PathLike[str], count: int) -> list[Path]:
    """``layer1.txt`` and so on in a folder."""
    return [Path(folder) / f"layer{number}.txt" for number in range(1, count + 1)]


def write_text_files(folder: str | os.PathLike[str], layers: Layers) -> list[Path]:
    """Writes each layer's weights, row by row, and then its biases; floats as they are.

    Returns:
        The paths.

    Raises:
        OSError: a file cannot be written.
    """
    Path(folder).mkdir(parents=True, exist_ok=True)
    paths = text_files(folder, len(layers))
    contents = {}
    for path, (weights, biases) in zip(paths, layers, strict=True):
        lines = [" ".join(map(repr, row)) for row in [*weights.tolist(), biases.tolist()]]
        contents[path] = ("\n".join(lines) + "\n").encode()
    write_all(contents)
    return paths


def _of_folder(folder: Path, network: StreamNetwork) -> Layers:
    layers = []
    for path, layer in zip(text_files(folder, len(network.layers)), network.layers, strict=True):
        if not path.is_file():
            raise InvalidValueError(
                f"{path} is not there, expected a text file for each of the {len(network.layers)} "
                "layers: its weights, row by row, and then its biases"
            )
        words = path.read_bytes().split()
        wanted = (layer.inputs + 1) * layer.outputs
        if len(words) != wanted:
            raise InvalidValueError(
                f"{path} has {len(words)} numbers, expected {wanted}: {layer.inputs} x "
                f"{layer.outputs} weights and {layer.outputs} biases"
            )
        numbers = np.array([_number(word, place, path) for place, word in enumerate(words)])
        split = layer.inputs * layer.outputs
        layers.append((numbers[:split].reshape(layer.inputs, layer.outputs), numbers[split:]))
    return layers


def _number(word: bytes, place: int, path: Path) -> float:
    try:
        return float(word)
    except ValueError:
        told = shown(word.decode(errors="replace"))
        raise InvalidValueError(f"{path}: number {place + 1} is {told}, expected one") from None


def _of_file(path: Path, network: StreamNetwork, trusted: bool) -> Layers:
    alone = kind_of(path) is WEIGHTS
    functions = [layer.activation for layer in network.layers] if alone else None
    model = read_network(path, functions, tables=True, trusted=trusted).without_center()
    return [(layer.kernel, layer.bias) for layer in model.layers]


def _of_arrays(source: Any) -> Layers:
    if not isinstance(source, Sequence):
        raise InvalidValueError(
            f"weights is {shown(source)}, expected arrays, a folder of text files, or the path of "
            "a Keras file"
        )
    pairs = list(source)
    is_flat = all(not isinstance(entry, (tuple, list)) for entry in pairs)
    if is_flat:  # as keras.Model.get_weights gives them
        if len(pairs) % 2:
            raise InvalidValueError(
                f"weights has {len(pairs)} arrays, expected weights and biases of each layer"
            )
        pairs = list(zip(pairs[::2], pairs[1::2], strict=True))
    for number, pair in enumerate(pairs, 1):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise InvalidValueError(
                f"weights of layer {number} is {shown(pair)}, expected weights and biases"
            )
    return [(pair[0], pair[1]) for pair in pairs]


def _checked(layers: Layers, network: StreamNetwork) -> Layers:
    if len(layers) != len(network.layers):
        raise InvalidValueError(
            f"weights are of {len(layers)} layers, but the network has {len(network.layers)}: "
            f"{'-'.join(map(str, network.sizes))}"
        )
    found = []
    for number, (pair, layer) in enumerate(zip(layers, network.layers, strict=True), 1):
        arrays = []
        for name, value, shape in (
            ("weights", pair[0], (layer.inputs, layer.outputs)),
            ("biases", pair[1], (layer.outputs,)),
        ):
            label = f"{name} of layer {number}"
            array = as_real(label, seen(label, value))
            if array.shape != shape:
                raise InvalidValueError(
                    f"{label} has shape {array.shape}, but the network's layer takes {shape}"
                )
            if not np.isfinite(array).all():
                raise InvalidValueError(f"{label} has a number that is not finite")
            arrays.append(array)
        found.append((arrays[0], arrays[1]))
    return found
