"""What a caller should know though it is no error: a warning in Python, a line in commands."""

import contextlib
import os
import sys
import warnings


def notify(text: str, category: type[Warning] = UserWarning) -> None:
    """Warns at the line outside of this package that led here."""
    frame, level = sys._getframe(1), 2
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "xfblas":
        frame, level = frame.f_back, level + 1
    warnings.warn(text, category, stacklevel=level)


def in_a_line(text: str) -> str:
    """A message of several lines as one: a line that ends with a colon is followed by a list."""
    return "; ".join(line.strip() for line in text.splitlines()).replace(":; ", ": ")


def is_terminal(stream) -> bool:
    """Whether somebody looks at what a stream shows, and has not asked for plain text.

    A notebook shows it too, though its output is no terminal.
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    try:
        return stream.isatty() or "ipykernel" in sys.modules
    except (AttributeError, ValueError):  # none, or closed
        return False


@contextlib.contextmanager
def shown_notices(program: str):
    """Writes each warning as one line on stderr, after the program's name, in a ``with`` block."""

    def show(message, *_others, **_named):
        print(f"{program}: {in_a_line(str(message))}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
