"""The report's plots, as SVG text that an HTML page holds."""

import itertools

import numpy as np

from xfblas.reporting.figure import empty_figure, locator, short, svg

#: Colours that differ for colour-blind readers as well.
FLOAT, QUANTIZED, WARNING, RANGE = "#8a8f98", "#2563a8", "#c2410c", "#e3e6ea"
#: Inches of the plots that have a row for each layer.
WIDE = 6.6


def boxes(rows: list[tuple[str, np.ndarray, float]], title: str, label: str) -> str:
    """Sizes in steps as boxes over a grey one each, which is the range that can be held.

    Args:
        rows: name, sizes above 0, and the largest size that can be held, of each layer.
        title, label: of the plot and its axis.
    """
    figure, axes = empty_figure(WIDE, 1.1 + 0.34 * len(rows))
    ends = np.log2([levels for _, _, levels in rows])
    axes.barh(range(len(rows)), ends, 0.92, color=RANGE, zorder=0)
    statistics = [_box(name, np.log2(sizes)) for name, sizes, _ in rows if len(sizes)]
    positions = [index for index, (_, sizes, _) in enumerate(rows) if len(sizes)]
    if statistics:
        axes.bxp(
            statistics,
            positions=positions,
            orientation="horizontal",
            showfliers=False,
            widths=0.55,
            patch_artist=True,
            boxprops={"facecolor": "#bcd3ea", "edgecolor": QUANTIZED},
            medianprops={"color": QUANTIZED, "linewidth": 2},
            whiskerprops={"color": QUANTIZED},
            capprops={"color": QUANTIZED},
        )
    low = min((entry["whislo"] for entry in statistics), default=0)
    high = max((entry["whishi"] for entry in statistics), default=0)
    axes.set_xlim(max(min(low, 0) - 0.7, -12), max(high, *ends) + 0.7)
    axes.set_yticks(range(len(rows)), [short(name) for name, _, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.xaxis.set_major_locator(locator(2))
    axes.xaxis.set_major_formatter(lambda value, _: f"$2^{{{value:.0f}}}$")
    axes.set_xlabel(label)
    axes.grid(axis="y", visible=False)
    return svg(figure, axes, title)


def layer_decibels(layers, bits: int) -> str:
    """Bars of each layer's signal to noise."""
    known = [line for line in layers if line.decibels is not None and np.isfinite(line.decibels)]
    figure, axes = empty_figure(WIDE, 1.1 + 0.34 * len(known))
    colors = [QUANTIZED if line.place == "engine" else FLOAT for line in known]
    bars = axes.barh(range(len(known)), [line.decibels for line in known], 0.6, color=colors)
    texts = axes.bar_label(bars, [f"{line.decibels:.1f}" for line in known], padding=-4, fontsize=8)
    for text in texts:
        # Within the bar, where no line crosses it.
        text.set(color="white", ha="right")
    goal = 80 if bits == 16 else 35
    axes.axvline(goal, color=WARNING, linewidth=1, linestyle="--")
    axes.set_yticks(range(len(known)), [short(line.name) for line in known])
    axes.set_ylim(len(known) - 0.5, -0.5)
    axes.set_xlim(0, max([goal, *(line.decibels for line in known)]) * 1.04)
    axes.set_xlabel(f"dB against the float model (blue: engine, grey: host; line: {goal} dB)")
    axes.grid(axis="y", visible=False)
    return svg(figure, axes, "Signal to noise after each layer")


def accumulator(layers) -> str:
    """Bits of the sums: proved, and seen on the data."""
    known = [line for line in layers if line.place == "engine"]
    figure, axes = empty_figure(WIDE, 1.3 + 0.34 * len(known))
    where = np.arange(len(known))
    proved = [line.proved_bits or 0 for line in known]
    axes.barh(where, proved, 0.66, color="#bcd3ea", label="proved for every input")
    axes.barh(where, [line.used_bits for line in known], 0.3, color=QUANTIZED, label="seen")
    limit = max(line.accumulator for line in known)
    axes.axvline(limit, color=WARNING, linewidth=1, linestyle="--", label=f"{limit} bits")
    axes.set_xlim(0, limit * 1.06)
    axes.set_yticks(where, [short(line.name) for line in known])
    axes.set_ylim(len(known) - 0.5, -0.5)
    axes.set_xlabel("bits of the sums")
    axes.grid(axis="y", visible=False)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.55 / figure.get_figheight()), ncols=3)
    return svg(figure, axes, "Occupancy of the accumulator")


