"""Frames through a network over maps whose parts are timed: each step of each program."""

import time

import numpy as np

from xfblas.device.binding import ffi, lib
from xfblas.errors import XfblasError
from xfblas.program.map_runner import MapRunner
from xfblas.program.timed_prediction import TRANSFERS, unit_track, with_efficiency
from xfblas.quantization.map_steps import ConvolutionStep
from xfblas.timeline import HOST, Timeline

_OUTSIDE = {
    lib.XFBLAS_PART_ENCODE: (HOST, "round inputs"),
    lib.XFBLAS_PART_WRITE: (TRANSFERS, "write frames"),
    lib.XFBLAS_PART_READ: (TRANSFERS, "read results"),
    lib.XFBLAS_PART_DECODE: (HOST, "outputs"),
}


def timed_maps(runner: MapRunner, frames: np.ndarray, name: str, timeline: Timeline) -> np.ndarray:
    """What :meth:`MapRunner.predict` gives, and a span for each step, which run one by one.

    Args:
        runner: on the compute unit that is timed.
        frames: (m, height, width, channels).
        name: of the step of the model.
        timeline: takes the spans.
    """
    programs = -(-len(frames) // runner.plan.frames)
    capacity = (len(runner.steps) + len(_OUTSIDE)) * programs
    spans = ffi.new("xfblasSpan_t[]", capacity)
    given = ffi.new("xfblasTimeline_t *", {"spans": spans, "capacity": capacity})
    start = time.monotonic_ns()
    found = runner.predict(frames, given)
    timeline.add(name, HOST, start, time.monotonic_ns(), rows=len(frames))
    if given.count > capacity:
        raise XfblasError(f"step {name} has {given.count} spans, expected at most {capacity}")
    parts = [(span, *_part_of(runner, span)) for span in spans[0 : given.count]]
    for span, track, told, arguments in with_efficiency(parts):
        timeline.add(told, track, span.start, span.end, **arguments)
    return found


def _part_of(runner, span):
    """The track, the name and the arguments of one of C's spans."""
    arguments = {"first frame": span.firstRow, "frames": span.rows}
    if span.part < 0:
        return *_OUTSIDE[span.part], arguments
    step = runner.steps[span.part]
    rows, columns = step.walk.output
    m = span.rows * rows * columns
    if isinstance(step, ConvolutionStep):
        k, n = step.weights.shape
    else:
        k, n = step.walk.kernel[0] * step.walk.kernel[1], step.source.channels
    arguments |= {"m": m, "k": k, "n": n, "MACs": 0 if step.weights is None else m * k * n}
    arguments["saturations"] = span.saturated
    return unit_track(runner), step.name, arguments
