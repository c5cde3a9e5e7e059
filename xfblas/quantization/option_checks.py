"""Checks of the options of quantization, before anything is computed."""

import dataclasses
import math
import numbers

from xfblas.errors import InvalidValueError

LEAKY = ("auto", "prelu", "split")
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


def check_names(given, options) -> None:
    """Raises an InvalidValueError that names what is no field of ``options``, or none any more."""
    for name in given:
        if name in REMOVED:
            raise InvalidValueError(f"{name} {REMOVED[name]}")
    known = [field.name for field in dataclasses.fields(options)]
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InvalidValueError(
            f"{', '.join(unknown)} is not an option of quantize, expected {', '.join(known)}"
        )


def check_bits(bits) -> None:
    """Raises an InvalidValueError unless an element may have so many bits."""
    if not _is_integer(bits) or bits not in (8, 16):
        raise InvalidValueError(f"bits is {bits!r}, expected 8 or 16")


def check_options(options) -> None:
    """Raises an InvalidValueError that names the first of the options that cannot be used."""
    _check_numbers(options)
    if options.leaky not in LEAKY:
        raise InvalidValueError(f"leaky is {options.leaky!r}, expected one of {', '.join(LEAKY)}")
    for name in SWITCHES:
        require_switch(name, getattr(options, name))


def _check_numbers(options) -> None:
    accumulator = options.accumulator
    if accumulator is not None and not (_is_integer(accumulator) and accumulator in (32, 48)):
        raise InvalidValueError(f"accumulator is {accumulator!r}, expected 32, 48 or None")
    margin = options.margin
    if margin is not None and not (is_number(margin) and 1 <= margin < math.inf):
        raise InvalidValueError(f"margin is {margin!r}, expected a number from 1 on")
    if not is_number(options.goal) or math.isnan(options.goal):
        raise InvalidValueError(f"goal is {options.goal!r}, expected decibels")
    if not is_number(options.growth) or not options.growth >= 1:
        raise InvalidValueError(f"growth is {options.growth!r}, expected a number from 1 on")


def require_switch(name: str, value) -> None:
    """Raises an InvalidValueError unless a value is a truth."""
    if not isinstance(value, bool):
        raise InvalidValueError(f"{name} is {value!r}, expected True or False")


def is_number(value) -> bool:
    """Whether it is a real number of Python or numpy, and not a truth."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _is_integer(value) -> bool:
    return is_number(value) and isinstance(value, numbers.Integral)
