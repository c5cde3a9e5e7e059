"""A network on a compute unit: weights that stay there, and a program per batch."""

import numpy as np

from xfblas.device.compute_unit import ComputeUnit
from xfblas.device.shared_work import even_slices, share
from xfblas.device.softmax_fields import FIELDS
from xfblas.errors import DtypeError, InvalidValueError, NotSupportedError
from xfblas.quantization import QuantizedNetwork
from xfblas.quantization.softmax_tables import SoftmaxTables

#: Rows that one program of a prediction computes, which bounds its memory on the device.
ROWS_PER_PREDICTION = 1024
#: Fewer rows than this are not worth a second unit.
ROWS_WORTH_A_UNIT = 256


class Chain:
    """Runs the layers of a network one after the other on one compute unit, in one program.

    Weights are sent once. Memory for inputs and results is kept from batch to batch and grows
    with the largest.

    Args:
        compute_unit: that it runs on.
        network: the layers.
        before: a chain of the same shapes on the same unit: its matrices stay, and those of
            equal values serve both.

    Raises:
        DtypeError: the network was quantized for another element type than the image's.
    """

    def __init__(
        self, compute_unit: ComputeUnit, network: QuantizedNetwork, before: "Chain | None" = None
    ):
        if network.dtype != compute_unit.device.dtype:
            raise DtypeError(
                f"the network's weights are {network.dtype}, but the image computes with "
                f"{compute_unit.device.dtype}"
            )
        self.compute_unit = compute_unit
        self.network = network
        self._rows = 0
        self._capacity = 0
        self._activations = []
        layers, kept = network.layers, _Kept(before)
        unit = compute_unit
        self._weights = [
            kept.weights(index, layer) or unit.send(layer.weights, packed=True)
            for index, layer in enumerate(layers)
        ]
        self._tables = [
            None
            if layer.entries is None
            else kept.table(index, layer) or unit.send_table(layer.entries)
            for index, layer in enumerate(layers)
        ]
        self._biases = [None] * len(layers)
        #: Tables and multipliers of a softmax on the engine.
        self.parameters = None
        if network.softmax is not None:
            values = network.softmax.parameters.reshape(1, -1)
            self.parameters = kept.parameters(network.softmax) or unit.send(values)
        if network.arithmetic.bias_row:
            self._biases = [
                kept.bias(index, layer) or unit.send(addend_of(layer, unit.device).reshape(1, -1))
                for index, layer in enumerate(layers)
            ]

    def send(self, batch: np.ndarray) -> None:
        """Copies a batch (m, k) of the image's element type and queues the program for it.

        What others have queued on the unit runs before, since the program takes its place.
        """
        self.compute_unit.flush()
        self._reserve(len(batch))
        self._rows = len(batch)
        self._activations[0].write(batch)
        self.compute_unit.clear()
        try:
            self._queue()
        except BaseException:  # an interrupt too
            # Half a program must not run.
            self.compute_unit.clear()
            raise

    def _queue(self) -> None:
        arithmetic = self.network.arithmetic
        for index, layer in enumerate(self.network.layers):
            self.compute_unit.fcn(
                self._activations[index],
                self._weights[index],
                self._activations[index + 1],
                self._biases[index],
                *layer.scales,
                round=arithmetic.round,
                saturate=arithmetic.saturate,
                rows=self._rows,
                table=self._tables[index],
                **layer.activation,
            )
        if self.network.softmax is not None:
            logits, found = self._activations[-2:]
            fields = softmax_fields(self.network.softmax)
            self.compute_unit.softmax(logits, self.parameters, found, rows=self._rows, **fields)

    @property
    def predicts(self) -> bool:
        """Whether a single call predicts: integers with a scale of their own."""
        network = self.network
        return (
            network.dtype.kind == "i"
            and network.input_scale is not None
            and network.arithmetic.bias_row
        )

    def matrices_for_good(self) -> tuple[list, list, list, list]:
        """Weights, biases, tables and activations that stay, for a prediction that names them.

        Activations are the first layer's rows, then each layer's result, then that of a softmax.
        """
        if self._capacity == 0:
            # On this CPU activations stay in its cache, and rows are taken as they come.
            is_native = self.compute_unit.device.target == "native"
            self._reserve(1 if is_native else ROWS_PER_PREDICTION)
        return self._weights, self._biases, self._tables, self._activations

    def result(self) -> np.ndarray:
        """What the engine computed for the batch that was sent last: (m, n), its element type.

        Raises:
            InvalidValueError: nothing was sent.
        """
        if self._rows == 0:
            raise InvalidValueError("no batch was sent: call send_matrices first")
        return self._activations[-1].read(self._rows)

    def run(self, batch: np.ndarray) -> np.ndarray:
        """Sends a batch and returns its result; no other thread can come in between."""
        with self.compute_unit.lock:
            self.send(batch)
            return self.result()

    def _reserve(self, rows: int) -> None:
        if rows <= self._capacity:
            return
        unit, layers = self.compute_unit, self.network.layers
        widths = [self.network.input_units, *(layer.weights.shape[1] for layer in layers)]
        if self.network.softmax is not None:
            widths.append(self.network.softmax.classes)
        # Queued instructions may still name the old matrices.
        unit.clear()
        self._free_batch()
        self._activations = [unit.empty((rows, width)) for width in widths]
        if not self.network.arithmetic.bias_row:
            self._biases = [
                unit.send(
                    np.broadcast_to(addend_of(layer, unit.device), (rows, layer.weights.shape[1]))
                )
                for layer in layers
            ]
        self._capacity = rows

    def _free_batch(self) -> None:
        self._capacity = 0
        self._activations = []
        if not self.network.arithmetic.bias_row:
            self._biases = [None] * len(self.network.layers)


