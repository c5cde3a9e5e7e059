"""A form of the float network, as calibration sees it: what its layers make of the sample."""

from dataclasses import dataclass

import numpy as np

from xfblas.errors import UnsupportedModelError
from xfblas.quantization.calibration import Calibration
from xfblas.quantization.input_scales import extremes, ranges_with_room
from xfblas.quantization.options import Options
from xfblas.quantization.preparation import PreparedLayer

#: What stands for an infinite sum.
BEYOND = 1e30


@dataclass(frozen=True, eq=False)
class Form:
    """One form of the float network, and what it makes of the sample.

    Attributes:
        layers: in float64.
        output_slope: what the host multiplies negative outputs by.
        largest: (n,) of each layer's outputs, as calibration saw them.
        sums: (rows, n) of each layer, before its activation.
        outputs: (rows, n) of the last layer.
        reached: the largest size of each layer's outputs (n,) for rows with extreme features.
        input_ranges: (k,) the sizes that features shall hold, less the margin.
    """

    layers: list[PreparedLayer]
    output_slope: float
    largest: list[np.ndarray]
    sums: list[np.ndarray]
    outputs: np.ndarray
    reached: list[np.ndarray]
    input_ranges: np.ndarray

    @staticmethod
    def of(layers, output_slope: float, largest, seen: Calibration, options: Options) -> "Form":
        """What ``layers`` compute of the sample of what calibration saw, and of extreme rows."""
        sums, outputs = _run(layers, seen.sample)
        ranges = ranges_with_room(seen, layers[0].kernel, options)
        extreme_sums, _ = _run(layers, extremes(seen, ranges, options))
        for layer, found in zip(layers, sums, strict=True):
            if not np.isfinite(found).all():
                raise UnsupportedModelError(
                    f"layer {layer.name}: sums of calibration rows are beyond all numbers"
                )
        # An exponential of extreme rows may be: that is no range to hold.
        reached = [np.abs(found).max(axis=0, initial=0.0) for found in extreme_sums]
        reached = [np.nan_to_num(found, nan=BEYOND, posinf=BEYOND) for found in reached]
        return Form(layers, output_slope, largest, sums, outputs, reached, ranges)


def _run(layers, rows: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """The sums of each layer, and the last output."""
    sums = []
    for layer in layers:
        sums.append(layer.sums(rows))
        rows = layer.activate(sums[-1])
    return sums, rows
