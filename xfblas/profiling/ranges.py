"""``numerical``: sizes of weights and activations over what the elements can hold."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from xfblas.checks import names_keywords, require_instance, shown
from xfblas.convert.converted_model import ConvertedModel
from xfblas.errors import InvalidValueError
from xfblas.layers.placement import PREACTIVATION
from xfblas.profiling.comparison import CONVERTED
from xfblas.profiling.keras_values import get_ymodel_keras, require_keras_model
from xfblas.quantization import QuantizedMaps
from xfblas.reporting.figure import empty_figure, locator, short
from xfblas.rows.arguments import converted_inputs

PLOTS = ("boxplot", "histogram", "table")


@dataclass(frozen=True, eq=False)
class Range:
    """Sizes of one tensor.

    Attributes:
        name: of the layer, with ``/w`` and ``/b`` of its kernel and bias.
        sizes: of its values that are not 0.
        smallest, largest: the step of the elements that hold it, and the most they can; None in
            float.
    """

    name: str
    sizes: np.ndarray
    smallest: float | None = None
    largest: float | None = None

    def __str__(self) -> str:
        low, middle, high = (
            np.quantile(self.sizes, (0, 0.5, 1)) if self.sizes.size else (0.0, 0.0, 0.0)
        )
        held = ""
        if self.largest is not None:
            held = f", elements hold {self.smallest:.3g} to {self.largest:.3g}"
        return f"{self.name}: {low:.3g} to {high:.3g}, median {middle:.3g}{held}"


@names_keywords()
def ranges_of(
    model: Any = None, hls_model: ConvertedModel | None = None, X: Any = None
) -> tuple[list[Range] | None, ...]:
    """What :func:`numerical` draws, as numbers.

    Args:
        model, hls_model, X: as there.

    Returns:
        Weights of the Keras model and of the engine, activations of both; None for what was not
        asked for.

    Raises:
        InvalidValueError: neither model, none such, or the rows do not fit them.
    """
    if model is None and hls_model is None:
        raise InvalidValueError("model and hls_model are None, expected one of them")
    if model is not None:
        require_keras_model("model", model)
    if hls_model is not None:
        require_instance("hls_model", hls_model, ConvertedModel, expected=CONVERTED)
        if X is not None:
            X = converted_inputs("X", X, hls_model.compiled.graph.inputs)
    before = None if model is None else _keras_weights(model)
    after = None if hls_model is None else _engine_weights(hls_model)
    seen = None if model is None or X is None else _activations(get_ymodel_keras(model, X), {})
    held = None
    if hls_model is not None and X is not None:
        held = _activations(hls_model.trace(X)[1], _limits(hls_model))
    return before, after, seen, held


@names_keywords()
def numerical(
    model: Any = None,
    hls_model: ConvertedModel | None = None,
    X: Any = None,
    plot: str = "boxplot",
) -> Any:
    """Sizes of weights and activations, before and after quantization.

    A grey box is what the elements can hold, from one step to the largest: it must cover the box
    and its whisker to the right, or values saturate.

    Args:
        model: a keras.Model, for the float side.
        hls_model: a converted model, for the engine's side.
        X: (m, ...) rows, for activations.
        plot: ``"boxplot"``, ``"histogram"`` by powers of two, or ``"table"`` for numbers.

    Returns:
        Four matplotlib Figures: weights before and after, activations before and after; None for
        what was not asked for. With ``"table"`` a text, of what :func:`ranges_of` gives.

    Raises:
        InvalidValueError: there is no such plot; else as for :func:`ranges_of`.
        NotSupportedError: matplotlib is not installed.
    """
    if not isinstance(plot, str) or plot not in PLOTS:
        raise InvalidValueError(f"plot is {shown(plot)}, expected one of {', '.join(PLOTS)}")
    titles = ("Weights, float", "Weights, integers", "Activations, float", "Activations, engine")
    draw = _boxes if plot == "boxplot" else _histograms
    found = list(zip(ranges_of(model, hls_model, X), titles, strict=True))
    if plot == "table":
        lines = [(title, *(f"  {each}" for each in part)) for part, title in found if part]
        return "\n".join(line for part in lines for line in part)
    return tuple(draw(part, title) if part else None for part, title in found)


def _keras_weights(model: Any) -> list[Range]:
    found = []
    for layer in model.layers:
        for kind, values in zip("wb", layer.get_weights(), strict=False):
            found.append(Range(f"{layer.name}/{kind}", _sizes(values)))
    return found


def _engine_weights(hls_model: ConvertedModel) -> list[Range]:
    found = []
    for network in hls_model.compiled.networks.values():
        if isinstance(network, QuantizedMaps):
            found += _map_weights(network)
            continue
        for layer in network.layers:
            limits = (1.0, 2.0 ** (8 * layer.weights.dtype.itemsize - 1) - 1)
            is_float = layer.weights.dtype.kind == "f"
            weights = _sizes(layer.weights)
            found.append(Range(f"{layer.name}/w", weights, *((None, None) if is_float else limits)))
    return found


def _map_weights(maps: QuantizedMaps) -> list[Range]:
    """Those of each step that multiplies and is the model's: borders and copies have ones."""
    found: dict[str, list[np.ndarray]] = {}
    limits = (1.0, 2.0 ** (maps.bits - 1) - 1)
    for step in maps.network.steps:
        for name in {summary.name for summary in maps.summaries}:
            # Steps of a tensor have numbers after its name where there are several.
            if step.weights is not None and re.fullmatch(rf"{re.escape(name)}(:\d+)*", step.name):
                found.setdefault(name, []).append(_sizes(step.weights))
    return [Range(f"{name}/w", np.concatenate(sizes), *limits) for name, sizes in found.items()]


