"""The entry: a float network and typical rows in, integers out."""

from typing import Any

import numpy as np

from xfblas.arrays import as_rows
from xfblas.checks import require_names, require_switch
from xfblas.errors import InvalidValueError
from xfblas.graph import Network
from xfblas.quantization.calibrated import quantize_calibrated
from xfblas.quantization.calibration_check import far_from_goal, still_features, tell
from xfblas.quantization.comparison import compare
from xfblas.quantization.gemx import quantize_gemx
from xfblas.quantization.layers import QuantizedNetwork
from xfblas.quantization.options import BY_LAYERS, Options, takes
from xfblas.quantization.preparation import prepare
from xfblas.rows.columns import column_names


@takes(Options)
def quantize(
    network: Network, rows: Any, *, strict: bool = False, **options: Any
) -> QuantizedNetwork:
    """Quantizes a network with scales from calibration rows.

    No input whatever makes a sum overflow: that is proved from the weights, and each layer's
    summary says within how many bits. Defaults that are None depend on ``bits``, or on what the
    network needs: see :mod:`~xfblas.quantization.search`.

    Args:
        network: float layers.
        rows: (m, k) typical inputs, or an iterator of such chunks; a million rows take no more
            memory than a chunk.
        strict: whether rows that tell too little are an error instead of a warning.
        **options: what and how:

    Raises:
        InvalidValueError: rows are empty, not finite, or of another width; an option is unknown or
            has no such value.
        UnsupportedModelError: an activation cannot be expressed, or a layer has so many inputs that
            its sums cannot fit the accumulator.
        CalibrationError: with ``strict``, of rows in which features never vary, that reach no unit
            of a layer, or whose own logits are far below the goal.

    Warns:
        CalibrationWarning: of the same, without ``strict``.
    """
    require_switch("strict", strict)
    quantized, found = quantize_and_check(network, rows, **options)
    tell(found, strict)
    return quantized


def quantize_and_check(
    network: Network,
    rows: Any,
    *,
    names: Any = None,
    are_features: bool = True,
    chains: int = 1,
    **options: Any,
) -> tuple[QuantizedNetwork, list[str]]:
    """:func:`quantize`, and what there is to :func:`tell`.

    Args:
        network, rows, options: as for :func:`quantize`.
        names, are_features: as for :func:`~xfblas.quantization.calibration_check.findings`.
        chains: how many the model has, whose errors add up.
    """
    if not isinstance(network, Network):
        raise InvalidValueError(
            f"network is a {type(network).__name__}, expected a Network: xfblas.read_network makes "
            "one of a Keras model or file, and xfblas.compile takes these themselves"
        )
    if names is None and are_features:
        names = column_names(rows)
    if names is not None and len(names) != network.input_units:
        names = None
    chosen = Options.of(options)
    for name in BY_LAYERS:
        require_names(name, getattr(chosen, name) or (), [layer.name for layer in network.layers])
    if chosen.method == "calibrated":
        told = {"names": names, "are_features": are_features}
        return quantize_calibrated(network, rows, chosen, chains, **told)
    others = sorted(set(options) - {"method", "bits", "legacy"})
    if others or options.get("legacy") is False:
        raise InvalidValueError(
            f"{', '.join(others) or 'legacy=False'} was given with method 'gemx', which has a "
            "fixed scheme with wrapping arithmetic and takes bits alone"
        )
    network.require_no_tables("method 'gemx'")
    rows = as_rows("calibration", rows, network.input_units, np.float32)
    quantized = quantize_gemx(network, rows, chosen.bits)
    ends = rows.min(axis=0).astype(np.float64), rows.max(axis=0).astype(np.float64)
    first = prepare(network, "prelu")[0][0]
    found = still_features(*ends, len(rows), first, names, are_features)
    reached = compare(network, quantized, rows).decibels
    return quantized, found + far_from_goal(first.name, reached, chosen)
