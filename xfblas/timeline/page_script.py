"""The script of a timeline's page, which draws the trace that is beside it."""

SCRIPT = """
"use strict";
const trace = JSON.parse(document.getElementById("trace").textContent);
const told = (name) => trace.traceEvents.filter((e) => e.ph === "M" && e.name === name);
const tracks = told("thread_name").map((e) => ({id: e.tid, name: e.args.name, rows: []}));
const spans = trace.traceEvents.filter((e) => e.ph === "X");
// Spans within others get a row below them.
for (const track of tracks) {
  for (const span of spans.filter((e) => e.tid === track.id)) {
    let row = 0;
    while (row < track.rows.length && track.rows[row] > span.ts + 1e-9) row += 1;
    track.rows[row] = span.ts + span.dur;
    span.row = row;
    span.track = track;
  }
}
const HEIGHT = 20, GAP = 10, LEFT = 150, TOP = 26;
let y = TOP;
for (const track of tracks) {
  track.y = y;
  y += Math.max(track.rows.length, 1) * HEIGHT + GAP;
}
const total = y;
const last = Math.max(1, ...spans.map((e) => e.ts + e.dur));
const first = spans.length ? Math.min(...spans.map((e) => e.ts)) : 0;
let from = first, to = last;
const canvas = document.getElementById("lanes"), hover = document.getElementById("hover");
const context = canvas.getContext("2d");
const width = () => canvas.clientWidth - LEFT - 10;
const place = (time) => LEFT + (time - from) / (to - from) * width();
const colour = (name) => {
  let hash = 7;
  for (const letter of name) hash = (hash * 31 + letter.codePointAt(0)) >>> 0;
  return `hsl(${hash % 360} 55% 68%)`;
};
const shown = (us) => us >= 1e6 ? (us / 1e6).toPrecision(4) + " s"
  : us >= 1e3 ? (us / 1e3).toPrecision(4) + " ms" : us.toPrecision(4) + " us";
const boxOf = (span) => {
  const left = Math.max(place(span.ts), LEFT);
  const right = Math.min(place(span.ts + span.dur), LEFT + width());
  return {left, width: right - left, top: span.track.y + span.row * HEIGHT};
};
function draw() {
  const scale = window.devicePixelRatio || 1;
  canvas.style.height = total + "px";
  canvas.width = canvas.clientWidth * scale;
  canvas.height = total * scale;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, canvas.clientWidth, total);
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "middle";
  const step = 10 ** Math.floor(Math.log10((to - from) / 3));
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) {
    const x = place(time);
    context.fillStyle = "#eef0f3";
    context.fillRect(x, TOP - 6, 1, total);
    context.fillStyle = "#566072";
    context.fillText(shown(time), x + 3, 11);
  }
  for (const track of tracks) {
    context.fillStyle = "#1d2430";
    context.fillText(track.name, 10, track.y + HEIGHT / 2, LEFT - 16);
  }
  let drawn = 0;
  for (const span of spans) {
    if (span.ts + span.dur < from || span.ts > to) continue;
    const box = boxOf(span);
    context.fillStyle = colour(span.name);
    context.fillRect(box.left, box.top, Math.max(box.width, 1), HEIGHT - 2);
    drawn += 1;
    if (box.width < 24) continue;
    context.save();
    context.beginPath();
    context.rect(box.left, box.top, box.width, HEIGHT);
    context.clip();
    context.fillStyle = "#1d2430";
    context.fillText(span.name, box.left + 4, box.top + HEIGHT / 2 - 1);
    context.restore();
  }
  // What tests look at.
  canvas.dataset.drawn = drawn;
  canvas.dataset.tracks = tracks.length;
  canvas.dataset.from = from;
  canvas.dataset.to = to;
}
function spanAt(x, y) {
  return spans.filter((span) => {
    const box = boxOf(span);
    return x >= box.left - 1 && x <= box.left + Math.max(box.width, 1) + 1
      && y >= box.top && y < box.top + HEIGHT;
  }).pop();
}
function tell(event) {
  const bounds = canvas.getBoundingClientRect();
  const x = event.clientX - bounds.left, y = event.clientY - bounds.top;
  const span = x < LEFT ? undefined : spanAt(x, y);
  hover.style.display = span ? "block" : "none";
  if (!span) return;
  const lines = [span.name, `${shown(span.dur)} from ${shown(span.ts)}`];
  for (const [name, value] of Object.entries(span.args)) {
    lines.push(`${name}: ${typeof value === "number" ? value.toLocaleString("en") : value}`);
  }
  hover.textContent = lines.join("\\n");
  hover.style.left = Math.max(0, Math.min(x + 14, bounds.width - hover.offsetWidth - 6)) + "px";
  hover.style.top = Math.max(0, Math.min(y + 14, total - hover.offsetHeight - 6)) + "px";
}
function zoom(factor, x) {
  const middle = from + (x - LEFT) / width() * (to - from);
  const size = Math.min(Math.max((to - from) * factor, 0.01), (last - first) * 1.5);
  from = middle - (middle - from) / (to - from) * size;
  to = from + size;
  draw();
}
function move(share) {
  const size = (to - from) * share;
  from += size;
  to += size;
  draw();
}
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  const x = event.clientX - canvas.getBoundingClientRect().left;
  zoom(event.deltaY > 0 ? 1.25 : 0.8, x);
}, {passive: false});
let held = null;
canvas.addEventListener("pointerdown", (event) => { held = event.clientX; });
window.addEventListener("pointerup", () => { held = null; });
canvas.addEventListener("pointermove", (event) => {
  if (held !== null) {
    move((held - event.clientX) / width());
    held = event.clientX;
  }
  tell(event);
});
canvas.addEventListener("pointerleave", () => { hover.style.display = "none"; });
canvas.addEventListener("dblclick", () => { from = first; to = last; draw(); });
canvas.addEventListener("keydown", (event) => {
  const middle = LEFT + width() / 2;
  const actions = {"+": () => zoom(0.8, middle), "-": () => zoom(1.25, middle),
    ArrowLeft: () => move(-0.2), ArrowRight: () => move(0.2)};
  if (actions[event.key]) { actions[event.key](); event.preventDefault(); }
});
// Where the time went: spans of one name on one track, the longest first.
const sums = new Map();
for (const span of spans) {
  const key = span.track.name + "\\u0000" + span.name;
  const sum = sums.get(key) || {track: span.track.name, name: span.name, count: 0, time: 0};
  sum.count += 1;
  sum.time += span.dur;
  sums.set(key, sum);
}
const table = document.getElementById("totals");
const line = (cells, kind) => {
  const row = table.insertRow();
  for (const cell of cells) {
    row.appendChild(document.createElement(kind)).textContent = cell;
  }
};
line(["what", "where", "times", "together"], "th");
for (const sum of [...sums.values()].sort((a, b) => b.time - a.time).slice(0, 40)) {
  line([sum.name, sum.track, sum.count, shown(sum.time)], "td");
}
window.addEventListener("resize", draw);
draw();
"""
