"""What is said of a softmax that the engine computes by tables."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class SoftmaxChoice:
    """One implementation on the data, against softmax in float of the same logits.

    Attributes:
        implementation: ``stable``, ``latency``, ``legacy`` or ``argmax``.
        is_current: whether it is the model's.
        error: the largest difference of a probability.
        mean_error: the mean of the differences' sizes.
        flipped: rows with another label.
        formats: of its tables.
        table_bits, blocks: of its tables, and the BRAMs of 18 Kbit that hold them.
        multipliers: DSPs of 27 x 18 bits.
        row_cycles: cycles from one row to the next.
    """

    implementation: str
    is_current: bool
    error: float
    mean_error: float
    flipped: int
    formats: str
    table_bits: int
    blocks: int
    multipliers: int
    row_cycles: int


@dataclass(frozen=True)
class SoftmaxReport:
    """A softmax by tables, beside the other implementations with the formats chosen for them.

    Attributes:
        name: of the softmax.
        rows: how many were looked at.
        choices: the implementations; the model's own has the settings that it was compiled with.
        areas: area under the ROC curve of each class, of softmax in float and by the model's
            tables, ``{"float": [...], "tables": [...]}``; empty without labels, and NaN for a class
            that no label, or every one, names.
    """

    name: str
    rows: int
    choices: tuple[SoftmaxChoice, ...]
    areas: dict[str, list[float]] = field(default_factory=dict)

    def __repr__(self) -> str:
        (own,) = [choice for choice in self.choices if choice.is_current]
        return (
            f"<SoftmaxReport {self.name}: {own.implementation}, at most {own.error:.2g} off, "
            f"{own.flipped} of {self.rows:,} labels flipped>"
        )
