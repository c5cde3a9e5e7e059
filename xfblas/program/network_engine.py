"""One chain of layers on the compute units of a device: float rows in, float rows out."""

import dataclasses

import numpy as np

from xfblas.arrays import as_rows, has_finite_sum, readable
from xfblas.device.shared_work import share
from xfblas.program.chain import ROWS_PER_PREDICTION, Chain, run_in_parts, shared_rows
from xfblas.program.clipped_inputs import ClippedInputs
from xfblas.program.prediction import Prediction, finished
from xfblas.program.timed_prediction import timed_prediction, unit_track
from xfblas.quantization import QuantizedNetwork
from xfblas.timeline import Timeline

#: Rows that one program computes at most, and the bytes that its matrices may take on a unit.
ROWS_PER_PROGRAM = 8192
BYTES_PER_PROGRAM = 64 * 2**20
SINGLE = np.dtype(np.float32)


class NetworkEngine:
    """Computes what a :class:`~xfblas.graph.Network` computes, on the engine.

    Args:
        chains: of one network, on units that share the rows of large batches.
        clipped: counts of inputs that the host clips; None where it clips none.
        network: theirs, or its layers with another way of finishing.
    """

    def __init__(
        self,
        chains: list[Chain],
        clipped: ClippedInputs | None,
        network: QuantizedNetwork | None = None,
    ):
        self.network = chains[0].network if network is None else network
        self.rows_per_program = rows_per_program(self.network)
        self.clipped = clipped
        self._chains = chains
        self._predicts, self._features = chains[0].predicts, self.network.features
        self._predictions: list[Prediction | None] = [None] * len(chains)

    @classmethod
    def on_units(
        cls,
        compute_units,
        network: QuantizedNetwork,
        clipped: ClippedInputs | None,
        before: "NetworkEngine | None" = None,
    ) -> "NetworkEngine":
        """An engine with the network's weights on compute units that share it.

        Args:
            compute_units: of one device or several.
            network: the layers.
            clipped: counts of inputs.
            before: an engine of the same layers with other weights; what is equal is not sent
                again, and counts go on where inputs become integers as before.

        Raises:
            DtypeError: the network was quantized for another element type than the image's.
        """
        if before is None:
            return cls([Chain(unit, network) for unit in compute_units], clipped)
        pairs = zip(compute_units, before._chains, strict=True)
        chains = [Chain(unit, network, chain) for unit, chain in pairs]
        if clipped is not None and before.clipped is not None and clipped.is_like(before.clipped):
            clipped = before.clipped
        return cls(chains, clipped)

    def with_network(self, network: QuantizedNetwork) -> "NetworkEngine":
        """The same layers on the same units, for a network that differs in what the host does."""
        return NetworkEngine(self._chains, self.clipped, network)

    @property
    def rows_at_once(self) -> int:
        """Rows that keep every compute unit busy with one program."""
        return self.rows_per_program * len(self._chains)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """The network's output (m, n), float32, its output activation included.

        Args:
            rows: (m, k) finite numbers; float64 ones are not rounded before an offset is gone.

        Raises:
            InvalidValueError: another width, or a number that is not finite.
        """
        offset = self.network.input_offset
        if not self._predicts or (offset is not None and rows.dtype == np.float64):
            return self._predict_in_steps(rows)
        if rows.shape[1] != self._features:
            as_rows("rows", rows, self._features)
        # Asking is sooner done than numpy looks at an array that needs no copy.
        if rows.dtype is not SINGLE or not rows.flags.carray:
            rows = readable(rows, np.float32)
        if len(self._chains) > 1 and len(rows):
            return self._predict_in_parts(rows)
        return (self._predictions[0] or self._prediction_on(0)).run(rows)

    def _prediction_on(self, number: int) -> Prediction:
        """That of a chain, made when it is first needed: its unit may fail at it."""
        found = self._predictions[number]
        if found is None:
            found = Prediction(self._chains[number], self.network, self.clipped)
            self._predictions[number] = found
        return found

    def _predict_in_parts(self, rows):
        """As one :class:`Prediction` has it, on all units that rows are worth."""
        units = [chain.compute_unit for chain in self._chains]
        network = self.network
        columns = network.output_units // network.output_windows
        found = np.empty((len(rows), columns), np.float32)

        def fill(number, part):
            self._prediction_on(number).fill(rows[part], found[part])

        # Before a unit counts what it clips of its part.
        if not has_finite_sum(rows):
            as_rows("rows", rows, self._features)
        share(units, shared_rows(len(rows), len(units), ROWS_PER_PREDICTION), fill)
        return next(filter(None, self._predictions)).finish(found)

    def timed_predict(self, rows: np.ndarray, name: str, timeline: Timeline) -> np.ndarray:
        """As :meth:`predict`, on one unit where it can, with spans of what it does.

        Args:
            rows: as for :meth:`predict`.
            name: of the chain.
            timeline: takes the spans.
        """
        is_double = self.network.input_offset is not None and rows.dtype == np.float64
        if is_double or not self._chains[0].predicts:
            with timeline.measure(name, unit_track(self._chains[0]), rows=len(rows)):
                return self.predict(rows)
        rows = as_rows("rows", rows, self.network.features)
        return timed_prediction(self._chains[0], self.network, self.clipped, rows, name, timeline)

    def _predict_in_steps(self, rows):
        found = finished(self.network, self.run(self.network.quantize_input(rows)))
        self._count(rows)
        return found

    def _count(self, rows):
        # Not before: what failed is not counted.
        if self.clipped is not None:
            self.clipped.look(np.asarray(rows))

    def run(self, integers: np.ndarray) -> np.ndarray:
        """The engine's elements (m, n) for elements (m, k)."""
        return run_in_parts(self._chains, integers, self.rows_per_program)

    def layer_outputs(
        self, rows: np.ndarray, sums: list[np.ndarray] | None = None
    ) -> list[np.ndarray]:
        """What each layer put out, (m, n) float32 in the model's units.

        The layers run one by one on the first unit, so that each result can be read.

        Args:
            rows: (m, k) in the model's units.
            sums: takes what each layer had before its activation, (m, n) float32 likewise.
        """
        unit, network = self._chains[0].compute_unit, self.network
        current, found = network.quantize_input(rows), []
        for index, layer in enumerate(network.layers):
            alone = dataclasses.replace(network, layers=(layer,), summaries=(), softmax=None)
            summary = network.summaries[index] if network.summaries else None
            if sums is not None:
                total = layer.sums(current)
                total = total if summary is None else summary.preactivations(total)
                sums.append(total.astype(np.float32, copy=False))
            current = run_in_parts([Chain(unit, alone)], current, self.rows_per_program)
            if index == len(network.layers) - 1:
                values = network.logits(current)
            elif summary is not None:
                values = summary.values(current)
            else:
                values = current
            found.append(values.astype(np.float32, copy=False))
        self._count(rows)
        return found

    def __repr__(self):
        layers = len(self.network.layers)
        return f"<NetworkEngine of {layers} layers on {len(self._chains)} compute units>"


def rows_per_program(network: QuantizedNetwork) -> int:
    """How many rows one program takes, so that its matrices stay within bounds."""
    widths = network.input_units + sum(layer.weights.shape[1] for layer in network.layers)
    # The public engine's arithmetic has a bias for each row, of four bytes an element.
    per_row = widths * (network.dtype.itemsize + 4 * (not network.arithmetic.bias_row))
    return max(1, min(ROWS_PER_PROGRAM, BYTES_PER_PROGRAM // per_row))
