"""What other choices of bits and accumulator would give."""

from dataclasses import dataclass

from xfblas.errors import UnsupportedModelError
from xfblas.quantization import quantize
from xfblas.runtime.compiler import step_inputs

#: Bits of an element and of the accumulator, from the finest on.
CHOICES = ((16, 48), (16, 32), (8, 32))


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


def requantized(graph, inputs, bits: int, accumulator: int, options: dict) -> dict:
    """The quantized layers of each engine step by name, those that cannot be made left out."""
    rows, networks = step_inputs(graph, inputs), {}
    chosen = {**options, "bits": bits, "accumulator": accumulator}
    for step in graph.engine_steps:
        try:
            networks[step.name] = quantize(step.network, rows[step.name], **chosen)
        except UnsupportedModelError:
            # As in xfblas.compile, the host computes it in float.
            continue
    return networks


def products_of(networks: dict) -> int:
    """Products of all layers for one row."""
    return sum(layer.weights.size for found in networks.values() for layer in found.layers)
