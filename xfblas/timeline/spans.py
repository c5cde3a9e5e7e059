"""Spans of time on tracks."""

import contextlib
import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from xfblas.checks import require_instance, shown
from xfblas.errors import InvalidValueError

#: The track of what Python does.
HOST = "host"


@dataclass(frozen=True)
class Span:
    """Something that ran without a break.

    Attributes:
        name: what it was.
        track: where it ran: the host, a thread, a compute unit, transfers.
        start, duration: in microseconds, from the timeline's beginning.
        arguments: what is told of it: texts and finite numbers by name.
    """

    name: str
    track: str
    start: float
    duration: float
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require_instance("name", self.name, str)
        require_instance("track", self.track, str)
        for name in ("start", "duration"):
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
                raise InvalidValueError(
                    f"{name} of span {self.name} is {shown(value)}, expected 0 or more microseconds"
                )
        for name, value in require_instance("arguments", self.arguments, Mapping).items():
            is_known = isinstance(value, (str, int, float)) and value == value
            if not isinstance(name, str) or not is_known or value in (math.inf, -math.inf):
                raise InvalidValueError(
                    f"argument {shown(name)} of span {self.name} is {shown(value)}, expected a "
                    "text or a finite number"
                )

    @property
    def end(self) -> float:
        """Microseconds from the timeline's beginning."""
        return self.start + self.duration


class Timeline:
    """Spans that are gathered as they end.

    Args:
        title: what ran.

    Attributes:
        spans: in the order in which they were added.
    """

    def __init__(self, title: str):
        self.title = require_instance("title", title, str)
        self.spans: list[Span] = []
        # Of the clock that C reads too.
        self._zero = time.monotonic_ns()

    def add(self, name: str, track: str, start: int, end: int, **arguments: Any) -> None:
        """Adds what ran from ``start`` to ``end``, nanoseconds of ``time.monotonic_ns``."""
        self.spans.append(
            Span(name, track, (start - self._zero) / 1000, (end - start) / 1000, arguments)
        )

    @contextlib.contextmanager
    def measure(self, name: str, track: str = HOST, **arguments: Any) -> Iterator[None]:
        """Adds what runs within the block, unless it raises."""
        start = time.monotonic_ns()
        yield
        self.add(name, track, start, time.monotonic_ns(), **arguments)

    @property
    def tracks(self) -> list[str]:
        """Names of tracks: the host first, then the others by name."""
        return sorted({span.track for span in self.spans}, key=lambda name: (name != HOST, name))

    def busy(self, track: str) -> float:
        """Microseconds in which something ran on a track, spans within others counted once."""
        total, reached = 0.0, 0.0
        for span in sorted(self.spans, key=lambda span: span.start):
            if span.track == track and span.end > reached:
                total += span.end - max(span.start, reached)
                reached = span.end
        return total
