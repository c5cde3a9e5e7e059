"""Spans, the trace file, and the page as a browser draws it."""

import json
import re

import numpy as np
import pytest
from browser import browse, needs_browser

from xfblas.errors import InvalidValueError
from xfblas.timeline import HOST, Span, Timeline, trace_events, write_page, write_trace


def example():
    """Two tracks besides the host, a span within another, and a name that could end a script."""
    timeline = Timeline("net </script><b> & co")
    timeline.spans += [
        Span("predict", HOST, 0.0, 1000.0, {"rows": 7}),
        Span("copy", HOST, 100.0, 50.0),
        Span("conv1", "unit 0", 200.0, 300.0, {"m": 7, "MACs": 123456, "why": "<!-- x"}),
        Span("conv2", "unit 0", 500.0, 250.5, {"m": 7}),
        Span("write", "transfers", 150.0, 50.0),
    ]
    return timeline


def test_measured():
    timeline = Timeline("t")
    with timeline.measure("outer", rows=3), timeline.measure("inner", "unit 0"):
        pass
    inner, outer = timeline.spans
    assert (outer.name, outer.track, outer.arguments) == ("outer", HOST, {"rows": 3})
    assert outer.start <= inner.start and inner.end <= outer.end
    with pytest.raises(ZeroDivisionError), timeline.measure("failed"):
        raise ZeroDivisionError
    assert len(timeline.spans) == 2


def test_busy():
    """What lies within another span is not counted twice, and gaps are not counted."""
    timeline = example()
    assert timeline.busy(HOST) == 1000
    assert timeline.busy("unit 0") == 550.5
    timeline.spans.append(Span("late", "unit 0", 700.0, 100.0))
    assert timeline.busy("unit 0") == 600
    assert timeline.busy("nothing") == 0


def test_trace_format():
    """Complete events in microseconds, and names of the process and of every track."""
    found = json.loads(json.dumps(trace_events(example())))
    assert found["displayTimeUnit"] == "ms"
    events = found["traceEvents"]
    told = {(e["name"], e["tid"]): e["args"] for e in events if e["ph"] == "M"}
    assert told["process_name", 0] == {"name": "net </script><b> & co"}
    names = {tid: args["name"] for (name, tid), args in told.items() if name == "thread_name"}
    assert names == {1: HOST, 2: "transfers", 3: "unit 0"}
    spans = [e for e in events if e["ph"] == "X"]
    assert [e["name"] for e in spans] == ["predict", "copy", "write", "conv1", "conv2"]
    conv = spans[3]
    assert (conv["ts"], conv["dur"], names[conv["tid"]]) == (200, 300, "unit 0")
    assert conv["args"] == {"m": 7, "MACs": 123456, "why": "<!-- x"}
    assert {e["pid"] for e in events} == {1}


def test_file(tmp_path):
    write_trace(tmp_path / "trace.json", example())
    assert json.loads((tmp_path / "trace.json").read_text()) == trace_events(example())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": 3}, "name is 3"),
        ({"track": None}, "track is None"),
        ({"start": -1.0}, "start of span s is -1.0, expected 0 or more"),
        ({"start": "0"}, "start of span s is '0'"),
        ({"duration": float("nan")}, "duration of span s is nan"),
        ({"duration": float("inf")}, "duration of span s is inf"),
        ({"arguments": [1]}, "arguments is"),
        ({"arguments": {"m": float("nan")}}, "argument 'm' of span s is nan"),
        ({"arguments": {"m": float("-inf")}}, "argument 'm' of span s is -inf"),
        ({"arguments": {"m": np.arange(3)}}, "argument 'm' of span s is array"),
        ({"arguments": {"m": None}}, "argument 'm' of span s is None"),
        ({"arguments": {3: "m"}}, "argument 3 of span s"),
    ],
)
def test_refused(change, message):
    with pytest.raises(InvalidValueError, match=re.escape(message)):
        Span(**{"name": "s", "track": "t", "start": 0.0, "duration": 1.0, **change})


def test_page_needs_nothing(tmp_path):
    """No address, no other file; what a name holds ends neither script nor title."""
    write_page(tmp_path / "t.html", example())
    text = (tmp_path / "t.html").read_text()
    assert text.count("</script>") == 2 and "<!--" not in text
    assert not re.search(r"https?:|src=|href=|@import|url\(", text)
    data = re.search(r'id="trace">(.*?)</script>', text, re.DOTALL)[1]
    assert json.loads(data) == trace_events(example())
    assert "<h1>net &lt;/script&gt;&lt;b&gt; &amp; co</h1>" in text


