"""When the parts of a call ran: spans on tracks, as a file for trace viewers and as a page."""

from xfblas.timeline.spans import HOST, Span, Timeline
from xfblas.timeline.trace_file import trace_events, write_trace
from xfblas.timeline.trace_page import write_page

__all__ = ["HOST", "Span", "Timeline", "trace_events", "write_page", "write_trace"]
