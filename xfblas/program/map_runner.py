"""A quantized network over feature maps on a compute unit: frames of floats in and out."""

from typing import Any

import numpy as np

from xfblas.arrays import readable, require_array, require_dimensions
from xfblas.checks import require_instance, require_integer
from xfblas.device.binding import ffi, lib
from xfblas.device.compute_unit import ComputeUnit
from xfblas.device.map_step import write_step
from xfblas.device.map_walk import MapWalk
from xfblas.errors import DtypeError, InvalidValueError
from xfblas.program.chain import addend_of
from xfblas.program.clipped_inputs import ClippedInputs
from xfblas.program.map_plan import MapPlan, plan_maps
from xfblas.quantization.map_steps import ConvolutionStep, MapNetwork
from xfblas.quantization.maps.upsampled_phases import in_phases
from xfblas.quantization.output_windows import joining_offset

#: What maps may take on a unit where nobody says how many frames a program has, and how many then.
BYTES_PER_PROGRAM, FRAMES_PER_PROGRAM = 16 * 2**20, 256
#: Elements in a row of the arena, which is a matrix.
ARENA_COLUMNS = 4096


class MapRunner:
    """Runs a :class:`~xfblas.quantization.map_steps.MapNetwork`; weights stay on the unit.

    Args:
        compute_unit: of a device of the Fcn engine whose image has the network's elements.
        network: what to run.
        frames: how many one program computes; by default as many as fit 16 MiB of maps.
        clipped: counts of inputs beyond their range, which C adds to.

    Attributes:
        steps: what the program consists of; only ``native`` takes convolutions of upsampled maps
            whole.
        plan: the :class:`~xfblas.program.map_plan.MapPlan` of the maps' memory.

    Raises:
        DtypeError: the network was quantized for another element type than the image's.
        NotSupportedError: the image computes with float32, pads, or is of another maker.
    """

    def __init__(
        self,
        compute_unit: ComputeUnit,
        network: MapNetwork,
        frames: int | None = None,
        clipped: ClippedInputs | None = None,
    ):
        require_instance("network", network, MapNetwork)
        if network.dtype != compute_unit.device.dtype:
            raise DtypeError(
                f"the network's weights are {network.dtype}, but the image computes with "
                f"{compute_unit.device.dtype}"
            )
        self.compute_unit, self.network, self.clipped = compute_unit, network, clipped
        is_whole = compute_unit.device.target == "native"
        self.steps = (network if is_whole else in_phases(network)).steps
        if frames is None:
            frames = min(FRAMES_PER_PROGRAM, BYTES_PER_PROGRAM // plan_maps(network).total_bytes)
            frames = max(1, frames)
        self.plan = plan_maps(network, require_integer("frames", frames, 1, 65535))
        self._kept: list[Any] = []  # what C reads
        self._operands = [self._operands_of(step) for step in self.steps]
        self._coding, self._decoding = self._coding_of(), self._decoding_of()
        self._arena = self._arena_of(self.plan)
        self._program = self._program_of(self._arena, self.plan)

    def predict(self, x: np.ndarray, timeline: Any = None) -> np.ndarray:
        """The network's output (frames, height, width, channels), float32, softmax included.

        Args:
            x: (frames, height, width, channels) finite numbers, computed with as float32.
            timeline: C's ``xfblasTimeline_t``, for a call that shall be timed step by step.

        Raises:
            InvalidValueError: another shape, or a number that is not finite; tells its place.
        """
        x = self._frames("x", x)
        stored = self.network.map(self.network.output.map)
        found = np.empty(
            (len(x), stored.height, stored.width, self.network.output_channels), np.float32
        )
        if len(x):
            self._run(self._program, x, found, timeline)
        return found

    def trace(self, x: np.ndarray) -> dict[str, np.ndarray]:
        """What each step computed: (frames, rows, columns, channels) elements, by the step's name.

        Args:
            x: as for :meth:`predict`.
        """
        x = self._frames("x", x)
        if not len(x):
            of_one = self.trace(np.zeros((1, *x.shape[1:]), x.dtype))
            return {name: elements[:0] for name, elements in of_one.items()}
        parts = [
            self._trace_part(x[first : first + self.plan.frames])
            for first in range(0, len(x), self.plan.frames)
        ]
        return {
            step.name: np.concatenate([part[step.name] for part in parts])
            for step in self.network.steps
        }

    def close(self) -> None:
        """Frees the memory on the unit; a second call does nothing."""
        matrices = [self._arena, *(each for operands in self._operands for each in operands)]
        self._arena, self._operands = None, []
        for matrix in matrices:
            if matrix is not None:
                matrix.free()

    def _frames(self, name, x):
        require_instance(name, x, np.ndarray, expected="a numpy array")
        require_dimensions(name, x if x.shape[:1] == (0,) else require_array(name, x), 4)
        if x.dtype.kind not in "fiub":
            raise DtypeError(f"{name} is {x.dtype}, expected real numbers")
        stored = self.network.map(self.network.input)
        wanted = (stored.height, stored.width, stored.channels)
        if x.shape[1:] != wanted:
            shape = ", ".join(map(str, wanted))
            raise InvalidValueError(f"{name} has shape {x.shape}, expected (frames, {shape})")
        return readable(x, np.float32)

    def _run(self, program, x, found, timeline=None):
        steps, source, result = program
        coding = self._coding
        if timeline is not None:
            coding = ffi.new("xfblasCoding_t *", coding[0])
            coding.timeline = timeline
        try:
            self.compute_unit.call(
                lib.xfblasPredictMaps,
                *(len(x), ffi.from_buffer("float[]", x), coding, source, steps, len(steps)),
                *(result, self._decoding, ffi.from_buffer("float[]", found)),
            )
        except InvalidValueError:
            require_finite_frames(x)
            raise
        if self.clipped is not None:
            self.clipped.seen(x.size // x.shape[-1])

    def _trace_part(self, x):
        plan = plan_maps(self.network, len(x), reuse=False)
        arena = self._arena_of(plan)
        try:
            stored = self.network.map(self.network.output.map)
            shape = (len(x), stored.height, stored.width, self.network.output_channels)
            self._run(self._program_of(arena, plan), x, np.empty(shape, np.float32))
            elements = arena.read().reshape(-1)
        finally:
            arena.free()
        found = {}
        for step in self.network.steps:
            stored = self.network.map(step.target.map)
            shape = (len(x), stored.height, stored.width, stored.channels)
            first = plan.firsts[stored.name]
            whole = elements[first : first + np.prod(shape)].reshape(shape)
            rows, columns = (
                slice(begin, begin + (size - 1) * by + 1, by)
                for begin, size, by in zip(
                    step.target.first, step.walk.output, step.target.step, strict=True
                )
            )
            channels = slice(step.target.first_channel, step.target.first_channel + _width(step))
            found[step.name] = whole[:, rows, columns, channels].copy()
        return found

    def _arena_of(self, plan: MapPlan):
        return self.compute_unit.empty((-(-plan.elements // ARENA_COLUMNS), ARENA_COLUMNS))

    def _operands_of(self, step):
        """B, X and the table of a step on the unit."""
        unit = self.compute_unit
        if step.weights is None:
            return None, None, None
        is_packed = isinstance(step, ConvolutionStep)
        weights = unit.send(step.weights, keep="filter" if is_packed else "rows")
        bias = None if step.bias is None else unit.send(addend_of(step, unit.device))
        entries = step.epilogue.entries
        return weights, bias, None if entries is None else unit.send_table(entries)

    def _program_of(self, arena, plan: MapPlan):
        steps = ffi.new("xfblasMapStep_t[]", len(self.steps))
        for place, step, operands in zip(steps, self.steps, self._operands, strict=True):
            b, x, table = operands
            kind = "convolution" if isinstance(step, ConvolutionStep) else step.kind
            fields = {} if b is None else self._fields_of(step.epilogue, table)
            walk = self._walk_of(step, plan)
            write_step(place, self.compute_unit, kind, walk, arena, arena, b, x, **fields)
        stored, output = self.network.map(self.network.input), self.network.output
        source = self._view(arena, plan, stored, 0, stored.channels)
        stored = self.network.map(output.map)
        result = self._view(arena, plan, stored, output.first_channel, output.channels)
        return steps, source, result

    def _fields_of(self, epilogue, table):
        (post_scale, post_shift), (prelu_scale, prelu_alpha) = epilogue.post, epilogue.prelu
        return {
            "post_scale": post_scale,
            "post_shift": post_shift,
            "prelu_scale": prelu_scale,
            "prelu_alpha": prelu_alpha,
            "round": self.network.round,
            "saturate": self.network.saturate,
            "table": table,
            **(epilogue.activation or {}),
        }

    def _walk_of(self, step, plan: MapPlan) -> MapWalk:
        source, target = self.network.map(step.source.map), self.network.map(step.target.map)
        walk, placed = step.walk, step.target
        pixel = placed.first[0] * target.width + placed.first[1]
        return MapWalk(
            height=source.height,
            width=source.width,
            channels=step.source.channels,
            output=walk.output,
            kernel=walk.kernel,
            stride=walk.stride,
            dilation=walk.dilation,
            padding=walk.padding,
            upsampling=walk.upsampling,
            frames=plan.frames,
            fill=walk.fill,
            first_a=plan.firsts[source.name] + step.source.first_channel,
            first_c=plan.firsts[target.name] + pixel * target.channels + placed.first_channel,
            pixel_a=source.channels,
            pixel_c=placed.step[1] * target.channels,
            row_c=placed.step[0] * target.width * target.channels,
            frame_c=target.height * target.width * target.channels,
        )

    @staticmethod
    def _view(arena, plan, stored, first_channel, channels):
        view = ffi.new("xfblasMapView_t *")
        view.matrix, view.first = arena.pointer, plan.firsts[stored.name] + first_channel
        view.pixel, view.pixels = stored.channels, stored.height * stored.width
        view.channels = channels
        return view

    def _array(self, ctype, values, size):
        """Values as an array of C, which stays; one value stands for all of ``size``."""
        dtype = {"float[]": np.float32, "double[]": np.float64}[ctype]
        values = np.ascontiguousarray(np.broadcast_to(np.asarray(values, dtype), (size,)))
        self._kept.append(values)
        return ffi.from_buffer(ctype, values)

    def _coding_of(self):
        network, coding = self.network, ffi.new("xfblasCoding_t *")
        coding.features = network.map(network.input).channels
        coding.scales = self._array("double[]", network.input_scale, coding.features)
        if network.input_offset is not None:
            coding.offsets = self._array("double[]", network.input_offset, coding.features)
        coding.limit = network.input_limit
        coding.clipped = ffi.NULL if self.clipped is None else self.clipped.pointer
        return coding

    def _decoding_of(self):
        network, decoding = self.network, ffi.new("xfblasOutput_t *")
        windows, bits = network.output_windows, 8 * network.dtype.itemsize
        decoding.columns, decoding.windows = network.output_channels, windows
        decoding.scales = self._array("float[]", network.output_scale, decoding.columns)
        decoding.offset, decoding.slope = joining_offset(windows, bits, network.output_zero), 1
        decoding.softmax = network.softmax
        return decoding

    def __repr__(self):
        return f"<MapRunner of {len(self.steps)} steps, {self.plan.frames} frames at once>"


def require_finite_frames(x: np.ndarray) -> None:
    """Raises an InvalidValueError that tells the first place that is not finite, if any."""
    bad = np.argwhere(~np.isfinite(x))
    if len(bad):
        frame, row, column, channel = bad[0]
        raise InvalidValueError(
            f"x has {x[tuple(bad[0])]} at frame {frame}, row {row}, column {column}, "
            f"channel {channel}; every value must be finite"
        )


def _width(step) -> int:
    return step.source.channels if step.weights is None else step.weights.shape[1]
