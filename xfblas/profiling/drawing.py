"""``plot_model``: a model's steps as a picture or as text."""

import os
from html import escape
from pathlib import Path
from typing import Any

from xfblas.checks import names_keywords, require_path, require_truth, shown
from xfblas.compiled.compiled_model import CompiledModel
from xfblas.compiled.layer_table import FOLDED, Line, lines_of
from xfblas.convert.converted_model import ConvertedModel
from xfblas.errors import InvalidValueError
from xfblas.files import write_text
from xfblas.files.output_path import require_output

ENGINE, HOST = "#d6e6f7", "#eceef1"
#: Points.
WIDTH, HEIGHT, GAP, MARGIN = 300, 40, 18, 12


@names_keywords()
def plot_model(
    model: Any,
    to_file: str | os.PathLike[str] | None = None,
    show_shapes: bool = True,
    show_layer_names: bool = True,
    show_precision: bool = True,
) -> str:
    """Draws the layers of a model in order: blue on the engine, grey on the host.

    Args:
        model: a converted or compiled model.
        to_file: an ``.svg`` file to write, or ``.txt`` for the text.
        show_shapes: whether to show inputs and outputs of products.
        show_layer_names: whether to show names, or places alone.
        show_precision: whether to show elements, weights and sums.

    Returns:
        The SVG, or the text where ``to_file`` ends in ``.txt``.

    Raises:
        InvalidValueError: it is no such model, or the file is of another kind.
        OSError: the file cannot be written.
    """
    compiled = model.compiled if isinstance(model, ConvertedModel) else model
    if not isinstance(compiled, CompiledModel):
        raise InvalidValueError(f"model is a {type(model).__name__}, expected a converted one")
    if to_file is not None:
        to_file = require_path("to_file", to_file)
    show_shapes = require_truth("show_shapes", show_shapes)
    show_layer_names = require_truth("show_layer_names", show_layer_names)
    show_precision = require_truth("show_precision", show_precision)
    ending = ".svg" if to_file is None else Path(to_file).suffix.lower()
    if ending not in (".svg", ".txt"):
        raise InvalidValueError(f"to_file is {shown(to_file)}, expected a name in .svg or .txt")
    if to_file is not None:
        require_output("to_file", to_file)
    lines = lines_of(compiled.graph, compiled.host_reasons, compiled.networks)
    weights = {
        summary.name: summary.weight_bits
        for network in compiled.networks.values()
        for summary in network.summaries
    }
    boxes = []
    for line in lines:
        if line.place == FOLDED:
            continue
        texts = [line.name] if show_layer_names else []
        if show_shapes and line.shape is not None:
            texts.append(f"{line.shape[0]} -> {line.shape[1]}")
        boxes.append((line, "  ".join(texts), _precision(line, compiled, weights, show_precision)))
    text = _text(compiled, boxes) if ending == ".txt" else _svg(compiled, boxes)
    if to_file is not None:
        write_text(to_file, text)
    return text


def _precision(line: Line, model: CompiledModel, weights: dict[str, int], is_shown: bool) -> str:
    if not is_shown:
        return line.place
    if line.place != "engine":
        return f"host, float32: {line.reason}"
    bits = weights.get(line.name) or weights.get(line.name.partition(":")[0])
    narrow = "" if not bits else f", weights of {bits} bits"
    return f"engine, {model.device.dtype}{narrow}, {line.reason}"


def _text(model: CompiledModel, boxes: list[tuple[Line, str, str]]) -> str:
    ends = [", ".join(spec.name for spec in part) for part in _ends(model)]
    lines = [f"({ends[0]})"]
    lines += [f"  |\n[{title}]  {detail}" for _, title, detail in boxes]
    return "\n".join([*lines, "  |", f"({ends[1]})"]) + "\n"


def _svg(model: CompiledModel, boxes: list[tuple[Line, str, str]]) -> str:
    ends = [", ".join(spec.name for spec in part) for part in _ends(model)]
    rows = [("", ends[0], ""), *((line.place, a, b) for line, a, b in boxes), ("", ends[1], "")]
    height = 2 * MARGIN + len(rows) * (HEIGHT + GAP) - GAP
    longest = max(len(text) for _, *texts in rows for text in texts)
    width = 2 * MARGIN + max(WIDTH, 6 * longest + 20)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'font-family="sans-serif" font-size="11" text-anchor="middle">'
    ]
    for number, (place, title, detail) in enumerate(rows):
        top, middle = MARGIN + number * (HEIGHT + GAP), width / 2
        color = {"engine": ENGINE, "host": HOST}.get(place, "none")
        parts.append(
            f'<rect x="{MARGIN}" y="{top}" width="{width - 2 * MARGIN}" height="{HEIGHT}" rx="5" '
            f'fill="{color}" stroke="#8a8f98"/>'
            f'<text x="{middle}" y="{top + 16}" font-weight="bold">{escape(title)}</text>'
            f'<text x="{middle}" y="{top + 31}" fill="#4b5563">{escape(detail)}</text>'
        )
        if number + 1 < len(rows):
            low = top + HEIGHT
            parts.append(
                f'<path d="M{middle} {low}V{low + GAP}m-4 -6l4 6l4 -6" fill="none" '
                'stroke="#8a8f98"/>'
            )
    return "\n".join([*parts, "</svg>"]) + "\n"


def _ends(model: CompiledModel) -> tuple[Any, Any]:
    return model.graph.inputs, model.graph.outputs
