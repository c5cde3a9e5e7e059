"""What quantization chose for a layer, and what is proved of it: the numbers of a report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xfblas.quantization.entry_table import EntryTable
from xfblas.quantization.function_table import FunctionTable
from xfblas.quantization.output_windows import join_windows, window_offsets


@dataclass(frozen=True, eq=False)
class LayerSummary:
    """One layer's choices and bounds.

    A value of the model is (integer - zero_point) / scale. Where ``split_slope`` is given the layer
    has twice the model's columns, r and s, and the model's value is r - split_slope * s.

    Attributes:
        name: the model's.
        inputs, outputs: k and n of the weights, as the engine has them.
        activation: the model's, see :class:`~xfblas.graph.Layer`.
        bits: of an element.
        scale: float64, integers per unit of the output: one for each of the n columns, or for each
            of the model's values where these have several columns; constants have none.
        zero_point: the integer that stands for 0.
        windows: how many columns each of the model's values has, see
            :mod:`~xfblas.quantization.output_windows`.
        constants: how many columns at the end hold the same number always: 0 but in files of
            earlier releases.
        split_slope: of a leaky layer computed in two halves, else None.
        sum_scale: float64, like scale, integers per unit of the sums.
        post_scale, post_shift, prelu_scale, prelu_alpha: the instruction's fields.
        largest_weight: of the float kernel.
        weight_bits: bits of the largest integer weight.
        largest_seen: float64, like scale, of the values that calibration saw.
        sum_low, sum_high: the ends of all sums, proved for every possible input.
        sum_bits: bits of two's complement that hold them.
        accumulator: bits of the accumulator that the sums are proved to fit.
        input_low, input_high: the ends of the inputs for which that is proved.
        sums: which way they go: 'proved' to fit 32 bits, by 'rows' or 'wide', see
            :mod:`~xfblas.quantization.ways`; None in files of earlier releases.
        table: of the activation, else None.
        table_error: root mean square of what the table and its formats add to the activation of the
            calibration rows, else None.
    """

    name: str
    inputs: int
    outputs: int
    activation: str
    bits: int
    scale: np.ndarray
    zero_point: int
    windows: int
    constants: int
    split_slope: float | None
    sum_scale: np.ndarray
    post_scale: int
    post_shift: int
    prelu_scale: int
    prelu_alpha: int
    largest_weight: float
    weight_bits: int
    largest_seen: np.ndarray
    sum_low: int
    sum_high: int
    sum_bits: int
    accumulator: int
    input_low: int
    input_high: int
    sums: str | None = None
    table: FunctionTable | EntryTable | None = None
    table_error: float | None = None

    def preactivations(self, totals: np.ndarray) -> np.ndarray:
        """The model's values (m, n) float64 before the activation, of a layer's sums with X."""
        # Each of a value's columns has the whole sum.
        columns = totals[:, : len(self.scale)]
        offset = window_offsets(self.windows, self.bits, self.zero_point)[0]
        values = columns / self.sum_scale - offset / self.scale
        return values if self.split_slope is None else values[:, : values.shape[1] // 2]

    @property
    def fits(self) -> bool:
        """Whether no input whatever can overflow the accumulator."""
        return self.sum_bits <= self.accumulator

    def __repr__(self):
        return (
            f"<LayerSummary {self.name}: {self.inputs}x{self.outputs} int{self.bits}, "
            f"{self.activation}, weights of {self.weight_bits} bits, sums of {self.sum_bits}>"
        )

    @property
    def sums_text(self) -> str:
        """Which way the sums go, in words."""
        if self.sums == "rows":
            return "32 bits by norms of rows, else 48"
        return "32 bits" if self.fits and self.sum_bits <= 32 else "48 bits"

    def values(self, integers: np.ndarray) -> np.ndarray:
        """The model's values (m, n) float64 that a layer's integers stand for."""
        columns = integers[:, : integers.shape[1] - self.constants]
        values = join_windows(columns, self.windows, self.bits, self.zero_point) / self.scale
        if self.split_slope is None:
            return values
        half = values.shape[1] // 2
        return values[:, :half] - self.split_slope * values[:, half:]
