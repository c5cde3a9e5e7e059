"""What a caller may ask of quantization, and what stands for None."""

import math
from dataclasses import dataclass

from xfblas.quantization.option_checks import check_bits, check_options

METHODS = ("calibrated", "gemx")

#: Decibels of the logits that labels need, by bits of an element: docs/quantization.md says why.
GOALS = {16: 62.0, 8: 38.0}
#: Products beside the float layers' own up to which these goals are pursued.
GROWTH = 1.1
#: Room above the largest value of many rows, and the number of rows that tell half as much: the
#: fewer there are, the further beyond them others will reach. It is widened as far as a goal lets.
MARGINS = {16: 2.0, 8: 1.5}
FEW_ROWS = 40
LARGEST_MARGIN = 4.0
#: Inputs have so much more room than the rest: their rounding is seldom the loudest, and a value
#: beyond their range is heard in every layer.
INPUT_ROOM = {16: 1.5, 8: 1.25}


@dataclass(frozen=True)
class Options:
    """See :func:`~xfblas.quantization.quantize`, whose keywords these are."""

    bits: int = 16
    margin: float | None = None
    accumulator: int | None = None
    per_channel: bool = True
    bias_correction: bool = True
    leaky: str = "auto"
    goal: float | None = None
    growth: float | None = None
    power_of_two: bool = False
    legacy: bool = False

    def __post_init__(self):
        check_bits(self.bits)
        defaults = {"growth": GROWTH if self.goal is None else math.inf, "goal": GOALS[self.bits]}
        for name, value in defaults.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        check_options(self)
        for name in ("goal", "growth", "margin"):
            # numpy would compute with its own float32 as it stands.
            if getattr(self, name) is not None:
                object.__setattr__(self, name, float(getattr(self, name)))

    def margin_for(self, rows: int) -> float:
        """The margin that was asked for, or the least that suits so many calibration rows."""
        if self.margin is not None:
            return self.margin
        return min(MARGINS[self.bits] * (1 + FEW_ROWS / rows), LARGEST_MARGIN)

    @property
    def element_max(self) -> int:
        """The largest integer; the most negative is its negation, so that signs are symmetric."""
        return 2 ** (self.bits - 1) - 1
