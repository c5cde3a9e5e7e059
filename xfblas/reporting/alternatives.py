"""Another choice of bits and accumulator for the same model."""

from dataclasses import dataclass


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
