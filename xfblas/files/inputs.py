"""Refuses to write a file onto one that is read."""

import os

from xfblas.errors import InvalidValueError
from xfblas.files.output_path import is_regular

STANDARD_OUTPUT = "/dev/stdout"


def refuse_inputs(option: str, path, inputs: dict) -> None:
    """Raises where an output is one of the inputs, before anything is read.

    Files are compared by what they are, so that links and other spellings are found. What is no
    regular file, a terminal say, may be both.

    Args:
        option: what the output was given with.
        path: of the output; None is no file, ``-`` the standard output.
        inputs: paths, or None, by what they were given as.

    Raises:
        InvalidValueError: the output is this input.
    """
    if path is None:
        return
    path = STANDARD_OUTPUT if str(path) == "-" else path
    for name, given in inputs.items():
        if given is not None and _is_same(path, given):
            raise InvalidValueError(
                f"{option} is {os.fsdecode(path)}, which is the same file as {name}, "
                f"{os.fsdecode(given)}: name another file to write"
            )


def _is_same(path, given) -> bool:
    try:
        states = os.stat(path), os.stat(given)
    except (OSError, ValueError):
        # One of them is not there, or the text is no path: nothing to lose. Two outputs may still
        # meet in one new file.
        return _real(path) == _real(given) is not None
    return is_regular(states[0]) and os.path.samestat(*states)


def _real(path) -> str | None:
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return None
