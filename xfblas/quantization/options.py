"""What a caller may ask of quantization, and what stands for None."""

from dataclasses import dataclass, replace

from xfblas.quantization.option_checks import check_bits, check_options

METHODS = ("calibrated", "gemx")


#: What None stands for, by bits of an element: chosen by measurement, see docs/quantization.md.
DEFAULTS = {
    16: {
        "equalize": "noise",
        "rounding": "compensated",
        "leaky": "auto",
        "relu": "auto",
    },
    8: {
        "equalize": "noise",
        "rounding": "compensated",
        "leaky": "split",
        "relu": "saturation",
    },
}
#: Decibels of the logits on calibration rows up to which columns and inputs are added.
GOALS = {16: 83.0, 8: 38.0}
#: Of the low digits that inputs get where they need one.
BASES = {16: 64, 8: 16}
#: Room above the largest value of many rows, and the number of rows that tell half as much: the
#: fewer there are, the further beyond them others will reach.
MARGINS = {16: 2.0, 8: 1.5}
FEW_ROWS = 40
LARGEST_MARGIN = 4.0
#: Inputs have so much more room than the rest: their rounding is seldom the loudest, and a value
#: beyond their range is heard in every layer. In 16 bits those with two digits have bits to spare.
INPUT_ROOM = {16: 1.5, 8: 1.25}
DIGITS_ROOM = {16: 2.0, 8: 1.25}


@dataclass(frozen=True)
class Options:
    """See :func:`~xfblas.quantization.quantize`, whose keywords these are."""

    bits: int = 16
    activations: str = "minmax"
    weights: str = "minmax"
    margin: float | None = None
    percentile: float = 99.99
    accumulator: int = 48
    per_channel: bool = True
    equalize: str | float | None = None
    bias_correction: bool = True
    rounding: str | None = None
    leaky: str | None = None
    relu: str | None = None
    input_base: int | None = None
    input_copies: bool | None = None
    output_windows: int | None = None
    hidden_windows: int | None = None
    constants: bool | None = None
    goal: float | None = None
    power_of_two: bool = False
    legacy: bool = False

    def __post_init__(self):
        check_bits(self.bits)
        self._fill_in()
        check_options(self)

    def _fill_in(self) -> None:
        """Puts the defaults where None is."""
        defaults = dict(DEFAULTS[self.bits])
        if self.activations != "minmax":
            # Such a limit is meant to clip.
            defaults["margin"] = 1.0
        defaults["goal"] = GOALS[self.bits]
        if self.accumulator == 32 and self.bits == 16:
            # Sums of 32 bits are wanted for speed, which twice the inputs would take back.
            defaults |= {"input_base": 0, "input_copies": False}
            defaults |= {"hidden_windows": 1, "constants": False}
        if self.legacy:
            # The public engine wraps: what needs saturation is out.
            defaults |= {"relu": "prelu", "leaky": "prelu", "constants": False}
            defaults |= {"output_windows": 1, "hidden_windows": 1}
        for name, value in defaults.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)

    def plain(self) -> "Options":
        """The same, with neither columns nor inputs added where that was left open."""
        return replace(
            self,
            input_base=self.input_base or 0,
            input_copies=bool(self.input_copies),
            output_windows=self.output_windows or 1,
            hidden_windows=self.hidden_windows or 1,
            constants=bool(self.constants),
        )

    def margin_for(self, rows: int) -> float:
        """The margin that was asked for, or that suits so many calibration rows."""
        if self.margin is not None:
            return self.margin
        return min(MARGINS[self.bits] * (1 + FEW_ROWS / rows), LARGEST_MARGIN)

    @property
    def element_max(self) -> int:
        """The largest integer; the most negative is its negation, so that signs are symmetric."""
        return 2 ** (self.bits - 1) - 1

    @property
    def accumulator_bits(self) -> int:
        """Bits that the sums must fit: an int8 engine's accumulator has 32 in any case."""
        return 32 if self.bits == 8 else self.accumulator

    @property
    def is_narrow(self) -> bool:
        """Whether sums must fit fewer bits than the elements' engine has."""
        return self.bits == 16 and self.accumulator == 32

    @property
    def input_room(self) -> float:
        """The factor by which inputs have more margin than the rest."""
        return (DIGITS_ROOM if self.input_base else INPUT_ROOM)[self.bits]
