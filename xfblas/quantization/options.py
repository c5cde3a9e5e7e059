"""What a caller may ask of quantization, checked before anything is computed."""

import math
from dataclasses import dataclass, replace

from xfblas.errors import InvalidValueError
from xfblas.quantization.ranges import ACTIVATION_METHODS, WEIGHT_METHODS

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
#: Inputs with two digits have bits to spare for values far beyond those of the calibration.
INPUT_ROOM = {16: 2.0, 8: 1.0}


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
        if self.bits not in (8, 16) or isinstance(self.bits, bool):
            raise InvalidValueError(f"bits is {self.bits!r}, expected 8 or 16")
        self._fill_in()
        self._check_numbers()
        for name, allowed in (
            ("activations", ACTIVATION_METHODS),
            ("weights", WEIGHT_METHODS),
            ("rounding", ("nearest", "compensated")),
            ("leaky", ("auto", "prelu", "split")),
            ("relu", ("auto", "prelu", "saturation")),
        ):
            value = getattr(self, name)
            if value not in allowed:
                listed = ", ".join(repr(choice) for choice in allowed)
                raise InvalidValueError(f"{name} is {value!r}, expected one of {listed}")
        for name in ("per_channel", "bias_correction", "power_of_two", "legacy"):
            if not isinstance(getattr(self, name), bool):
                raise InvalidValueError(
                    f"{name} is {getattr(self, name)!r}, expected True or False"
                )
        if not isinstance(self.input_copies, bool | None):
            raise InvalidValueError(
                f"input_copies is {self.input_copies!r}, expected True, False or None"
            )
        if self.legacy and self.activations != "minmax":
            raise InvalidValueError(
                f"activations is {self.activations!r} with legacy arithmetic, expected 'minmax': "
                "an engine without the saturate flag wraps, so every value beyond the limit would "
                "change its sign instead of being clipped"
            )
        if self.legacy and self.output_windows != 1:
            raise InvalidValueError(
                f"output_windows is {self.output_windows} with legacy arithmetic, expected 1: an "
                "engine without the saturate flag wraps"
            )
        if self.legacy and self.relu != "prelu":
            raise InvalidValueError(
                f"relu is {self.relu!r} with legacy arithmetic, expected 'prelu': an engine "
                "without the saturate flag wraps"
            )

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
        if self.legacy:
            # The public engine wraps: what needs saturation is out.
            defaults |= {"relu": "prelu", "leaky": "prelu", "constants": False}
            defaults |= {"output_windows": 1, "hidden_windows": 1}
        for name, value in defaults.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)

    def _check_numbers(self) -> None:
        if self.accumulator not in (32, 48):
            raise InvalidValueError(f"accumulator is {self.accumulator!r}, expected 32 or 48")
        given = self.margin is not None
        if given and (not _is_number(self.margin) or not 1 <= self.margin < math.inf):
            raise InvalidValueError(f"margin is {self.margin!r}, expected a number from 1 on")
        if not _is_number(self.percentile) or not 0 < self.percentile <= 100:
            raise InvalidValueError(
                f"percentile is {self.percentile!r}, expected a number above 0 and up to 100"
            )
        if not _is_number(self.goal) or math.isnan(self.goal):
            raise InvalidValueError(f"goal is {self.goal!r}, expected decibels")
        base, windows = self.input_base, self.output_windows
        if base is not None:
            if not isinstance(base, int) or base % 2 or not (base == 0 or 2 <= base <= 256):
                raise InvalidValueError(
                    f"input_base is {base!r}, expected 0 or an even number up to 256"
                )
            if base // 2 > self.element_max:
                raise InvalidValueError(f"input_base is {base!r}, expected up to 254 for 8 bits")
        is_count = isinstance(windows, int) and not isinstance(windows, bool)
        if windows is not None and not (is_count and 1 <= windows <= 16):
            raise InvalidValueError(f"output_windows is {windows!r}, expected 1 to 16")
        share = self.equalize
        is_share = _is_number(share) and 0 <= share <= 1
        if not is_share and share not in (True, False, "noise"):
            raise InvalidValueError(
                f"equalize is {share!r}, expected 'noise', True, False or a number from 0 to 1"
            )

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
        return INPUT_ROOM[self.bits] if self.input_base else 1.0


def _is_number(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
