"""What a network is once it fits the engine: weights, biases and the words of an instruction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from xfblas.arrays import as_rows
from xfblas.errors import InvalidValueError
from xfblas.graph import activate
from xfblas.graph.network import subtracted
from xfblas.quantization.entry_table import EntryTable
from xfblas.quantization.function_table import FunctionTable
from xfblas.quantization.input_coding import InputCoding
from xfblas.quantization.instruction_fields import wrap
from xfblas.quantization.layer_summary import LayerSummary
from xfblas.quantization.output_windows import join_windows
from xfblas.quantization.simulation import Trace, add_products, simulate
from xfblas.quantization.softmax_tables import SoftmaxTables


@dataclass(frozen=True)
class Arithmetic:
    """How the engine turns a sum into an element; all false is that of the public engine.

    Attributes:
        round: add half before the shift.
        saturate: clamp instead of wrapping.
        bias_row: keep one row of bias on the device instead of a matrix of the batch's size.
    """

    round: bool = True
    saturate: bool = True
    bias_row: bool = True


LEGACY = Arithmetic(round=False, saturate=False, bias_row=False)


@dataclass(frozen=True, eq=False)
class QuantizedLayer:
    """One Fcn instruction: C = pRelu(((A*B + X) * post_scale) >> post_shift).

    Attributes:
        name: the layer's in the model.
        weights: (k, n), int16, int8 or float32.
        bias: (n,), int32 or float32, or (m, n) where every row has a bias of its own.
        table: a function instead of pRelu; None for pRelu.
    """

    name: str
    weights: np.ndarray
    bias: np.ndarray
    post_scale: int = 1
    post_shift: int = 0
    prelu_scale: int = 1
    prelu_alpha: int = 0
    table: FunctionTable | EntryTable | None = None

    @property
    def scales(self) -> tuple[int, int, int, int]:
        """postScale, postShift, preluScale, preluAlpha, in the order of an instruction."""
        return (self.post_scale, self.post_shift, self.prelu_scale, self.prelu_alpha)

    @property
    def activation(self) -> dict[str, Any]:
        """The table, as :meth:`~xfblas.device.compute_unit.ComputeUnit.fcn` takes it.

        Its entries, if it has any, are a matrix of their own.
        """
        return {} if self.table is None else self.table.instruction

    @property
    def entries(self) -> np.ndarray | None:
        """(513,) int32 that the host sends; None where the engine needs none."""
        return self.table.entries if isinstance(self.table, EntryTable) else None

    def sums(self, inputs: np.ndarray) -> np.ndarray:
        """A*B + X (m, n) of elements (m, k), before anything is scaled: integers exactly."""
        if self.weights.dtype.kind == "f":
            return inputs @ self.weights + self.bias
        return add_products(inputs, self.weights) + self.bias

    def __repr__(self):
        inputs, outputs = self.weights.shape
        function = f"prelu {self.prelu_scale} >> {self.prelu_alpha}"
        if self.table is not None:
            function = self.table.text(8 * self.weights.dtype.itemsize)
        return (
            f"<QuantizedLayer {self.name}: {inputs}x{outputs} {self.weights.dtype}, "
            f"post {self.post_scale} >> {self.post_shift}, {function}>"
        )


@dataclass(frozen=True, eq=False)
class QuantizedNetwork:
    """A chain of layers, and how its input and output are made from floats.

    Attributes:
        layers: in the order of computation.
        arithmetic: the engine's flags.
        input_scale: (k,), integers of an input = round(x * input_scale); None where the caller
            gives a scale with each prediction, or for a float image.
        output_scale: output = integer / output_scale, a number or (n,); None where the integers
            are the result.
        output_activation: what the host computes last.
        input_limit: inputs are clipped to +-input_limit; None for the element's largest value.
        input_offset: (k,), subtracted from the inputs, in double, before they are scaled; None
            for zeros.
        input_base, input_columns: which digits of which features the engine's inputs are, see
            :class:`~xfblas.quantization.input_coding.InputCoding`.
        input_wraps: whether inputs beyond the element's range wrap, as in the public library,
            instead of being clipped.
        output_windows: how many columns an output has; see
            :mod:`~xfblas.quantization.output_windows`.
        output_slope: what the host multiplies negative outputs by, before the activation.
        summaries: one per layer; empty where the caller gave the scales.
        softmax: tables by which the engine computes the softmax of the outputs, after all layers;
            None where the host has that to do, if anybody.
    """

    layers: tuple[QuantizedLayer, ...]
    arithmetic: Arithmetic
    input_scale: np.ndarray | None = None
    output_scale: float | np.ndarray | None = None
    output_activation: str = "linear"
    input_limit: int | None = None
    input_offset: np.ndarray | None = None
    input_base: int = 0
    input_columns: np.ndarray | None = None
    input_wraps: bool = False
    output_windows: int = 1
    output_slope: float = 1.0
    summaries: tuple[LayerSummary, ...] = ()
    softmax: SoftmaxTables | None = None

    @property
    def dtype(self) -> np.dtype:
        """Element type of the image it runs on."""
        return self.layers[0].weights.dtype

    @property
    def bits(self) -> int:
        """Bits of an element."""
        return 8 * self.dtype.itemsize

    @property
    def input_units(self) -> int:
        """Integers in a row that the engine takes."""
        return self.layers[0].weights.shape[0]

    @property
    def output_units(self) -> int:
        """Integers in a row that the engine gives."""
        return self.layers[-1].weights.shape[1]

    @property
    def products(self) -> int:
        """Of one row."""
        return sum(layer.weights.size for layer in self.layers)

    @property
    def result_units(self) -> int:
        """Integers in a row that a program gives: the classes of its softmax, if it has one."""
        return self.output_units if self.softmax is None else self.softmax.classes

    @property
    def features(self) -> int:
        """Values in a row of floats that :meth:`quantize_input` takes."""
        return self.input_units if self.input_scale is None else len(self.input_scale)

    @property
    def input_coding(self) -> InputCoding:
        """From float rows to integers, of a network with an input scale of its own."""
        limit = self.input_limit or int(np.iinfo(self.dtype).max)
        return InputCoding(
            self.input_scale, self.input_offset, limit, self.input_base, self.input_columns
        )

    def quantize_input(self, rows) -> np.ndarray:
        """The integers of float rows: (m, input_units), rounded and clipped to the input's range.

        Args:
            rows: (m, features) finite numbers, any layout; 0 rows are allowed.

        Raises:
            InvalidValueError: not numbers, not finite, of another width, or the network has no
                scale of its own.
        """
        rows = as_rows("rows", rows, self.features)
        if self.dtype.kind == "f":
            return subtracted(rows, self.input_offset)
        if self.input_scale is None:
            raise InvalidValueError(
                "the network has no input_scale, expected one from calibration rows: its layers "
                "were given with lists of scales, so pass integers"
            )
        if self.input_wraps:
            return wrap(rows * self.input_scale, self.dtype)
        return self.input_coding.encode(rows).astype(self.dtype)

    def finish(self, raw: np.ndarray) -> np.ndarray:
        """The model's output (m, n), float32, from what the last layer computed."""
        if self.softmax is not None:
            return self.softmax.values(self.softmax.apply(raw))
        return activate(self.output_activation, self.logits(raw))

    def logits(self, raw: np.ndarray) -> np.ndarray:
        """The last layer's output (m, n), float32, before what the host computes last."""
        logits = raw
        if self.output_windows > 1:
            logits = join_windows(raw, self.output_windows, self.bits)
        logits = logits.astype(np.float32)
        if self.output_scale is not None:
            logits /= np.asarray(self.output_scale, np.float32)
        if self.output_slope != 1:
            logits = np.where(logits < 0, logits * np.float32(self.output_slope), logits)
        return logits

    def simulate(self, integers: np.ndarray) -> Trace:
        """Computes the layers as the engine does, bit for bit, and counts what left its range.

        Args:
            integers: (m, k) of the network's element type, as :meth:`quantize_input` gives them.

        Raises:
            InvalidValueError: another type or shape, or a float network.
        """
        return simulate(self, integers)

    def to_group(self, group) -> None:
        """Writes everything into an empty ``h5py.Group``; :meth:`from_group` reads it back."""
        from xfblas.quantization.storage import write_network

        write_network(self, group)

    @staticmethod
    def from_group(group) -> QuantizedNetwork:
        """The network that :meth:`to_group` wrote.

        Raises:
            InvalidValueError: the group is damaged, foreign or of a newer format.
        """
        from xfblas.quantization.storage import read_network

        return read_network(group, QuantizedNetwork, QuantizedLayer, Arithmetic)

    def __repr__(self):
        return (
            f"<QuantizedNetwork {self.dtype}: {self.features} features, {len(self.layers)} layers, "
            f"{self.output_units // self.output_windows} outputs, {self.output_activation}>"
        )