#: Appended to a page: what somebody does with it, and what is seen then, as text in its title.
ACTIONS = """
<script>
const seen = {};
const bounds = canvas.getBoundingClientRect();
const at = (span) => {
  const box = boxOf(span);
  return {clientX: bounds.left + box.left + box.width / 2, clientY: bounds.top + box.top + 5,
          bubbles: true};
};
const note = (name) => {
  seen[name] = {...canvas.dataset, hover: hover.style.display === "block" ? hover.textContent : ""};
};
note("start");
const there = at(spans.find((span) => span.name === "conv1"));
canvas.dispatchEvent(new PointerEvent("pointermove", there));
note("pointed");
canvas.dispatchEvent(new PointerEvent("pointermove", {clientX: bounds.left + 5, clientY: 5}));
note("left");
for (let i = 0; i < 12; i += 1) {
  canvas.dispatchEvent(new WheelEvent("wheel", {...there, deltaY: -1, cancelable: true}));
}
note("zoomed");
canvas.dispatchEvent(new KeyboardEvent("keydown", {key: "ArrowRight"}));
note("moved");
canvas.dispatchEvent(new MouseEvent("dblclick", {bubbles: true}));
note("whole");
seen.table = [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent));
const result = document.createElement("pre");
result.id = "result";
result.textContent = JSON.stringify(seen);
document.body.appendChild(result);
</script>
"""


@needs_browser
def test_a_browser_draws_and_answers(tmp_path):
    """All spans are drawn; pointing tells a span's figures; the wheel zooms around the pointer."""
    write_page(tmp_path / "t.html", example())
    page = tmp_path / "acted.html"
    page.write_text((tmp_path / "t.html").read_text().replace("</main>", ACTIONS + "</main>"))
    document = browse(page, tmp_path / "profile", "--dump-dom")
    seen = json.loads(
        re.search(r'<pre id="result">(.*?)</pre>', document, re.DOTALL)[1]
        .replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    )  # fmt: skip
    start, zoomed, moved = seen["start"], seen["zoomed"], seen["moved"]
    assert (start["drawn"], start["tracks"], start["hover"]) == ("5", "3", "")
    assert (float(start["from"]), float(start["to"])) == (0, 1000)
    assert seen["pointed"]["hover"].split("\n") == [
        "conv1", "300.0 us from 200.0 us", "m: 7", "MACs: 123,456", "why: <!-- x",
    ]  # fmt: skip
    assert seen["left"]["hover"] == ""
    low, high = float(zoomed["from"]), float(zoomed["to"])
    # The middle of the bar is still under the pointer, but for the rounding to a pixel.
    assert high - low == pytest.approx(1000 * 0.8**12) and int(zoomed["drawn"]) < 5
    assert low + 0.35 * (high - low) == pytest.approx(350, abs=1)
    assert float(moved["from"]) == pytest.approx(low + 0.2 * (high - low))
    assert seen["whole"]["from"] == start["from"] and seen["whole"]["to"] == start["to"]
    assert seen["table"][0] == ["what", "where", "times", "together"]
    assert seen["table"][1:3] == [
        ["predict", "host", "1", "1.000 ms"], ["conv1", "unit 0", "1", "300.0 us"],
    ]  # fmt: skip


@needs_browser
def test_a_browser_shows_lanes(tmp_path):
    """Bars where the trace has them: on each track's height, between start and end, and gaps."""
    image = pytest.importorskip("matplotlib.image")
    write_page(tmp_path / "t.html", example())
    browse(tmp_path / "t.html", tmp_path / "profile", f"--screenshot={tmp_path / 't.png'}")
    pixels = (image.imread(tmp_path / "t.png")[:, :, :3] * 255).astype(int)
    # Bars are the only colours that are bright in one channel and not in another.
    is_bar = pixels.max(axis=2) - pixels.min(axis=2) > 50
    lines = np.flatnonzero(is_bar.sum(axis=1) > 20)
    lanes = np.split(lines, np.flatnonzero(np.diff(lines) > 1) + 1)
    assert [len(lane) for lane in lanes] == [18, 18, 18, 18]  # predict, copy, write, convolutions
    predict, copy, write, unit = (is_bar[lane[1]] for lane in lanes)
    left, right = np.flatnonzero(predict)[[0, -1]]
    scale = (right - left) / 1000

    def ends(lane):
        return (np.flatnonzero(lane)[[0, -1]] - left) / scale

    np.testing.assert_allclose(ends(copy), [100, 150], atol=3)
    np.testing.assert_allclose(ends(write), [150, 200], atol=3)
    np.testing.assert_allclose(ends(unit), [200, 750.5], atol=3)


@needs_browser
def test_a_browser_shows_nothing_of_nothing(tmp_path):
    write_page(tmp_path / "t.html", Timeline("empty"))
    document = browse(tmp_path / "t.html", tmp_path / "profile", "--dump-dom")
    assert 'data-drawn="0"' in document
