"""What is seen of one layer, chunk by chunk of the data."""

import numpy as np

from xfblas.quantization.output_windows import window_levels
from xfblas.reporting.layer_report import LayerReport
from xfblas.reporting.nearness import Nearness
from xfblas.reporting.silent_columns import SilentColumns

#: Values of a layer that a box of the plots is drawn from.
BOX_VALUES = 20000


class ObservedLayer:
    """A layer of a chain on the engine.

    Args:
        network: the quantized chain.
        index: of the layer in it.
        layer: the float layer.
    """

    def __init__(self, network, index: int, layer):
        self.layer = layer
        self.quantized = network.layers[index]
        self.summary = network.summaries[index] if network.summaries else None
        self.is_last = index + 1 == len(network.layers)
        self.network = network
        self.nearness, self.silent = Nearness(), SilentColumns()
        self.saturations = self.wraps = 0
        self.sum_low = self.sum_high = 0
        self.largest = 0.0
        self.column_largest: np.ndarray | float = 0.0
        self.fitted: float | None = None
        self._sizes: list[np.ndarray] = []
        self._kept = 0

    def add(self, expected: np.ndarray, trace) -> np.ndarray:
        """Float values (m, n) and what the engine did; returns the values that it stands for."""
        found = self._values(expected, trace.output)
        self.nearness.add(expected, found)
        self.silent.add(expected, found)
        self.saturations += trace.saturations
        self.wraps += trace.wraps
        self.sum_low = min(self.sum_low, trace.sum_low)
        self.sum_high = max(self.sum_high, trace.sum_high)
        self.largest = max(self.largest, float(np.abs(expected).max(initial=0.0)))
        if self.summary is not None:
            columns = columns_of(self.summary, expected)
            sizes = np.abs(columns)
            self.column_largest = np.maximum(self.column_largest, sizes.max(axis=0, initial=0.0))
            self._keep(sizes * self.summary.scale)
        return found

    def sizes(self) -> np.ndarray:
        """Some values of the float model in steps of the element, without zeros."""
        joined = np.concatenate(self._sizes) if self._sizes else np.empty(0)
        return joined[joined > 0]

    @property
    def levels(self) -> int:
        """The largest size of a value in integers."""
        if self.summary is None:
            return int(np.iinfo(self.quantized.weights.dtype).max)
        return largest_steps(self.summary)

    def report(self, step, before: float | None, clipped: tuple | None) -> LayerReport:
        """The line, given its input's decibels, and how many inputs were clipped, of how many."""
        kernel, quantized, summary = self.layer.kernel, self.quantized, self.summary
        decibels = self.nearness.decibels
        common = {
            "depth": quantized.weights.shape[0],
            "columns": quantized.weights.shape[1],
            "weight_bits": int(np.abs(quantized.weights.astype(np.int64)).max()).bit_length() + 1,
            "weight_outlier": outlier_of(kernel),
            "used_bits": signed_bits(self.sum_low, self.sum_high),
            "saturations": self.saturations,
            "wraps": self.wraps,
            "dead_columns": self.silent.dead,
            "lost_columns": self.silent.lost,
        }
        if summary is None:
            scale = self.fitted or 1.0
            limit = float(np.iinfo(quantized.weights.dtype).max) / scale
            common |= {"scale_low": scale, "scale_high": scale, "range": limit}
            common |= {"used": self.largest / limit}
            common |= {"accumulator": 32 if quantized.weights.dtype == np.int8 else 48}
        else:
            limits = largest_values(summary)
            sizes = np.broadcast_to(self.column_largest, limits.shape)
            # Of a leaky layer in two halves, the second holds sums that its slope makes small.
            units = np.ones(len(limits))
            if summary.split_slope is not None:
                units[len(limits) // 2 :] = abs(summary.split_slope)
            common |= {
                "range": float((limits * units)[int(np.argmax(sizes * units))]),
                "used": float((sizes / limits).max()),
                "scale_low": float(summary.scale.min()),
                "scale_high": float(summary.scale.max()),
                "proved_bits": summary.sum_bits,
                "accumulator": summary.accumulator,
                "sums": summary.sums_text,
            }
            if summary.table is not None:
                common |= {
                    "table": summary.table.text(summary.bits),
                    "table_range": summary.table.argument_range(summary.bits),
                    "table_error": summary.table_error,
                    "table_worst": summary.table.worst_error,
                }
        if clipped is not None:
            common |= {"clipped_inputs": clipped[0], "inputs_seen": clipped[1]}
        return LayerReport(
            name=self.layer.output,
            step=step.name,
            output=step.output,
            place="engine",
            reason=f"dense, {self.layer.activation}",
            activation=self.layer.activation,
            inputs=kernel.shape[0],
            outputs=kernel.shape[1],
            values=self.nearness.values,
            largest=self.largest,
            decibels=decibels,
            lost=None if before is None or decibels is None else before - decibels,
            cosine=self.nearness.cosine,
            post_scale=quantized.post_scale,
            post_shift=quantized.post_shift,
            prelu_scale=quantized.prelu_scale,
            prelu_alpha=quantized.prelu_alpha,
            **common,
        )

    def _values(self, expected, integers):
        if self.is_last and self.network.output_scale is not None:
            return self.network.logits(integers)
        if self.summary is not None:
            return self.summary.values(integers)
        if self.fitted is None:
            self.fitted = fitted_scale(expected, integers)
        return integers / self.fitted

    def _keep(self, sizes: np.ndarray) -> None:
        room = BOX_VALUES - self._kept
        if room > 0:
            flat = sizes.reshape(-1)
            kept = flat[:: max(1, -(-flat.size // room))]
            self._sizes.append(kept)
            self._kept += kept.size


def outlier_of(kernel: np.ndarray) -> float | None:
    """The largest weight per root mean square; None where all are 0."""
    root = float(np.sqrt((kernel.astype(np.float64) ** 2).mean()))
    return float(np.abs(kernel).max()) / root if root else None


def largest_steps(summary) -> int:
    """The largest size of a value in integers, counted from the integer that stands for 0."""
    return window_levels(summary.windows, summary.bits, summary.zero_point)


def largest_values(summary) -> np.ndarray:
    """The largest value that each column of a layer holds, (n,) float64."""
    return largest_steps(summary) / summary.scale


def columns_of(summary, values: np.ndarray) -> np.ndarray:
    """What each column of the layer holds of the model's values (m, n): (m, columns)."""
    if summary.split_slope is None:
        return values
    halves = (np.maximum(values, 0), np.maximum(-values, 0) / (summary.split_slope or 1.0))
    return np.concatenate(halves, axis=1)


def fitted_scale(expected: np.ndarray, integers: np.ndarray) -> float:
    """Integers per unit where only the integers are known: the scale that fits them best."""
    f, q = np.asarray(expected, np.float64), np.asarray(integers, np.float64)
    power = float(np.vdot(f, f))
    scale = float(np.vdot(f, q)) / power if power else 0.0
    return scale if scale > 0 else 1.0


def signed_bits(low: int, high: int) -> int:
    """Bits of two's complement that hold both ends."""
    return max((~end if end < 0 else end).bit_length() for end in (low, high)) + 1
