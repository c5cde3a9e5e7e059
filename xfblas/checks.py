"""Checks on arguments that are no arrays, each with a message that says what was given.

Needs nothing but Python, as the images do.
"""

import difflib
import functools
import inspect
import numbers
import os
import reprlib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeVar

from xfblas.errors import InvalidValueError

Function = TypeVar("Function", bound=Callable[..., Any])

_short = reprlib.Repr()
_short.maxlist = _short.maxtuple = _short.maxdict = _short.maxset = 20
_short.maxstring = _short.maxother = _short.maxlong = 200


def shown(value: object) -> str:
    """A value as messages show it: short, and whatever it is."""
    try:
        return " ".join(_short.repr(value).split("\n"))
    # Numbers of thousands of digits, lists within themselves, and objects of all kinds.
    except Exception:
        return f"of type {type(value).__name__}, which cannot be printed"


def require_instance(name: str, value: Any, *classes: type, expected: str | None = None) -> Any:
    """``value`` itself if it is of one of the classes, else an InvalidValueError."""
    if not isinstance(value, classes):
        # Of classes joined by | there is no one name.
        names = (getattr(each, "__name__", str(each)) for each in classes)
        wanted = expected or " or ".join(f"a {each}" for each in names)
        raise InvalidValueError(f"{name} is {shown(value)}, expected {wanted}")
    return value


def require_integer(name: str, value: object, lowest: int, highest: int) -> int:
    """``value`` as an int within two ends, or an InvalidValueError that names it."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise InvalidValueError(f"{name} is {shown(value)}, expected a whole number")
    if not lowest <= value <= highest:
        raise InvalidValueError(f"{name} is {shown(value)}, expected {lowest} to {highest}")
    return int(value)


def require_switch(name: str, value: object) -> bool:
    """``value`` itself, or an InvalidValueError unless it is a truth."""
    return require_instance(name, value, bool, expected="True or False")


def require_truth(name: str, value: Any) -> bool:
    """A truth of Python or numpy, 0 or 1 as a bool, or an InvalidValueError that names it."""
    is_numpy = type(value).__name__ in ("bool", "bool_")
    if not is_numpy and not (isinstance(value, numbers.Integral) and value in (0, 1)):
        raise InvalidValueError(f"{name} is {shown(value)}, expected True or False")
    return bool(value)


def require_text(name: str, value: Any, expected: str) -> str:
    """``value`` itself, or an InvalidValueError unless it is a text that C can take."""
    require_instance(name, value, str, expected=expected)
    if "\0" in value or not _is_unicode(value):
        raise InvalidValueError(f"{name} is {shown(value)}, expected {expected}")
    return value


def require_sequence(name: str, value: Any, expected: str) -> Any:
    """``value`` itself, or an InvalidValueError unless it is a list or tuple."""
    return require_instance(name, value, list, tuple, expected=expected)


def require_entries(name: str, value: Any, *classes: type) -> tuple[Any, ...]:
    """A list or tuple as a tuple, or an InvalidValueError unless each entry is of the classes."""
    wanted = " or ".join(each.__name__ for each in classes)
    require_sequence(name, value, f"a list of {wanted}")
    for index, entry in enumerate(value):
        require_instance(f"{name}[{index}]", entry, *classes)
    return tuple(value)


def require_path(name: str, value: Any, expected: str = "a path", error: Any = None) -> str:
    """A path as text, or an InvalidValueError that names it; whether there is a file is not seen.

    Args:
        name: of the argument.
        value: str, bytes or os.PathLike.
        expected: what it should be.
        error: the class to raise instead.
    """
    kind = error or InvalidValueError
    try:
        path = os.fsdecode(value)
    except Exception:
        raise kind(f"{name} is {shown(value)}, expected {expected}") from None
    if not path or "\0" in path or not _is_encodable(path):
        raise kind(f"{name} is {shown(path)}, expected {expected}")
    return path


def require_file(name: str, value: Any, expected: str = "a path", error: Any = None) -> Path:
    """The path of a file or folder that is there, or an error as of :func:`require_path`."""
    path = require_path(name, value, expected, error)
    try:
        is_there = os.path.exists(path)
    except (OSError, ValueError):  # longer than paths can be
        is_there = False
    if not is_there:
        kind = error or InvalidValueError
        raise kind(f"{name} is {shown(path)}, and there is no such file")
    return Path(path)


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _is_encodable(path: str) -> bool:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return True


def require_names(argument: str, given: Any, known: Collection[str]) -> None:
    """Raises an InvalidValueError that names the first of ``given`` which is not known.

    Args:
        argument: what the caller passed, as a message calls it.
        given: a list, tuple, set or dict of names.
        known: all that there are; the nearest one is suggested.
    """
    classes = (list, tuple, set, frozenset, dict)
    require_instance(argument, given, *classes, expected="a list of names")
    known = [each for each in known if isinstance(each, str)]
    for name in given:
        if not isinstance(name, str) or name not in known:
            hint = "".join(f"; the nearest is {near!r}" for near in nearest_first(name, known)[:1])
            raise InvalidValueError(
                f"{argument} has no {shown(name)}, expected of {', '.join(known)}{hint}"
            )


def nearest_first(name: object, known: Collection[str]) -> list[str]:
    """All known names, those first that begin like a wrong one or are spelled most like it."""
    given = (name if isinstance(name, str) else shown(name))[:200].lower()

    def nearness(each: str) -> tuple[bool, float]:
        text = each.lower()
        return text.startswith(given or " "), difflib.SequenceMatcher(None, text, given).ratio()

    return sorted(known, key=nearness, reverse=True)


def names_keywords(*more: str) -> Callable[[Function], Function]:
    """Has a function name the nearest of its arguments where a keyword is none of them.

    Args:
        more: what its ``**`` argument takes.

    Returns:
        A decorator, by which the function raises an InvalidValueError in place of a TypeError.
    """

    def decorated(function: Function) -> Function:
        parameters = inspect.signature(function).parameters.values()
        own = [each.name for each in parameters if each.kind is not each.VAR_KEYWORD]
        known = list(dict.fromkeys([name for name in own if name != "self"] + list(more)))

        @functools.wraps(function)
        def checked(*arguments: Any, **named: Any) -> Any:
            require_names(function.__name__, named, known)
            return function(*arguments, **named)

        return checked  # type: ignore[return-value]

    return decorated
