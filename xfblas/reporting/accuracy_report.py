"""What a report tells of a model, and the forms that it takes."""

import json
import math
import os
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from xfblas.compiled.layer_table import Line
from xfblas.files import write_text
from xfblas.files.output_path import require_output
from xfblas.reporting.advice import Advice
from xfblas.reporting.alternatives import Alternative
from xfblas.reporting.layer_report import LayerReport
from xfblas.reporting.measurement import Measurement
from xfblas.reporting.observed_output import ObservedOutput
from xfblas.reporting.observed_softmax import ObservedSoftmax
from xfblas.reporting.output_report import OutputReport
from xfblas.reporting.softmax_report import SoftmaxReport


@dataclass(frozen=True, eq=False)
class Report:
    """How near a quantized model is to its float one, and what to do about it.

    A shell shows it in a line and a notebook as its page. :meth:`print` prints tables, which
    :meth:`to_text` returns; :meth:`to_html`, :meth:`to_json` and :meth:`to_dict` give all of it.

    Attributes:
        model: its name.
        bits: of an element.
        rows: of the data.
        calibration: what the scales were derived from, as text by name.
        layers: one for each layer on the engine and each step of the host, in order.
        outputs: one for each output of the model.
        alternatives: other choices of bits and accumulator; empty where none were asked for.
        advice: what hurts and what to try, worst first.
        places: where every layer of the model runs, those folded into others included.
        measurement, observed, observed_softmaxes: what the plots are drawn from.
        softmaxes: those that the engine computes by tables.
    """

    model: str
    bits: int
    rows: int
    calibration: dict[str, Any]
    layers: tuple[LayerReport, ...]
    outputs: tuple[OutputReport, ...]
    alternatives: tuple[Alternative, ...]
    advice: tuple[Advice, ...]
    places: tuple[Line, ...]
    measurement: Measurement = field(repr=False)
    observed: tuple[ObservedOutput, ...] = field(repr=False)
    softmaxes: tuple[SoftmaxReport, ...] = ()
    observed_softmaxes: tuple[ObservedSoftmax, ...] = field(default=(), repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the plots, JSON-able; infinite decibels are the text ``"inf"``."""
        kept = ("model", "bits", "rows", "calibration")
        lists = ("layers", "outputs", "alternatives", "advice", "places", "softmaxes")
        found = {name: getattr(self, name) for name in kept}
        found |= {name: [asdict(entry) for entry in getattr(self, name)] for name in lists}
        return _plain(found)

    def to_json(self, path: str | os.PathLike[str]) -> None:
        """Writes :meth:`to_dict` as a file.

        Raises:
            InvalidValueError: there is no such folder, or the name is that of a model.
            OSError: the file cannot be written; what was there is there still.
        """
        path = require_output("path", path)
        write_text(path, json.dumps(self.to_dict(), indent=1) + "\n")

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Writes one HTML file with plots, which needs nothing else to be looked at.

        Raises:
            InvalidValueError: there is no such folder, or the name is that of a model.
            NotSupportedError: matplotlib is not installed.
            OSError: the file cannot be written; what was there is there still.
        """
        from xfblas.reporting.page import page

        path = require_output("path", path)
        write_text(path, page(self))

    def to_text(self) -> str:
        """Tables of plain text."""
        from xfblas.reporting.text import tables
        from xfblas.reporting.text_table import plain_text

        return "\n".join(plain_text(table) for table in tables(self))

    def print(self) -> None:
        """Prints the tables, with rich where it is installed."""
        from xfblas.reporting.text import tables
        from xfblas.reporting.text_table import print_tables

        print_tables(tables(self))

    def __repr__(self) -> str:
        from xfblas.reporting.text import headline

        return f"<xfblas.Report {headline(self)}; print() shows tables, to_html(path) a page>"

    def _repr_html_(self) -> str:
        """What a notebook shows: the page in a frame, so that its style stays its own."""
        from xfblas.reporting.page import frame

        return frame(self)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _plain(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(entry) for entry in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
