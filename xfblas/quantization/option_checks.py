"""Checks of the options of quantization, before anything is computed."""

import math

from xfblas.errors import InvalidValueError
from xfblas.quantization.ranges import ACTIVATION_METHODS, WEIGHT_METHODS

WORDS = {
    "activations": ACTIVATION_METHODS,
    "weights": WEIGHT_METHODS,
    "rounding": ("nearest", "compensated"),
    "leaky": ("auto", "prelu", "split"),
    "relu": ("auto", "prelu", "saturation"),
}
SWITCHES = ("per_channel", "bias_correction", "power_of_two", "legacy")
#: None leaves these to the search.
OPEN_SWITCHES = ("input_copies", "constants")
OPEN_COUNTS = ("output_windows", "hidden_windows")
MOST_WINDOWS = 16


def check_bits(bits) -> None:
    """Raises an InvalidValueError unless an element may have so many bits."""
    if bits not in (8, 16) or isinstance(bits, bool):
        raise InvalidValueError(f"bits is {bits!r}, expected 8 or 16")


def check_options(options) -> None:
    """Raises an InvalidValueError that names the first of the options that cannot be used."""
    _check_numbers(options)
    _check_base(options)
    for name, allowed in WORDS.items():
        value = getattr(options, name)
        if value not in allowed:
            listed = ", ".join(repr(choice) for choice in allowed)
            raise InvalidValueError(f"{name} is {value!r}, expected one of {listed}")
    for name in SWITCHES:
        require_switch(name, getattr(options, name))
    for name in OPEN_SWITCHES:
        if not isinstance(getattr(options, name), bool | None):
            raise InvalidValueError(
                f"{name} is {getattr(options, name)!r}, expected True, False or None"
            )
    for name in OPEN_COUNTS:
        value = getattr(options, name)
        is_count = isinstance(value, int) and not isinstance(value, bool)
        if value is not None and not (is_count and 1 <= value <= MOST_WINDOWS):
            raise InvalidValueError(f"{name} is {value!r}, expected 1 to {MOST_WINDOWS}")
    _check_together(options)


def _check_numbers(options) -> None:
    if options.accumulator not in (32, 48):
        raise InvalidValueError(f"accumulator is {options.accumulator!r}, expected 32 or 48")
    margin = options.margin
    if margin is not None and not (is_number(margin) and 1 <= margin < math.inf):
        raise InvalidValueError(f"margin is {margin!r}, expected a number from 1 on")
    if not is_number(options.percentile) or not 0 < options.percentile <= 100:
        raise InvalidValueError(
            f"percentile is {options.percentile!r}, expected a number above 0 and up to 100"
        )
    if not is_number(options.goal) or math.isnan(options.goal):
        raise InvalidValueError(f"goal is {options.goal!r}, expected decibels")
    share = options.equalize
    is_share = is_number(share) and 0 <= share <= 1
    if not is_share and share not in (True, False, "noise"):
        raise InvalidValueError(
            f"equalize is {share!r}, expected 'noise', True, False or a number from 0 to 1"
        )


def _check_base(options) -> None:
    base = options.input_base
    if base is None:
        return
    if not isinstance(base, int) or base % 2 or not (base == 0 or 2 <= base <= 256):
        raise InvalidValueError(f"input_base is {base!r}, expected 0 or an even number up to 256")
    if base // 2 > options.element_max:
        raise InvalidValueError(f"input_base is {base!r}, expected up to 254 for 8 bits")


def _check_together(options) -> None:
    if (options.hidden_windows or 1) > 1 and options.relu == "prelu":
        raise InvalidValueError(
            f"hidden_windows is {options.hidden_windows} with relu {options.relu!r}, expected 1: "
            "windows of layers between the first and the last need a ReLU by saturation"
        )
    if not options.legacy:
        return
    if options.activations != "minmax":
        raise InvalidValueError(
            f"activations is {options.activations!r} with legacy arithmetic, expected 'minmax': "
            "an engine without the saturate flag wraps, so every value beyond the limit would "
            "change its sign instead of being clipped"
        )
    for name, expected in (
        ("output_windows", 1),
        ("hidden_windows", 1),
        ("relu", "prelu"),
        ("constants", False),
    ):
        if getattr(options, name) != expected:
            raise InvalidValueError(
                f"{name} is {getattr(options, name)!r} with legacy arithmetic, expected "
                f"{expected!r}: an engine without the saturate flag wraps"
            )


def require_switch(name: str, value) -> None:
    """Raises an InvalidValueError unless a value is a truth."""
    if not isinstance(value, bool):
        raise InvalidValueError(f"{name} is {value!r}, expected True or False")


def is_number(value) -> bool:
    """Whether it is an int or a float, and not a truth."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)
