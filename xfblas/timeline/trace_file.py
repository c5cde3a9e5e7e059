"""Chrome's trace event format, which chrome://tracing and ui.perfetto.dev open."""

import json
from typing import Any

from xfblas.files import write_text
from xfblas.files.output_path import require_output
from xfblas.timeline.spans import Timeline

#: The one process of a trace.
PROCESS = 1


def trace_events(timeline: Timeline) -> dict[str, Any]:
    """The trace as JSON-able data: complete events, and names of the process and its tracks."""
    threads = {track: number for number, track in enumerate(timeline.tracks, 1)}
    events: list[dict[str, Any]] = [_told("process_name", 0, {"name": timeline.title})]
    for track, number in threads.items():
        events.append(_told("thread_name", number, {"name": track}))
        events.append(_told("thread_sort_index", number, {"sort_index": number}))
    for span in sorted(timeline.spans, key=lambda span: (span.start, -span.duration)):
        events.append(
            {
                "name": span.name,
                "cat": "xfblas",
                "ph": "X",
                "ts": span.start,
                "dur": span.duration,
                "pid": PROCESS,
                "tid": threads[span.track],
                "args": dict(span.arguments),
            }
        )
    return {"traceEvents": events, "displayTimeUnit": "ms"}


def write_trace(path, timeline: Timeline) -> None:
    """Writes the trace.

    Raises:
        InvalidValueError: there is no such folder, or the name is that of a model.
        OSError: the file cannot be written.
    """
    path = require_output("path", path)
    write_text(path, json.dumps(trace_events(timeline), allow_nan=False) + "\n")


def _told(name: str, thread: int, arguments: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "ph": "M", "pid": PROCESS, "tid": thread, "args": arguments}
