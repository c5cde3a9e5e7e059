"""A progress bar that looks as Keras' does."""

import re
import sys
import time

from xfblas.notices import is_terminal

WIDTH = 20
#: Seconds between two redrawings.
INTERVAL = 0.05
ESCAPES = re.compile("\x1b\\[[0-9]*m")
BOLD, GREEN, GREY, PLAIN = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"


class ProgressBar:
    """Prints how many steps are done.

    Args:
        target: number of steps, None where it is not known before the end.
        verbose: 1 draws a bar, or prints it once at the end where there is no terminal; 2 prints
            one line at the end, 0 nothing. ``"auto"`` is 1 on a terminal, else 0.
        stream: a text file; by default standard output.
        unit: what a step is called.
    """

    def __init__(self, target: int | None, verbose, stream=None, unit="step"):
        self._stream, self._unit = stream, unit
        self._target = target
        #: Drawn again and again, in colours; else only how it ended is printed, where asked for.
        self._is_drawn = is_terminal(sys.stdout if stream is None else stream)
        self._verbose = int(self._is_drawn) if verbose == "auto" else int(verbose)
        self._start = time.time()
        self._after_first: tuple[float, int] | None = None
        self._drawn = 0.0
        self._width = 0
        self._steps = 0

    def update(self, steps: int, values: dict | None = None) -> None:
        """Says that so many steps are done, and what their metrics are so far."""
        now, self._steps = time.time(), steps
        if self._after_first is None:
            self._after_first = (now, steps)
        if self._verbose == 1 and self._is_drawn and now - self._drawn >= INTERVAL:
            self._draw(now, values or {}, last=False)

    def finish(self, values: dict | None = None) -> None:
        """Prints the last state, and ends the line."""
        now = time.time()
        self._target = self._steps if self._target is None else self._target
        self._steps = self._target
        if self._verbose == 1:
            self._draw(now, values or {}, last=True)
        elif self._verbose == 2 and self._target:
            text = f"{self._count()} - {now - self._start:.0f}s -{self._pace(now)}"
            self._print(text + _listed(values or {}) + "\n")

    def _draw(self, now, values, last):
        self._drawn = now
        if self._target:
            done = int(WIDTH * self._steps / self._target)
            filled = f"{GREEN}{'━' * done}{PLAIN}" if done else ""
            bar = f"{BOLD}{self._count()}{PLAIN} {filled}{GREY}{'━' * (WIDTH - done)}{PLAIN}"
        else:
            bar = f"{self._steps:7d}/Unknown"
        left = self._seconds_per_step(now) * (self._target - self._steps) if self._target else 0
        shown = f"{now - self._start:.0f}s" if last or not self._target else _clock(left)
        text = f"{bar} {BOLD}{shown}{PLAIN}{self._pace(now)}{_listed(values)}"
        width = len(text)
        text += " " * max(0, self._width - width)
        back = "\b" * self._width + "\r"
        text = back + text if self._is_drawn else ESCAPES.sub("", text)
        self._print(text + ("\n" if last else ""))
        self._width = width

    def _count(self) -> str:
        return f"{self._steps:{len(str(self._target))}d}/{self._target}"

    def _seconds_per_step(self, now) -> float:
        """The first step, which warms up, counts only while there is no other."""
        if not self._steps:
            return 0.0
        first, steps = self._after_first or (self._start, 0)
        if self._steps > steps:
            return (now - first) / (self._steps - steps)
        return (now - self._start) / self._steps

    def _pace(self, now) -> str:
        seconds = self._seconds_per_step(now)
        if seconds >= 1 or seconds == 0:
            return f" {seconds:.0f}s/{self._unit}"
        if seconds >= 1e-3:
            return f" {seconds * 1e3:.0f}ms/{self._unit}"
        return f" {seconds * 1e6:.0f}us/{self._unit}"

    def _print(self, text):
        stream = sys.stdout if self._stream is None else self._stream
        stream.write(text)
        stream.flush()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02d}:{rest:02d}"
    return f"{minutes}:{rest:02d}" if minutes else f"{rest}s"


def _listed(values) -> str:
    return "".join(
        f" - {name}: {value:.4f}" if abs(value) > 1e-3 else f" - {name}: {value:.4e}"
        for name, value in values.items()
        if isinstance(value, (int, float))
    )
