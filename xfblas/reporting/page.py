"""The report as one HTML file that opens offline: no scripts, no fonts, nothing from elsewhere."""

import base64
from html import escape

import numpy as np

from xfblas.errors import NotSupportedError
from xfblas.reporting import plots, text
from xfblas.reporting.masks import mask_picture, png

STYLE = """
:root { color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0; background: #f4f5f7; color: #1d2430; font: 15px/1.5 system-ui, "DejaVu Sans",
  Arial, sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 28px 24px 48px; }
h1 { font-size: 25px; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 34px 0 10px; }
p { margin: 4px 0 10px; color: #566072; max-width: 88ch; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); gap: 12px;
  margin-top: 18px; }
.tile, .card { background: #fff; border: 1px solid #dfe3e8; border-radius: 8px; }
.tile { padding: 12px 14px; }
.tile b { display: block; font-size: 22px; line-height: 1.25; }
.tile span { color: #566072; font-size: 13px; }
.card { padding: 14px 16px; overflow-x: auto; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(430px, 1fr)); gap: 14px; }
.plots .card { display: flex; align-items: center; justify-content: center; }
svg { max-width: 100%; height: auto; display: block; }
.card > img { max-width: 100%; margin-top: 14px; image-rendering: pixelated; }
table { border-collapse: collapse; width: 100%; font-size: 13px;
  font-variant-numeric: tabular-nums; }
th { text-align: left; color: #566072; font-weight: 600; border-bottom: 2px solid #dfe3e8; }
th, td { padding: 5px 12px 5px 0; vertical-align: top; }
td { border-bottom: 1px solid #eef0f3; }
tr:last-child td { border-bottom: 0; }
td:first-child { font-weight: 600; overflow-wrap: anywhere; min-width: 90px; }
table.numbers td, table.numbers th { white-space: nowrap; }
table.numbers td:not(:first-child), table.numbers th:not(:first-child) { text-align: right; }
ol.advice { margin: 0; padding-left: 24px; }
ol.advice li { padding: 5px 0; }
ol.advice b { overflow-wrap: anywhere; }
.try { color: #1b6e3c; }
"""


def page(report) -> str:
    """The whole file.

    Raises:
        NotSupportedError: matplotlib is not installed.
    """
    parts = [
        f"<h1>{escape(report.model)}</h1>",
        f"<p>{escape(_subtitle(report))}</p>",
        _tiles(report),
        _advice(report),
        _choices(report),
        *_masks(report),
        _section(
            "Layers",
            "Signal to noise of each layer's output against the float model, errors of the layers "
            "before it included; lost is what the layer itself costs. Then the largest value of "
            "the float model, what its column can hold, and the share of its range that the "
            "fullest column uses; values that were clipped, and that wrapped.",
            _table(text.LAYER_HEADS, text.layer_rows(report), "numbers"),
        ),
        _plots(report),
        _section(
            "Instructions",
            "Of each layer the model's size and the engine's, which digits, copies and windows "
            "make larger; integers per unit of the output; postScale >> postShift and "
            "preluScale >> preluAlpha.",
            _table(text.INSTRUCTION_HEADS, text.instruction_rows(report), "numbers"),
        ),
        *_tables(report),
        _softmaxes(report),
        _section(
            "Bits",
            "Of the largest weight, of the sums seen on this data and proved for every possible "
            "input; then inputs of a chain beyond the range that calibration gave them.",
            _table(text.SUM_HEADS, text.sum_rows(report), "numbers"),
        ),
        _section(
            "Where layers run",
            "",
            _table(("layer", "runs on", "why"), text.place_rows(report), "places"),
        ),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Whatever a name in the model may hold, nothing is fetched and nothing is run.
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; img-src data:\">\n"
        # A browser asks for an icon otherwise.
        '<link rel="icon" href="data:,">\n'
        f"<title>{escape(report.model)}: accuracy report</title>\n<style>{STYLE}</style>\n"
        f"</head>\n<body>\n<main>\n{chr(10).join(filter(None, parts))}\n</main>\n</body>\n</html>\n"
    )


def frame(report) -> str:
    """The page as an element of another page; its tables as text where matplotlib is missing."""
    try:
        shown = page(report)
    except NotSupportedError as error:
        return f"<pre>{escape(report.to_text())}\n{escape(str(error))}</pre>"
    style = "width: 100%; height: 80vh; min-height: 30em; border: 0"
    return f'<iframe srcdoc="{escape(shown)}" style="{style}"></iframe>'


def _subtitle(report) -> str:
    return ", ".join(
        [
            f"int{report.bits}",
            f"{report.rows:,} rows of data",
            f"scales from {report.calibration.get('rows', 0):,} rows",
            *(f"{name}={value}" for name, value in report.calibration.items() if name != "rows"),
        ]
    )


