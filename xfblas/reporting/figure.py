"""An empty figure in the report's manner, and its way to SVG text."""

import io
import re

from xfblas.errors import NotSupportedError


def figure_class():
    """Matplotlib's Figure.

    Raises:
        NotSupportedError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise NotSupportedError(
            f"plots need matplotlib ({error}): pip install matplotlib"
        ) from None
    return Figure


def empty_figure(width: float, height: float):
    """A figure and its axes, of so many inches.

    Raises:
        NotSupportedError: matplotlib is not installed.
    """
    # No pyplot: its figures belong to the process, and a program may be drawing others.
    figure = figure_class()((width, height), layout="constrained")
    axes = figure.subplots()
    axes.set_axisbelow(True)
    axes.grid(color="#d5d9de", linewidth=0.6)
    axes.tick_params(labelsize=8, length=0)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    return figure, axes


def locator(step: int):
    """What puts a tick at every multiple of ``step``."""
    from matplotlib.ticker import MultipleLocator

    return MultipleLocator(step)


def short(name: str, length: int = 24) -> str:
    """A name as labels show it, cut where it is long."""
    # A dollar would be taken for mathematics.
    shown = name if len(name) <= length else f"{name[: length - 1]}…"
    return shown.replace("$", r"\$")


def svg(figure, axes, title: str) -> str:
    """A figure as the text of an SVG element, with its title."""
    import matplotlib

    axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
    axes.xaxis.label.set_size(8.5)
    axes.yaxis.label.set_size(8.5)
    legend = axes.get_legend()
    if legend is not None:
        legend.set_frame_on(False)
        for text in legend.get_texts():
            text.set_fontsize(8)
    written = io.StringIO()
    # Text stays text, and the same numbers give the same file.
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": title}):
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    text = written.getvalue()
    # Of the file only the drawing: no document type that names an address.
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return text.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)
