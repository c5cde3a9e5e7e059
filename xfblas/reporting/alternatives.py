"""What other choices of bits and accumulator would give."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from xfblas.compiled.calibration_rows import calibration_inputs, step_inputs
from xfblas.compiled.compiled_model import CompiledModel
from xfblas.errors import UnsupportedModelError
from xfblas.quantization.maps.quantize_maps import quantize_maps
from xfblas.quantization.options import Options
from xfblas.quantization.quantize import quantize_and_check
from xfblas.reporting.measurement import Observation
from xfblas.rows.batches import Batch


@dataclass(frozen=True)
class Alternative:
    """Another way to quantize the same model with the same rows.

    Attributes:
        bits, accumulator: of an element and of the sums.
        decibels: signal to noise of the logits; None where they are all 0.
        agreement: share of rows with the float model's label; None for numbers.
        accuracy: share of right labels; None without labels.
        products: of the engine for one row.
        is_current: whether it is the one that the report is of.
    """

    bits: int
    accumulator: int
    decibels: float | None
    agreement: float | None
    accuracy: float | None
    products: int
    is_current: bool

    @property
    def name(self) -> str:
        """Such as ``int16, 48 bits``."""
        return f"int{self.bits}, {self.accumulator} bits"


#: Bits of an element and of the accumulator, from the finest on.
CHOICES = ((16, 48), (16, 32), (8, 32))
#: Options of compile that are none of quantize.
ELSEWHERE = (
    *("device", "xclbin", "target", "dtype", "architecture"),
    *("loss", "metrics", "loss_weights", "weighted_metrics", "method", "strict"),
    *("trusted", "trust", "softmax"),
)


def compare(
    compiled: CompiledModel,
    batches: Callable[[], Iterable[Batch]],
    calibration,
    layers,
    options: dict,
) -> tuple[Alternative, ...]:
    """Quantizes a model anew with every choice, and measures each on the same rows.

    Args:
        compiled: the model as it is.
        batches: gives the rows, as often as it is called.
        calibration: typical rows to derive scales from.
        layers: of the report of the model as it is.
        options: that the model was compiled with.
    """
    _, inputs = calibration_inputs(compiled.graph, calibration)
    kept = {name: value for name, value in options.items() if name not in ELSEWHERE}
    if options.get("method", "calibrated") != "calibrated":
        kept = {}
    accumulator = max((line.accumulator for line in layers if line.accumulator), default=48)
    is_calibrated = any(line.proved_bits is not None for line in layers)
    current = (8 * compiled.device.dtype.itemsize, accumulator) if is_calibrated else None
    found = []
    for bits, accumulator in CHOICES:
        networks = compiled.networks
        if (bits, accumulator) != current:
            networks = requantized(compiled.graph, inputs, bits, accumulator, kept)
        observation = Observation(compiled.graph, networks)
        for batch in batches():
            observation.add(batch)
        output = observation.outputs[0].report()
        found.append(
            Alternative(
                bits,
                accumulator,
                output.decibels,
                output.agreement,
                output.accuracy,
                products_of(networks),
                (bits, accumulator) == current,
            )
        )
    return tuple(found)


def requantized(graph, inputs, bits: int, accumulator: int, options: dict) -> dict:
    """The quantized layers of each engine step by name, those that cannot be made left out."""
    rows, networks = step_inputs(graph, inputs), {}
    chosen = {**options, "bits": bits, "accumulator": accumulator}
    for step in graph.map_steps:
        try:
            networks[step.name] = quantize_maps(step, rows[step.name], Options.of(chosen))
        except UnsupportedModelError:
            continue
    for step in graph.engine_steps:
        try:
            # What the rows do not tell was said when the model was compiled.
            networks[step.name], _ = quantize_and_check(step.network, rows[step.name], **chosen)
        except UnsupportedModelError:
            # As in xfblas.compile, the host computes it in float.
            continue
    return networks


def products_of(networks: dict) -> int:
    """Products of all layers for one row."""
    return sum(found.products for found in networks.values())
