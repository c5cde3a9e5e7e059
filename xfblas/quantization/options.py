"""What a caller may ask of quantization: names, defaults, meanings and checks, in one place."""

import inspect
import math
import numbers
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

import numpy as np

from xfblas.checks import nearest_first, require_switch, shown
from xfblas.errors import InvalidValueError

METHODS = ("calibrated", "gemx")
LEAKY = ("auto", "prelu", "split")
#: Options that are numbers by names of layers.
BY_LAYERS = ("weight_bits", "ranges")
SWITCHES = ("per_channel", "bias_correction", "power_of_two", "legacy")
#: What earlier releases had, and what became of it.
REMOVED = {
    **dict.fromkeys(
        ("input_base", "input_copies", "output_windows"),
        "is chosen by the goal now: a higher goal adds what it takes, goal=0 nothing",
    ),
    "relu": "was removed: which ReLU layers saturate is chosen by the goal now",
    **dict.fromkeys(
        ("hidden_windows", "constants", "rounding", "equalize"),
        "was removed, since it gained little: a higher goal adds inputs and columns",
    ),
    **dict.fromkeys(
        ("activations", "weights", "percentile"),
        "was removed: no method that clips came near to the range of all rows; leave true outliers "
        "out of the calibration rows",
    ),
}

#: Decibels of the logits that labels need, by bits of an element: docs/quantization.md says why.
GOALS = {16: 62.0, 8: 38.0}
#: Products beside the float layers' own up to which these goals are pursued.
GROWTH = 1.1
#: Room above the largest value of many rows, and the number of rows that tell half as much: the
#: fewer there are, the further beyond them others will reach. It is widened as far as a goal lets.
MARGINS = {16: 2.0, 8: 1.5}
FEW_ROWS = 40
LARGEST_MARGIN = 4.0
#: Beyond this factor less than a bit of an element would be left for the rows.
MARGIN_MAX = 2**15
#: Inputs have so much more room than the rest: their rounding is seldom the loudest, and a value
#: beyond their range is heard in every layer.
INPUT_ROOM = {16: 1.5, 8: 1.25}

Taker = TypeVar("Taker", bound=Callable[..., Any])


def _option(default, meaning: str):
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Options:
    """See :func:`~xfblas.quantization.quantize`, whose keywords these are.

    Raises:
        InvalidValueError: an option has no such value; names the first one.
    """

    method: str = _option(
        "calibrated",
        "'calibrated', or 'gemx' for the public library's own scheme, which takes bits alone of "
        "the options",
    )
    bits: int = _option(16, "16 or 8, of the image's elements")
    margin: float | None = _option(
        None,
        "room above the largest values of the rows, as a factor of at least 1; by default as wide "
        "as the goal lets, and at least more the fewer rows there are",
    )
    accumulator: int | None = _option(
        None,
        "32 for sums that are proved to fit 32 bits whatever that costs, 48 for the finest; by "
        "default each layer's go the narrowest way that costs little. int8 always fits 32",
    )
    per_channel: bool = _option(
        True, "whether each feature has a scale of its own, folded into the weights"
    )
    bias_correction: bool = _option(
        True, "whether the mean error of each sum on the rows goes into its bias"
    )
    leaky: str = _option(
        "auto",
        "slopes of leaky layers: 'split' for exact ones at twice the columns, 'prelu' for the "
        "engine's ten bits, 'auto' to split where the goal needs it",
    )
    goal: float | None = _option(
        None,
        "decibels between the logits of the rows and their error: what is above goes into range, "
        "for what is below columns and inputs are added. By default 62 in 16 bits, which labels "
        "need, and 38 in 8, which is as fine as bytes are; of 16 bits that is 83. 0 adds nothing",
    )
    growth: float | None = _option(
        None,
        "products beside the float layers' own up to which that adds; by default 1.1, and as many "
        "as it takes where a goal is given",
    )
    power_of_two: bool = _option(False, "whether all scales are powers of two and postScale is 1")
    weight_bits: Mapping[str, int] | None = _option(
        None, "bits of the integer weights of layers by name, 2 to those of an element"
    )
    ranges: Mapping[str, float] | None = _option(
        None,
        "sizes that the results of layers by name shall hold, before an activation that is a "
        "slope; by default the largest of the rows, with the margin",
    )
    legacy: bool = _option(False, "use the public engine's arithmetic, which floors and wraps")

    @classmethod
    def of(cls, given: dict[str, Any]) -> "Options":
        """Options by name, after a look whether there are such.

        Raises:
            InvalidValueError: there is none of a name, or none any more.
        """
        cls.require_names(given)
        return cls(**given)

    @classmethod
    def require_names(cls, given: Iterable[str], others: Iterable[str] = ()) -> None:
        """Raises an InvalidValueError that names what is no option, or none any more.

        Args:
            given: names.
            others: what else the caller could have meant.
        """
        for name in given:
            if name in REMOVED:
                raise InvalidValueError(f"{name} {REMOVED[name]}")
        known = [option.name for option in fields(cls)]
        unknown = sorted(set(given) - set(known))
        if unknown:
            near = nearest_first(unknown[0], list(dict.fromkeys([*known, *others])))[0]
            raise InvalidValueError(
                f"{', '.join(unknown)} is not an option of quantize, expected {', '.join(known)}; "
                f"the nearest name is {near!r}"
            )

    def __post_init__(self):
        require_choice("method", self.method, METHODS)
        if not _is_integer(self.bits) or self.bits not in (8, 16):
            raise InvalidValueError(f"bits is {shown(self.bits)}, expected 8 or 16")
        defaults = {"growth": GROWTH if self.goal is None else math.inf, "goal": GOALS[self.bits]}
        for name, value in defaults.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        self._check_numbers()
        require_choice("leaky", self.leaky, LEAKY)
        for name in SWITCHES:
            require_switch(name, getattr(self, name))
        for name in ("goal", "growth", "margin"):
            # numpy would compute with its own float32 as it stands.
            if getattr(self, name) is not None:
                object.__setattr__(self, name, float(getattr(self, name)))

    def _check_numbers(self) -> None:
        accumulator = self.accumulator
        if accumulator is not None and not (_is_integer(accumulator) and accumulator in (32, 48)):
            raise InvalidValueError(f"accumulator is {shown(accumulator)}, expected 32, 48 or None")
        margin = self.margin
        if margin is not None and not (is_number(margin) and 1 <= margin <= MARGIN_MAX):
            raise InvalidValueError(
                f"margin is {shown(margin)}, expected a number from 1 to {MARGIN_MAX:,}"
            )
        if not is_number(self.goal) or math.isnan(self.goal):
            raise InvalidValueError(f"goal is {shown(self.goal)}, expected decibels")
        for name, what in (("weight_bits", "bits"), ("ranges", "sizes")):
            given = getattr(self, name)
            if given is not None and not isinstance(given, Mapping):
                raise InvalidValueError(
                    f"{name} is {shown(given)}, expected {what} by names of layers"
                )
        for name, size in (self.ranges or {}).items():
            if not (is_number(size) and 0 < float(size) < math.inf):
                raise InvalidValueError(
                    f"ranges of {shown(name)} is {shown(size)}, expected a number above 0"
                )
        for name, bits in (self.weight_bits or {}).items():
            if not (_is_integer(bits) and 2 <= bits <= self.bits):
                raise InvalidValueError(
                    f"weight_bits of {shown(name)} is {shown(bits)}, expected a whole number "
                    f"from 2 to {self.bits}"
                )
        if not is_number(self.growth) or not self.growth >= 1:
            raise InvalidValueError(f"growth is {shown(self.growth)}, expected a number from 1 on")

    def margin_for(self, rows: int) -> float:
        """The margin that was asked for, or the least that suits so many calibration rows."""
        if self.margin is not None:
            return self.margin
        return min(MARGINS[self.bits] * (1 + FEW_ROWS / rows), LARGEST_MARGIN)

    def weight_max(self, layer: str) -> int:
        """The largest integer weight of a layer."""
        return 2 ** ((self.weight_bits or {}).get(layer, self.bits) - 1) - 1

    def ranges_of(self, layer: str, found: np.ndarray, is_fixed: bool) -> np.ndarray:
        """The sizes (n,) that a layer's results shall hold: those found, or what was asked for.

        Raises:
            InvalidValueError: another size was asked for, but the layer's is fixed by its function.
        """
        size = (self.ranges or {}).get(layer)
        if size is None:
            return found
        if is_fixed:
            raise InvalidValueError(
                f"ranges of {layer!r} is {size}, but its results are those of a table or of relu6, "
                "which have ranges of their own"
            )
        return np.full(len(found), float(size))

    @property
    def element_max(self) -> int:
        """The largest integer; the most negative is its negation, so that signs are symmetric."""
        return 2 ** (self.bits - 1) - 1


