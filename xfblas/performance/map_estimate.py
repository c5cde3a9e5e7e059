"""Cycles and time of a network over feature maps on a board, and its frames per second."""

from dataclasses import asdict, dataclass

from xfblas.checks import require_integer
from xfblas.device.binding import check, ffi, lib
from xfblas.errors import InvalidValueError
from xfblas.image.boards import Board
from xfblas.image.element_types import ELEMENT_TYPES
from xfblas.performance.estimate import LAUNCH_SECONDS, PCIE_BYTES_PER_SECOND, c_machine
from xfblas.performance.map_words import instruction_words
from xfblas.quantization.map_steps import ConvolutionStep, MapNetwork
from xfblas.quantization.maps.upsampled_phases import in_phases

#: Instructions of a launch beside its two controls.
INSTRUCTIONS_PER_LAUNCH = 62


@dataclass(frozen=True)
class StepEstimate:
    """One step of one frame on one compute unit.

    Attributes:
        name: of the step.
        kind: "convolution", "depthwise", "max" or "average".
        macs: multiplications of a frame; 0 of pooling.
        cycles: from reading the instructions to the last word of C.
        seconds: those cycles at the board's clock.
        efficiency: part of the array's peak, 0 to 1.
        bound: what takes longest by itself: "array" (products, and the way of A into it), "reads"
            (of maps, weights and addends) or "writes"; of windows "taps" in place of "array".
    """

    name: str
    kind: str
    macs: int
    cycles: int
    seconds: float
    efficiency: float
    bound: str


@dataclass(frozen=True)
class FrameEstimate:
    """All steps of a frame, and what surrounds them.

    Attributes:
        steps: in the order of computation.
        units: compute units, each of which has frames of its own.
        macs: of a frame.
        launch_seconds: of starting the kernel for a frame.
        input_seconds, output_seconds: of moving a frame's elements over PCIe.
        seconds: a frame's, on its unit.
        frames_per_second: of all units.
    """

    steps: tuple[StepEstimate, ...]
    units: int
    macs: int
    launch_seconds: float
    input_seconds: float
    output_seconds: float
    seconds: float
    frames_per_second: float

    def to_dict(self) -> dict:
        """The same as plain numbers and texts, for JSON."""
        return asdict(self)

    def to_text(self) -> str:
        """A table of the steps, and a line of what a frame takes."""
        width = max((len(step.name) for step in self.steps), default=4)
        lines = [
            f"{'step':{width}} {'kind':12} {'GMAC':>9} {'cycles':>12} {'time':>10} "
            f"{'efficiency':>10}  bound"
        ]
        for step in self.steps:
            lines.append(
                f"{step.name:{width}} {step.kind:12} {step.macs / 1e9:9.3f} {step.cycles:12,} "
                f"{step.seconds * 1e3:7.2f} ms {step.efficiency:10.1%}  {step.bound}"
            )
        transfers = 1e3 * (self.launch_seconds + self.input_seconds + self.output_seconds)
        units = f"{self.units} compute unit{'s' if self.units > 1 else ''}"
        lines.append(
            f"a frame: {self.macs / 1e9:.3f} GMAC in {self.seconds * 1e3:.1f} ms, of which "
            f"launches and transfers {transfers:.1f} ms; {self.frames_per_second:.1f} frames/s "
            f"with {units}"
        )
        return "\n".join(lines)


def estimate_maps(board: Board, network: MapNetwork, units: int | None = None) -> FrameEstimate:
    """What a quantized network over feature maps takes on a board.

    Args:
        board: see :func:`~xfblas.image.boards.read_board`.
        network: its steps; of the elements of the board's Fcn engine for int8 or int16.
        units: compute units; as many as the board has by default.

    Raises:
        InvalidValueError: a step is none that the engine takes, or the board has not so many units.
    """
    most = board.number("compute_units")
    units = most if units is None else require_integer("units", units, 1, most)
    dtype = {1: "int8", 2: "short"}[network.dtype.itemsize]
    machine = board.machine(dtype, "fcn")
    sizes = c_machine(machine, 4 // ELEMENT_TYPES[dtype].bytes)
    network = in_phases(network)
    steps = tuple(_estimate(sizes, machine, network, step) for step in network.steps)
    stored, output = network.map(network.input), network.map(network.output.map)
    element = network.dtype.itemsize / PCIE_BYTES_PER_SECOND
    moved_in = stored.height * stored.width * stored.channels * element
    moved_out = output.height * output.width * network.output.channels * element
    launches = -(-2 * len(steps) // INSTRUCTIONS_PER_LAUNCH) * LAUNCH_SECONDS
    seconds = launches + moved_in + moved_out + sum(step.seconds for step in steps)
    rate = min(units / seconds, 1 / (moved_in + moved_out))
    macs = sum(step.macs for step in steps)
    return FrameEstimate(steps, units, macs, launches, moved_in, moved_out, seconds, rate)


def _estimate(sizes, machine, network, step):
    cycles = ffi.new("xfblasCycles_t *")
    try:
        check(lib.xfblasEstimateMap(sizes, *instruction_words(network, step), cycles))
    except InvalidValueError as error:
        raise InvalidValueError(f"step {step.name!r}: {error}") from None
    is_convolution = isinstance(step, ConvolutionStep)
    pixels = step.walk.output[0] * step.walk.output[1]
    macs = 0 if step.weights is None else pixels * step.weights.size
    parts = {
        "array" if is_convolution else "taps": cycles.compute,
        "reads": cycles.memory,
        "writes": cycles.drain,
    }
    return StepEstimate(
        step.name,
        "convolution" if is_convolution else step.kind,
        macs,
        int(cycles.total),
        cycles.total / (machine.clock_mhz * 1e6),
        macs / (cycles.total * machine.multipliers),
        max(parts, key=lambda name: parts[name]),
    )
