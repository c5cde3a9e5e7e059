"""What a caller should know though it is no error: a warning in Python, a line in commands."""

import contextlib
import sys
import warnings


def notify(text: str, category: type[Warning] = UserWarning) -> None:
    """Warns at the line outside of this package that led here."""
    frame, level = sys._getframe(1), 2
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "xfblas":
        frame, level = frame.f_back, level + 1
    warnings.warn(text, category, stacklevel=level)


@contextlib.contextmanager
def shown_notices(program: str):
    """Writes each warning as one line on stderr, after the program's name, in a ``with`` block."""

    def show(message, *_others, **_named):
        print(f"{program}: {'; '.join(str(message).splitlines())}", file=sys.stderr)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield
