"""The report as tables of text."""

import math

from xfblas.compiled.layer_table import steps_on_engine
from xfblas.reporting.text_table import Table

LAYER_TITLE = "layers: dB and cosine against the float model, largest value of its range"
LAYER_HEADS = ("layer", "dB", "lost", "cosine", "largest", "of", "used", "clipped", "wraps")
INSTRUCTION_TITLE = "instructions: the model's size and the engine's, integers per unit"
INSTRUCTION_HEADS = ("layer", "k x n", "engine", "scale", "post", "prelu or table")
TABLE_TITLE = (
    "tables: where arguments saturate, root mean square errors on the calibration rows, and the "
    "worst of the table alone"
)
TABLE_HEADS = ("layer", "function and formats", "holds", "error", "worst")
SUM_TITLE = "bits of weights and sums, and inputs beyond the range that calibration gave"
SUM_HEADS = ("layer", "weights", "sums seen", "proved", "added up in", "inputs clipped")
SOFTMAX_TITLE = "softmax by tables, against softmax in float of the same logits"
SOFTMAX_HEADS = (
    *("softmax", "implementation", "largest error", "mean", "labels flipped", "tables", "BRAM18"),
    *("multipliers", "cycles a row"),
)
#: A headline says no more than so many.
NAMED_OUTPUTS = 3
MASK_TITLE = (
    "masks: pixels of each class, against labels where there are some, else the float model"
)
MASK_HEADS = ("class", "IoU", "float", "Dice", "float", "TP", "FP", "FN")
CHOICE_HEADS = ("elements, accumulator", "SNR", "against", "labels agree", "accuracy", "products")


def tables(report) -> list[Table]:
    """What the terminal shows."""
    found = [
        Table("model", ("what", "value"), facts(report)),
        Table("what to try", ("where", "seen", "try"), advice_rows(report)),
        *(Table(MASK_TITLE, MASK_HEADS, mask_rows(output)) for output in report.outputs),
        Table(LAYER_TITLE, LAYER_HEADS, layer_rows(report)),
        Table(INSTRUCTION_TITLE, INSTRUCTION_HEADS, instruction_rows(report)),
        Table(SUM_TITLE, SUM_HEADS, sum_rows(report)),
        Table(TABLE_TITLE, TABLE_HEADS, table_rows(report)),
        Table(SOFTMAX_TITLE, SOFTMAX_HEADS, softmax_rows(report)),
        Table("where layers run", ("layer", "runs on", "why"), place_rows(report)),
    ]
    if report.alternatives:
        found.append(Table("other choices", CHOICE_HEADS, choice_rows(report)))
    return [table for table in found if table.rows]


def headline(report) -> str:
    """The model and how near it is, in a line."""
    outputs = [output_line(output) for output in report.outputs[:NAMED_OUTPUTS]]
    if len(report.outputs) > 1:
        named = zip(report.outputs, outputs, strict=False)
        outputs = [f"{output.name} {line}" for output, line in named]
    if len(report.outputs) > NAMED_OUTPUTS:
        outputs.append(f"{len(report.outputs) - NAMED_OUTPUTS} more outputs")
    return f"{report.model} int{report.bits}, {report.rows:,} rows: {'; '.join(outputs)}"


def output_line(output) -> str:
    """How near an output is, in a few words."""
    parts = []
    if output.agreement is not None:
        parts.append(f"labels agree {percent(output.agreement)}")
    if output.accuracy is not None:
        quantized, plain = percent(output.accuracy), percent(output.accuracy_float)
        parts.append(f"accuracy {quantized} (float {plain})")
    return ", ".join([*parts, f"logits {decibels(output.decibels)}"])


def facts(report) -> list[tuple[str, str]]:
    """What is said of the model as a whole."""
    options = ", ".join(
        f"{name}={value}" for name, value in report.calibration.items() if name != "rows"
    )
    rows = [
        ("model", report.model),
        ("elements", f"int{report.bits}"),
        ("rows", f"{report.rows:,}"),
        ("calibrated with", f"{report.calibration.get('rows', 0):,} rows"),
        ("steps on the engine", on_engine(report)),
    ]
    if options:
        rows.append(("options", options))
    for output in report.outputs:
        prefix = f"{output.name}: " if len(report.outputs) > 1 else ""
        if output.agreement is not None:
            differing = f"{output.differing} of {output.rows:,} rows differ"
            rows.append((f"{prefix}labels agree", f"{percent(output.agreement)} ({differing})"))
        if output.accuracy is not None:
            quantized, plain = percent(output.accuracy), percent(output.accuracy_float)
            rows.append((f"{prefix}accuracy", f"{quantized} (float {plain})"))
        if output.error is not None:
            text = f"{output.error:.6g} (float {output.error_float:.6g})"
            rows.append((f"{prefix}root mean square error", text))
        rows.append((f"{prefix}logits", f"{decibels(output.decibels)} signal to noise"))
        rows.append((f"{prefix}largest difference", f"{output.largest_difference:.3g}"))
    return rows


def advice_rows(report) -> list[tuple[str, str, str]]:
    """A row for each advice, or one that there is none."""
    rows = [(advice.where, advice.finding, advice.remedy) for advice in report.advice]
    return rows or [("model", "nothing stands out", "-")]


def mask_rows(output) -> list[tuple[str, ...]]:
    """Scores of each class of an output that gives masks."""
    return [
        (
            one.name,
            *(share(value) for value in (one.iou, one.iou_float, one.dice, one.dice_float)),
            *(f"{n:,}" for n in (one.true_positives, one.false_positives, one.false_negatives)),
        )
        for one in output.masks
    ]


def share(value: float | None) -> str:
    """A share from 0 to 1, or that there is none."""
    return "-" if value is None else f"{value:.4f}"


def layer_rows(report) -> list[tuple[str, ...]]:
    """Accuracy and ranges of each layer."""
    return [
        (
            line.name,
            decibels(line.decibels, ""),
            decibels(line.lost, ""),
            "-" if line.cosine is None else f"{line.cosine:.5f}",
            number(line.largest),
            number(line.range),
            "-" if line.used is None else f"{line.used:.0%}",
            count(line.saturations),
            count(line.wraps),
        )
        for line in report.layers
    ]


def instruction_rows(report) -> list[tuple[str, ...]]:
    """The instruction of each layer on the engine."""
    return [
        (
            line.name,
            f"{line.inputs}x{line.outputs}",
            f"{line.depth}x{line.columns}",
            scale_text(line),
            f"{line.post_scale} >> {line.post_shift}",
            line.table or f"{line.prelu_scale} >> {line.prelu_alpha}",
        )
        for line in report.layers
        if line.place == "engine"
    ]


def sum_rows(report) -> list[tuple[str, ...]]:
    """Bits of each layer's weights and sums on the engine."""
    return [
        (
            line.name,
            f"{line.weight_bits}",
            f"{line.used_bits}",
            "-" if line.proved_bits is None else f"{line.proved_bits}",
            line.sums or f"{line.accumulator} bits",
            count(line.clipped_inputs),
        )
        for line in report.layers
        if line.place == "engine"
    ]


def table_rows(report) -> list[tuple[str, ...]]:
    """The tables that take the place of activations on the engine."""
    return [
        (
            line.name,
            line.table,
            f"+-{number(line.table_range)}",
            f"{line.table_error:.2g}",
            f"{line.table_worst:.2g}",
        )
        for line in report.layers
        if line.table is not None
    ]


def softmax_rows(report) -> list[tuple[str, ...]]:
    """Every implementation of each softmax by tables: what it loses, and what it costs."""
    return [
        (
            softmax.name,
            choice.implementation + (" (this one)" if choice.is_current else ""),
            f"{choice.error:.2g}",
            f"{choice.mean_error:.2g}",
            f"{choice.flipped:,} of {softmax.rows:,}",
            f"{choice.table_bits:,} bits",
            f"{choice.blocks}",
            f"{choice.multipliers}",
            f"{choice.row_cycles:,}",
        )
        for softmax in report.softmaxes
        for choice in softmax.choices
    ]


def place_rows(report) -> list[tuple[str, str, str]]:
    """Every layer of the model, also those that are folded into others."""
    on_maps = {line.name for line in report.layers if line.place == "maps"}

    def reason(line):
        is_dense = line.shape is not None and line.name not in on_maps
        return f"dense, {line.reason}" if is_dense else line.reason

    return [(line.name, line.place, reason(line)) for line in report.places]


def on_engine(report) -> str:
    """Such as ``4 of 7``, counted as :meth:`xfblas.CompiledModel.summary` counts."""
    engine, steps = steps_on_engine(report.places)
    return f"{engine} of {steps}"


def choice_rows(report) -> list[tuple[str, ...]]:
    """What each choice of bits costs against the finest."""
    known = [one.decibels for one in report.alternatives if one.decibels is not None]
    best = max(known, default=None)
    return [
        (
            one.name + (" (this one)" if one.is_current else ""),
            decibels(one.decibels),
            "-" if one.decibels is None else decibels(one.decibels - best),
            "-" if one.agreement is None else percent(one.agreement),
            "-" if one.accuracy is None else percent(one.accuracy),
            f"{one.products:,}",
        )
        for one in report.alternatives
    ]


def decibels(value: float | None, unit: str = " dB") -> str:
    """Decibels as text: ``exact`` for none lost, ``-`` where there are none."""
    if value is None or math.isnan(value):
        return "-"
    return "exact" if math.isinf(value) else f"{value:.1f}{unit}"


def percent(share: float) -> str:
    """Never 100 % where one of a million is missing."""
    shown = f"{100 * share:.2f}"
    return f"{'99.99' if shown == '100.00' and share < 1 else shown} %"


def number(value: float | None) -> str:
    """Four digits of a number, ``-`` for None."""
    return "-" if value is None else f"{value:.4g}"


def count(value: int | None) -> str:
    """A whole number with separators, ``-`` for None."""
    return "-" if value is None else f"{value:,}"


def scale_text(line) -> str:
    """The scale of a line, or its range where columns have their own."""
    low, high = f"{line.scale_low:.4g}", f"{line.scale_high:.4g}"
    return low if low == high else f"{low}-{high}"
