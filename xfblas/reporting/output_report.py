"""What is said of an output of the model."""

from dataclasses import dataclass, field

from xfblas.reporting.class_score import ClassScore
from xfblas.reporting.text import output_line


@dataclass(frozen=True)
class OutputReport:
    """An output of the quantized model beside the float one's.

    Attributes:
        name: of the output.
        rows: how many were looked at.
        decibels: signal to noise of the logits, which are the output before its activation.
        cosine: of the logits.
        largest_difference: of the output's values.
        kind: 'classes' or 'numbers'.
        agreement: share of rows with the same label; None for numbers.
        differing: how many rows have another label.
        accuracy_float, accuracy: shares of right labels; None without labels or for numbers.
        classes: names of the classes, in order.
        confusion: rows of the label given (without labels the float model's), columns of the label
            predicted by the quantized model.
        confusion_float: the same of the float model.
        confusion_of: 'labels' or 'float', what the rows of the confusion are.
        error_float, error: root mean square error against the targets, for numbers.
        calibration: predicted probability, accuracy and number of rows, for the float model and the
            quantized one: ``{"float": [(p, accuracy, rows), ...], "quantized": [...]}``.
        masks: for outputs that give a class for each pixel, a :class:`ClassScore` of each class and
            one with the means, named ``mean``.
    """

    name: str
    rows: int
    decibels: float | None
    cosine: float | None
    largest_difference: float
    kind: str
    agreement: float | None = None
    differing: int | None = None
    accuracy_float: float | None = None
    accuracy: float | None = None
    classes: list[str] = field(default_factory=list)
    confusion: list[list[int]] = field(default_factory=list)
    confusion_float: list[list[int]] = field(default_factory=list)
    confusion_of: str | None = None
    error_float: float | None = None
    error: float | None = None
    calibration: dict = field(default_factory=dict)
    masks: list[ClassScore] = field(default_factory=list)

    def __repr__(self):
        return f"<OutputReport {self.name}, {self.rows:,} rows: {output_line(self)}>"