class _Kept:
    """Matrices of a chain whose values another has too; None for others, or without a chain."""

    def __init__(self, chain: Chain | None):
        self._chain = chain
        self._layers = () if chain is None else chain.network.layers

    def weights(self, index: int, layer):
        return self._same("_weights", index, layer.weights, lambda old: old.weights)

    def table(self, index: int, layer):
        return self._same("_tables", index, layer.entries, lambda old: old.entries)

    def bias(self, index: int, layer):
        return self._same("_biases", index, layer.bias, lambda old: old.bias)

    def parameters(self, softmax: SoftmaxTables):
        old = None if self._chain is None else self._chain.network.softmax
        is_same = old is not None and np.array_equal(old.parameters, softmax.parameters)
        return self._chain.parameters if is_same else None

    def _same(self, attribute: str, index: int, values, of):
        if index >= len(self._layers):
            return None
        old = of(self._layers[index])
        is_same = old is not None and old.dtype == values.dtype and np.array_equal(old, values)
        return getattr(self._chain, attribute)[index] if is_same else None


def softmax_fields(tables: SoftmaxTables) -> dict[str, int]:
    """The instruction's, as :meth:`~xfblas.device.compute_unit.ComputeUnit.softmax` takes them."""
    return {name: getattr(tables, name) for name in FIELDS}


def addend_of(layer, device) -> np.ndarray:
    """A layer's bias as the image takes X.

    Raises:
        NotSupportedError: a value is beyond the image's XdataType.
    """
    bias = layer.bias.astype(device.addend_dtype, copy=False)
    if not np.array_equal(bias, layer.bias):
        beyond = layer.bias[bias != layer.bias][0]
        raise NotSupportedError(
            f"the bias of {layer.name} has the value {beyond}, but X is {device.addend_dtype} on "
            "this image: scale it less, or take an image with XdataType=int32_t"
        )
    return bias


def shared_rows(rows: int, units: int, most: int) -> list[slice]:
    """The parts in which units share rows: of at most ``most``, one where they are few."""
    return even_slices(rows, 1 if rows <= ROWS_WORTH_A_UNIT else units, most)


def run_in_parts(chains: list[Chain], batch: np.ndarray, most: int) -> np.ndarray:
    """Runs a batch in parts of at most ``most`` rows, which the chains' units share.

    Args:
        chains: of one network, on units that differ.
        batch: (m, k) of the image's element type; 0 rows are allowed.

    Returns:
        (m, n) of the image's element type.
    """
    if len(batch) == 0:
        network = chains[0].network
        return np.empty((0, network.result_units), network.dtype)
    units = [chain.compute_unit for chain in chains]
    parts = [batch[rows] for rows in shared_rows(len(batch), len(chains), most)]
    results = share(units, parts, lambda number, part: chains[number].run(part))
    return results[0] if len(results) == 1 else np.concatenate(results)