def takes(source: Callable[..., Any]) -> Callable[[Taker], Taker]:
    """Has a function or class that passes ``**`` on show what it may hold, in help and in editors.

    Args:
        source: what takes it: :class:`Options`, whose meanings go into the docstring below the line
            of the ``**`` argument, or a function.
    """

    def shown(taker: Taker) -> Taker:
        function = taker.__init__ if isinstance(taker, type) else taker  # type: ignore[misc]
        own = inspect.signature(function)
        *named, rest = own.parameters.values()
        more = [
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for parameter in inspect.signature(source).parameters.values()
            if parameter.name not in own.parameters
            and parameter.kind is not inspect.Parameter.POSITIONAL_ONLY
            and (source is Options or parameter.kind is inspect.Parameter.KEYWORD_ONLY)
        ]
        function.__signature__ = own.replace(parameters=[*named, *more])  # type: ignore[attr-defined]
        if source is Options and taker.__doc__:
            taker.__doc__ = _explained(taker.__doc__, rest.name, {each.name for each in more})
        return taker

    return shown


def _explained(doc: str, rest: str, names: set[str]) -> str:
    """A docstring with the meaning of each option below the line of the ``**`` argument."""
    line = re.search(rf"^( *)\*\*{rest}:.*\n", doc, re.MULTILINE)
    if line is None:
        return doc
    meanings = "".join(
        textwrap.fill(
            f"{option.name}: {option.metadata['meaning']}.",
            96,
            initial_indent=f"{line[1]}    ",
            subsequent_indent=f"{line[1]}        ",
        )
        + "\n"
        for option in fields(Options)
        if option.name in names
    )
    return doc[: line.end()] + meanings + doc[line.end() :]


def require_choice(name: str, value, choices: Iterable[str]) -> None:
    """Raises an InvalidValueError unless a value is one of some names."""
    if not isinstance(value, str) or value not in choices:
        raise InvalidValueError(f"{name} is {shown(value)}, expected one of {', '.join(choices)}")


def is_number(value) -> bool:
    """Whether it is a real number of Python or numpy that a float can hold, and not a truth."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        return False
    try:
        float(value)
    except (OverflowError, ValueError):
        return False
    return True


def _is_integer(value) -> bool:
    return is_number(value) and isinstance(value, numbers.Integral)