def _limits(hls_model: ConvertedModel) -> dict[str, tuple[float, float]]:
    """The step and the largest value of each layer on the engine that has scales."""
    found = {}
    activated = hls_model.settings.activations
    for network in hls_model.compiled.networks.values():
        for tensor in network.tensors if isinstance(network, QuantizedMaps) else ():
            ends = 2.0 ** (network.bits - 1) - 1 + abs(tensor.zero)
            name = tensor.name.removesuffix(PREACTIVATION)
            held = (1 / float(tensor.scale.max()), ends / float(tensor.scale.min()))
            found[activated.get(name, name) if name == tensor.name else name] = held
    for step in hls_model.compiled.graph.engine_steps:
        network = hls_model.compiled.networks.get(step.name)
        for layer, summary in zip(
            step.network.layers, network.summaries if network else (), strict=False
        ):
            ends = 2.0 ** (summary.bits - 1) - 1 + abs(summary.zero_point)
            held = (1 / summary.scale.max(), summary.windows * ends / summary.scale.min())
            name = layer.output.removesuffix(PREACTIVATION)
            found[activated.get(name, name) if name == layer.output else name] = held
    return found


def _activations(
    values: dict[str, np.ndarray], limits: dict[str, tuple[float, float]]
) -> list[Range]:
    return [Range(name, _sizes(v), *limits.get(name, (None, None))) for name, v in values.items()]


def _sizes(values: Any) -> np.ndarray:
    sizes = np.abs(np.asarray(values, np.float64)).reshape(-1)
    return sizes[sizes > 0]


def _boxes(ranges: list[Range], title: str) -> Any:
    figure, axes = empty_figure(6.6, 1.1 + 0.3 * len(ranges))
    for place, each in enumerate(ranges):
        if each.largest is not None and each.smallest is not None:
            low, high = np.log2(each.smallest), np.log2(each.largest)
            axes.barh(place, high - low, 0.9, left=low, color="#e3e6ea", zorder=0)
    filled = [place for place, each in enumerate(ranges) if each.sizes.size]
    if filled:
        axes.boxplot(
            [np.log2(ranges[place].sizes) for place in filled],
            positions=filled,
            orientation="horizontal",
            whis=(0, 100),
            widths=0.55,
        )
    axes.axvline(0, color="#c2410c", linewidth=1, linestyle="--")
    return _labelled(figure, axes, ranges, title)


def _histograms(ranges: list[Range], title: str) -> Any:
    figure, axes = empty_figure(6.6, 1.1 + 0.3 * len(ranges))
    for place, each in enumerate(ranges):
        powers = np.floor(np.log2(each.sizes))
        for power, count in zip(*np.unique(powers, return_counts=True), strict=True):
            share = count / max(1, powers.size)
            axes.barh(place, 1, 0.9 * share**0.5, left=power, color="#2563a8")
    return _labelled(figure, axes, ranges, title)


def _labelled(figure: Any, axes: Any, ranges: list[Range], title: str) -> Any:
    axes.set_yticks(range(len(ranges)), [short(each.name) for each in ranges])
    axes.set_ylim(len(ranges) - 0.5, -0.5)
    axes.xaxis.set_major_locator(locator(4))
    axes.xaxis.set_major_formatter(lambda value, _: f"$2^{{{value:.0f}}}$")
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold")
    return figure
