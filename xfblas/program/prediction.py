"""What a prediction passes to C, put together once for a network on a compute unit."""

import numpy as np

from xfblas.device.binding import ffi, softmax
from xfblas.device.epilogue_flags import ROUND, SATURATE, function_flags
from xfblas.device.softmax_fields import softmax_tables
from xfblas.graph import activate
from xfblas.program.chain import softmax_fields
from xfblas.program.clipped_inputs import ClippedInputs
from xfblas.quantization import QuantizedNetwork
from xfblas.quantization.output_windows import joining_offset


def finished(network: QuantizedNetwork, raw: np.ndarray) -> np.ndarray:
    """The model's output (m, n), float32, from the engine's elements, to the bit as in one call."""
    if network.softmax is not None:
        return network.softmax.values(raw)
    if network.output_activation != "softmax":
        return network.finish(raw)
    return softmax(np.ascontiguousarray(network.logits(raw), np.float32))


class Prediction:
    """A quantized network as ``xfblasPredict`` takes it.

    Args:
        chain: the :class:`~xfblas.program.chain.Chain` that it runs on.
        network: the chain's, or its layers with another way of finishing; with an input scale of
            its own and rows of bias.
        clipped: the :class:`ClippedInputs` that C adds to.
        timeline: an ``xfblasTimeline_t`` that C fills in each call; none by default.

    Attributes:
        features: values in a row.
        fill: ``fill(rows, found)`` has C compute an output, which :meth:`finish` completes.
    """

    def __init__(self, chain, network: QuantizedNetwork, clipped: ClippedInputs, timeline=None):
        weights, biases, tables, activations = chain.matrices_for_good()
        # What C reads must live as long as this.
        self._kept = [weights, biases, tables, activations]
        self.features = network.features
        self.clipped = clipped
        self._units = network.output_units // network.output_windows
        self.fill = chain.compute_unit._predictor(
            self._coding_of(network, timeline),
            activations[0],
            self._layers_of(network, weights, biases, tables, activations[1 : len(weights) + 1]),
            self._decoding_of(network, chain.parameters, activations[-1]),
        )
        # Other activations are left to numpy.
        is_done = network.output_activation in ("softmax", "linear") or network.softmax is not None
        self._activation = None if is_done else network.output_activation

    def run(self, rows: np.ndarray) -> np.ndarray:
        """The model's output (m, n), float32, for rows (m, features), float32 C-contiguous.

        Raises:
            InvalidValueError: a value is not finite; tells its row and column.
        """
        found = np.empty((len(rows), self._units), np.float32)
        self.fill(rows, found)
        return self.finish(found)

    def finish(self, found: np.ndarray) -> np.ndarray:
        """The model's output, where ``fill`` has computed all of it; counts the rows."""
        self.clipped.seen(len(found))
        return found if self._activation is None else activate(self._activation, found)

    def _array(self, ctype, values, size=None):
        """Values as an array of C; one value stands for all of ``size``."""
        dtype = {"float[]": np.float32, "double[]": np.float64, "int[]": np.int32}[ctype]
        values = np.ascontiguousarray(values, dtype)
        if size is not None:
            values = np.ascontiguousarray(np.broadcast_to(values, (size,)))
        self._kept.append(values)
        return ffi.from_buffer(ctype, values)

    def _coding_of(self, network, timeline):
        coding = ffi.new("xfblasCoding_t *")
        coding.features = network.features
        coding.scales = self._array("double[]", network.input_scale, network.features)
        if network.input_offset is not None:
            coding.offsets = self._array("double[]", network.input_offset, network.features)
        coding.limit = network.input_limit or np.iinfo(network.dtype).max
        coding.base = network.input_base
        coding.clipped = self.clipped.pointer
        if timeline is not None:
            coding.timeline = timeline
        if network.input_columns is not None:
            coding.columns = self._array("int[]", network.input_columns)
        return coding

    def _decoding_of(self, network, parameters, probabilities):
        decoding = ffi.new("xfblasOutput_t *")
        if network.softmax is not None:
            tables = network.softmax
            decoding.columns, decoding.windows, decoding.slope = self._units, 1, 1
            decoding.scales = self._array("float[]", 2.0**tables.result_bits, self._units)
            fields = softmax_tables(parameters, tables.classes, softmax_fields(tables))
            decoding.tables, decoding.probabilities = fields, probabilities.pointer
            self._kept += [fields, parameters]
            return decoding
        decoding.columns, decoding.windows = self._units, network.output_windows
        scales = 1 if network.output_scale is None else network.output_scale
        decoding.scales = self._array("float[]", scales, self._units)
        if network.output_windows > 1:
            decoding.offset = joining_offset(network.output_windows, network.bits)
        decoding.slope = network.output_slope
        decoding.softmax = network.output_activation == "softmax"
        return decoding

    @staticmethod
    def _layers_of(network, weights, biases, tables, results):
        layers = ffi.new("xfblasLayer_t[]", len(network.layers))
        flags = ROUND * network.arithmetic.round | SATURATE * network.arithmetic.saturate
        rows = zip(layers, network.layers, weights, biases, tables, results, strict=True)
        for place, layer, weight, bias, table, result in rows:
            place.B, place.X, place.C = weight.pointer, bias.pointer, result.pointer
            place.n = layer.weights.shape[1]
            place.postScale, place.postShift = layer.post_scale, layer.post_shift
            place.preluScale, place.preluAlpha = layer.prelu_scale, layer.prelu_alpha
            place.flags = flags | function_flags(**layer.activation)
            place.T = ffi.NULL if table is None else table.pointer
        return layers
