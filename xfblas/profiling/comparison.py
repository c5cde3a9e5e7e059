"""A converted model's layers against Keras' own."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from xfblas.checks import names_keywords, require_instance, shown
from xfblas.convert.converted_model import ConvertedModel
from xfblas.errors import InvalidValueError
from xfblas.profiling.keras_values import get_ymodel_keras
from xfblas.quantization import decibels
from xfblas.reporting.figure import empty_figure, short
from xfblas.reporting.text import decibels as text_of_decibels
from xfblas.rows.arguments import converted_inputs

PLOTS = ("dist_diff", "norm_diff", "table")
CONVERTED = "what xfblas.convert_from_keras_model gives"


@dataclass(frozen=True, eq=False)
class LayerDifference:
    """One layer of both models.

    Attributes:
        name: as configurations call it.
        decibels: of Keras' values above the difference; infinite where there is none.
        norm: of the difference, over all rows.
        largest: size of a difference.
        differences: of each value, over the largest size of Keras' values of that place.
    """

    name: str
    decibels: float
    norm: float
    largest: float
    differences: np.ndarray


@dataclass(frozen=True, eq=False)
class Comparison:
    """Both models, layer by layer.

    Attributes:
        layers: those that both have values of, in order.
        folded: names that only Keras has values of, as the engine computes them within others.
    """

    layers: tuple[LayerDifference, ...]
    folded: tuple[str, ...]

    def __str__(self) -> str:
        width = max(len(layer.name) for layer in self.layers)
        lines = [f"{'layer':{width}}  {'signal / error':>14}  {'norm':>10}  {'largest':>10}"]
        for layer in self.layers:
            text = text_of_decibels(layer.decibels)
            lines.append(
                f"{layer.name:{width}}  {text:>14}  {layer.norm:10.4g}  {layer.largest:10.4g}"
            )
        if self.folded:
            lines.append(f"within others: {', '.join(self.folded)}")
        return "\n".join(lines)

    def plot(self, plot_type: str = "dist_diff") -> Any:
        """A matplotlib Figure: boxes of the differences, or bars of their norms.

        Raises:
            NotSupportedError: matplotlib is not installed.
        """
        figure, axes = empty_figure(6.6, 1.1 + 0.34 * len(self.layers))
        places = range(len(self.layers))
        if plot_type == "norm_diff":
            axes.barh(places, [layer.norm for layer in self.layers], 0.6, color="#2563a8")
            axes.set_xlabel("norm of the difference")
        else:
            axes.boxplot(
                [layer.differences for layer in self.layers],
                positions=list(places),
                orientation="horizontal",
                showfliers=False,
            )
            axes.set_xlabel("difference / largest value of the same place")
        axes.set_yticks(places, [short(layer.name) for layer in self.layers])
        axes.set_ylim(len(self.layers) - 0.5, -0.5)
        axes.set_title("Keras and the engine, layer by layer", loc="left", fontsize=10)
        return figure


@names_keywords()
def compare(
    keras_model: Any, hls_model: ConvertedModel, X: Any, plot_type: str = "dist_diff"
) -> Any:
    """How far each layer of a converted model is from Keras' own.

    Args:
        keras_model: the keras.Model that was converted.
        hls_model: what :func:`xfblas.convert_from_keras_model` made of it.
        X: (m, ...) rows.
        plot_type: ``"dist_diff"`` for boxes of the differences of each layer, ``"norm_diff"`` for
            bars of their norms, ``"table"`` for numbers.

    Returns:
        A matplotlib Figure; with ``"table"`` a :class:`Comparison`, which prints as one.

    Raises:
        InvalidValueError: no such plot, no such models, the rows do not fit them, or the two have
            no layer in common.
        NotSupportedError: a figure, but matplotlib is not installed.
    """
    if not isinstance(plot_type, str) or plot_type not in PLOTS:
        raise InvalidValueError(
            f"plot_type is {shown(plot_type)}, expected one of {', '.join(PLOTS)}"
        )
    require_instance("hls_model", hls_model, ConvertedModel, expected=CONVERTED)
    # In the order of columns that it was calibrated with, as Keras was trained.
    rows = converted_inputs("X", X, hls_model.compiled.graph.inputs)
    expected = get_ymodel_keras(keras_model, rows)
    _, found = hls_model.trace(rows)
    names = [name for name in expected if name in found]
    if not names:
        raise InvalidValueError(
            f"hls_model has values of {', '.join(found)}, but keras_model of {', '.join(expected)}"
        )
    layers = tuple(_difference(name, expected[name], found[name]) for name in names)
    result = Comparison(layers, tuple(name for name in expected if name not in found))
    return result if plot_type == "table" else result.plot(plot_type)


def _difference(name: str, expected: np.ndarray, found: np.ndarray) -> LayerDifference:
    expected = expected.reshape(len(expected), -1).astype(np.float64)
    error = found.reshape(len(found), -1) - expected
    size = np.abs(expected).max(axis=0, initial=0.0)
    relative = np.abs(error) / np.where(size > 0, size, 1)
    largest, norm = float(np.abs(error).max(initial=0.0)), float(np.linalg.norm(error))
    ratio = decibels(expected, expected + error)
    return LayerDifference(name, ratio, norm, largest, relative.reshape(-1))