def _tiles(report) -> str:
    tiles = []
    for output in report.outputs:
        prefix = f"{output.name}: " if len(report.outputs) > 1 else ""
        if output.agreement is not None:
            what = f"labels agree ({output.differing} of {output.rows:,} differ)"
            tiles.append((text.percent(output.agreement), prefix + what))
        if output.accuracy is not None:
            plain = text.percent(output.accuracy_float)
            tiles.append((text.percent(output.accuracy), f"{prefix}accuracy (float {plain})"))
        if output.error is not None:
            what = f"{prefix}root mean square error (float {output.error_float:.4g})"
            tiles.append((f"{output.error:.4g}", what))
        tiles.append((text.decibels(output.decibels), f"{prefix}signal to noise of the logits"))
        what = f"{prefix}largest difference of the output"
        tiles.append((f"{output.largest_difference:.2g}", what))
    tiles.append((text.on_engine(report), "steps on the engine"))
    shown = "".join(
        f'<div class="tile"><b>{escape(value)}</b><span>{escape(what)}</span></div>'
        for value, what in tiles
    )
    return f'<div class="tiles">{shown}</div>'


def _masks(report) -> list[str]:
    sections = []
    for output, seen in zip(report.outputs, report.observed, strict=True):
        if not output.masks:
            continue
        picture = base64.b64encode(png(mask_picture(None, seen.masks(), output.classes))).decode()
        title = "Masks" + (f" of {output.name}" if len(report.outputs) > 1 else "")
        table = _table(text.MASK_HEADS, text.mask_rows(output), "numbers")
        shown = f'<img alt="{escape(title)}" src="data:image/png;base64,{picture}">'
        sections.append(_section(title, f"{text.MASK_TITLE.partition(': ')[2]}.", table + shown))
    return sections


def _tables(report) -> list[str]:
    rows = text.table_rows(report)
    if not rows:
        return []
    explained = (
        "Of activations by table: the formats of argument and result, where an "
        "argument saturates, what formats and table add to the activation of the calibration "
        "rows, as a root mean square, and the worst error of the table alone over every argument."
    )
    return [_section("Tables", explained, _table(text.TABLE_HEADS, rows, "numbers"))]


def _softmaxes(report) -> str:
    if not report.softmaxes:
        return ""
    explained = (
        "Probabilities by each implementation against softmax in float of the same logits, and "
        "what it needs: bits of tables, memories of 18 Kbit, multipliers of 27 x 18 bits. Those "
        "that the model does not use have the formats that would be chosen for them."
    )
    rows = _table(text.SOFTMAX_HEADS, text.softmax_rows(report), "numbers")
    return _section("Softmax by tables", explained, rows)


def _advice(report) -> str:
    items = "".join(
        f"<li><b>{escape(advice.where)}</b>: {escape(advice.finding)}."
        f' <span class="try">Try: {escape(advice.remedy)}.</span></li>'
        for advice in report.advice
    )
    body = f'<ol class="advice">{items}</ol>' if items else "Nothing stands out."
    return _section("What hurts, and what to try", "Worst first.", body)


def _choices(report) -> str:
    if not report.alternatives:
        return ""
    return _section(
        "Other choices",
        "The same model with the same rows, with other bits of an element and of the accumulator; "
        "products are those of the engine for one row.",
        _table(text.CHOICE_HEADS, text.choice_rows(report), "numbers"),
    )


def _plots(report) -> str:
    observed = [o for chain in report.measurement.layers.values() for o in chain]
    drawn = []
    if any(line.decibels is not None and np.isfinite(line.decibels) for line in report.layers):
        drawn.append(plots.layer_decibels(report.layers, report.bits))
    if observed:
        steps = "size in integers; grey: what can be held"
        limit = 2 ** (report.bits - 1) - 1
        weights = [(one.layer.output, _sizes(one.quantized.weights), limit) for one in observed]
        values = [(one.layer.output, one.sizes(), one.levels) for one in observed]
        drawn += [
            plots.accumulator(report.layers),
            plots.boxes(weights, "Weights", steps),
        ]
        if any(len(sizes) for _, sizes, _ in values):
            label = f"{steps}; left of it: rounded to 0; right of it: clipped"
            drawn.append(plots.boxes(values, "Activations", label))
    for output, seen in zip(report.outputs, report.observed, strict=True):
        suffix = f" of {output.name}" if len(report.outputs) > 1 else ""
        if output.calibration:
            drawn.append(plots.calibration_curve(output.calibration))
        else:
            drawn.append(plots.scatter(*seen.points()))
        if output.confusion:
            rows = ("label" if output.confusion_of == "labels" else "float model") + suffix
            drawn.append(plots.confusion(output.confusion, output.classes, rows))
    for softmax in report.observed_softmaxes:
        suffix = f" of {softmax.name}" if len(report.observed_softmaxes) > 1 else ""
        drawn.append(plots.residuals(*softmax.residuals(), f"Softmax: residuals{suffix}"))
        if curves := softmax.curves():
            drawn.append(plots.roc(curves, f"Softmax: ROC curves{suffix}"))
    cards = "".join(f'<figure class="card" style="margin:0">{svg}</figure>' for svg in drawn)
    return (
        "<section><h2>Plots</h2><p>Boxes hold the middle half of all values, whiskers reach from "
        "the least to the largest; zeros are left out.</p>"
        f'<div class="plots">{cards}</div></section>'
    )


def _sizes(weights: np.ndarray) -> np.ndarray:
    sizes = np.abs(weights.astype(np.int64)).reshape(-1)
    return sizes[sizes > 0]


def _section(title: str, words: str, body: str) -> str:
    said = f"<p>{escape(words)}</p>" if words else ""
    return f'<section><h2>{escape(title)}</h2>{said}<div class="card">{body}</div></section>'


def _table(heads, rows, kind: str) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