def calibration_curve(curves: dict) -> str:
    """Predicted probability against accuracy."""
    figure, axes = empty_figure(4.4, 4.0)
    axes.plot([0, 1], [0, 1], color=RANGE, linewidth=2, zorder=0)
    for kind, color, marker in (("float", "#b6bac1", "o"), ("quantized", QUANTIZED, "x")):
        points = np.array(curves[kind])
        axes.plot(points[:, 0], points[:, 1], color=color, linewidth=1.2)
        # A point of many rows is larger: one of few tells little.
        sizes = 12 + 90 * np.sqrt(points[:, 2] / points[:, 2].max())
        axes.scatter(points[:, 0], points[:, 1], sizes, color=color, marker=marker, label=kind)
    low = min(point[0] for points in curves.values() for point in points)
    axes.set_xlim(max(0, low - 0.05), 1.02)
    axes.set_ylim(-0.02, 1.04)
    axes.set_xlabel("predicted probability")
    axes.set_ylabel("share that is right")
    axes.legend(loc="upper left", markerscale=0.6)
    return svg(figure, axes, "Calibration curve")


def scatter(expected: np.ndarray, found: np.ndarray) -> str:
    """Values of the float model against the quantized one's."""
    figure, axes = empty_figure(4.4, 4.0)
    ends = [min(expected.min(), found.min()), max(expected.max(), found.max())]
    axes.plot(ends, ends, color=RANGE, linewidth=2, zorder=0)
    # Thousands of points as a picture within the SVG: as shapes they would make it slow.
    axes.scatter(expected, found, 5, color=QUANTIZED, alpha=0.5, linewidths=0, rasterized=True)
    axes.set_xlabel("float model")
    axes.set_ylabel("quantized model")
    return svg(figure, axes, "Logits")


def residuals(expected: np.ndarray, found: np.ndarray, title: str) -> str:
    """What a softmax by tables adds to probabilities in float."""
    figure, axes = empty_figure(4.4, 4.0)
    axes.axhline(0, color=RANGE, linewidth=2, zorder=0)
    axes.scatter(expected, found, 5, color=QUANTIZED, alpha=0.5, linewidths=0, rasterized=True)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("probability in float")
    axes.set_ylabel("by tables, less that")
    return svg(figure, axes, title)


def roc(curves: dict, title: str) -> str:
    """ROC curves of every class: false positives, on a scale that shows few, and true ones."""
    figure, axes = empty_figure(4.4, 4.0)
    kinds = (("float", FLOAT, 2.4, "in float"), ("tables", QUANTIZED, 1.0, "by tables"))
    for kind, color, width, name in kinds:
        for number, (wrong, right) in enumerate(curves[kind]):
            label = None if number else f"{name}, each class against the others"
            axes.step(wrong, right, where="post", color=color, linewidth=width, label=label)
    axes.set_xscale("symlog", linthresh=1e-3)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("false positives")
    axes.set_ylabel("true positives")
    axes.legend(loc="lower right")
    return svg(figure, axes, title)


def confusion(counts: list[list[int]], classes: list[str], rows: str) -> str:
    """The confusion matrix; colour for the share of its row."""
    matrix = np.array(counts, np.float64)
    size = len(classes)
    side = min(2.2 + 0.36 * size, 7.0)
    figure, axes = empty_figure(side, side)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.15)
    if size <= 20:
        for row, column in itertools.product(range(size), range(size)):
            if matrix[row, column]:
                color = "white" if shares[row, column] > 0.6 else "#222"
                text = f"{matrix[row, column]:.0f}"
                axes.text(column, row, text, ha="center", va="center", color=color, fontsize=8)
        turned = 45 if max(map(len, classes)) > 3 else 0
        names = [short(name, 14) for name in classes]
        axes.set_xticks(range(size), names, rotation=turned, ha="right" if turned else "center")
        axes.set_yticks(range(size), names)
    axes.set_xlabel("quantized model")
    axes.set_ylabel(rows)
    axes.grid(visible=False)
    return svg(figure, axes, "Confusion")


def _box(name: str, values: np.ndarray) -> dict:
    low, first, middle, third, high = np.percentile(values, [0, 25, 50, 75, 100])
    return {"label": name, "whislo": low, "q1": first, "med": middle, "q3": third, "whishi": high}
