"""A prediction whose parts are timed: each layer of each block of rows, on each thread."""

import time

import numpy as np

from xfblas.arrays import readable
from xfblas.device.binding import ffi, lib
from xfblas.errors import XfblasError
from xfblas.program.prediction import Prediction
from xfblas.quantization import QuantizedNetwork
from xfblas.timeline import HOST, Timeline

#: Of rows that one span stands for there are no fewer, but for the last of a call.
FEWEST_ROWS = 8
TRANSFERS = "transfers"


def unit_track(chain) -> str:
    """The track of the compute unit that a chain runs on."""
    return f"compute unit {chain.compute_unit.index}"


def timed_prediction(
    chain, network: QuantizedNetwork, clipped, rows: np.ndarray, name: str, timeline: Timeline
) -> np.ndarray:
    """The model's output (m, n), float32, and a span for each part that C computed.

    On ``native`` each thread has a track; elsewhere the unit and the transfers have one, and layers
    are placed within their program by the stamps of the card's clock.

    Args:
        chain, network, clipped: as for :class:`Prediction`.
        rows: (m, features) float32.
        name: of the chain.
        timeline: takes the spans.
    """
    capacity = (len(network.layers) + 6) * (len(rows) // FEWEST_ROWS + 64)
    spans = ffi.new("xfblasSpan_t[]", capacity)
    found = ffi.new("xfblasTimeline_t *", {"spans": spans, "capacity": capacity})
    prediction = Prediction(chain, network, clipped, found)
    start = time.monotonic_ns()
    output = prediction.run(readable(rows, np.float32))
    timeline.add(name, HOST, start, time.monotonic_ns(), rows=len(rows))
    if found.count > capacity:
        raise XfblasError(f"chain {name} has {found.count} spans, expected at most {capacity}")
    named = _Parts(chain, network)
    parts = [(span, *named.of(span)) for span in spans[0 : found.count]]
    for span, track, told, arguments in with_efficiency(parts):
        timeline.add(told, track, span.start, span.end, **arguments)
    return output


def with_efficiency(parts: list[tuple]) -> list[tuple]:
    """Spans of C with track, name and arguments, to which those with MACs get their rates.

    Their efficiency is their rate as a part of the fastest one's, since this CPU tells no peak.
    """
    rates = [
        arguments["MACs"] / (span.end - span.start)
        if arguments.get("MACs") and span.end > span.start
        else 0.0
        for span, _, _, arguments in parts
    ]
    fastest = max(rates, default=0.0)
    for rate, (_, _, _, arguments) in zip(rates, parts, strict=True):
        if rate:
            arguments["GMAC/s"] = round(rate, 3)
            arguments["efficiency"] = round(rate / fastest, 3)
    return parts


class _Parts:
    """Names, tracks and figures of spans."""

    def __init__(self, chain, network: QuantizedNetwork):
        self._unit = unit_track(chain)
        self._is_native = chain.compute_unit.device.target == "native"
        self._layers = [
            (summary.name if summary else f"layer {index}", *layer.weights.shape)
            for index, (layer, summary) in enumerate(
                zip(network.layers, network.summaries or [None] * len(network.layers), strict=True)
            )
        ]
        self._outside = {
            lib.XFBLAS_PART_ENCODE: "round inputs",
            lib.XFBLAS_PART_DECODE: "outputs",
            lib.XFBLAS_PART_WRITE: "write rows",
            lib.XFBLAS_PART_RUN: "program",
            lib.XFBLAS_PART_READ: "read rows",
        }

    def of(self, span) -> tuple[str, str, dict]:
        """The track, the name and the arguments of one of C's spans."""
        arguments = {"first row": span.firstRow, "rows": span.rows}
        if span.part >= len(self._layers):
            return self._track(span), "softmax", arguments
        if span.part < 0:
            on_unit = self._is_native or span.part == lib.XFBLAS_PART_RUN
            is_transfer = span.part in (lib.XFBLAS_PART_WRITE, lib.XFBLAS_PART_READ)
            track = TRANSFERS if is_transfer else self._track(span) if on_unit else HOST
            return track, self._outside[span.part], arguments
        name, k, n = self._layers[span.part]
        macs = span.rows * k * n
        arguments = {"first row": span.firstRow, "m": span.rows, "k": k, "n": n, "MACs": macs}
        if span.saturated >= 0:
            arguments["saturations"] = span.saturated
        return self._track(span), name, arguments

    def _track(self, span) -> str:
        return f"{self._unit}, thread {span.thread}" if self._is_native else self._unit
