"""A timeline as one HTML file that opens offline: the trace, and the script that draws it."""

import json
from html import escape

from xfblas.files import write_text
from xfblas.files.output_path import require_output
from xfblas.timeline.page_script import SCRIPT
from xfblas.timeline.spans import Timeline
from xfblas.timeline.trace_file import trace_events

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #f4f5f7; color: #1d2430; font: 14px/1.5 system-ui, "DejaVu Sans",
  Arial, sans-serif; }
main { padding: 18px 20px; }
h1 { font-size: 20px; margin: 0; overflow-wrap: anywhere; }
p { margin: 2px 0 12px; color: #566072; }
#plot { position: relative; background: #fff; border: 1px solid #dfe3e8; border-radius: 8px;
  overflow: hidden; }
canvas { display: block; width: 100%; cursor: grab; }
#hover { position: absolute; display: none; pointer-events: none; background: #1d2430; color: #fff;
  border-radius: 6px; padding: 6px 9px; font-size: 12px; max-width: 420px; white-space: pre-line;
  overflow-wrap: anywhere; z-index: 1; }
table { border-collapse: collapse; margin-top: 16px; font-variant-numeric: tabular-nums; }
th { text-align: left; color: #566072; font-weight: 600; border-bottom: 2px solid #dfe3e8; }
th, td { padding: 3px 18px 3px 0; }
td:not(:first-child), th:not(:first-child) { text-align: right; }
"""


def write_page(path, timeline: Timeline) -> None:
    """Writes the page.

    Raises:
        InvalidValueError: there is no such folder, or the name is that of a model.
        OSError: the file cannot be written.
    """
    write_text(require_output("path", path), page(timeline))


def page(timeline: Timeline) -> str:
    """The whole file."""
    # Within a script "</" would end it, and "<!--" begin a comment.
    data = json.dumps(trace_events(timeline), allow_nan=False).replace("<", "\\u003c")
    title = escape(timeline.title)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{STYLE}</style></head><body><main>
<h1>{title}</h1>
<p>The wheel zooms, dragging moves, a double click shows everything; point at a bar for its
figures. Arrow keys move, + and - zoom.</p>
<div id="plot"><canvas id="lanes" tabindex="0"></canvas><div id="hover"></div></div>
<table id="totals"></table>
<script type="application/json" id="trace">{data}</script>
<script>{SCRIPT}</script>
</main></body></html>
"""
