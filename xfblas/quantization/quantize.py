"""The entry: a float network and typical rows in, integers out."""

from typing import Any

import numpy as np

from xfblas.arrays import as_rows
from xfblas.errors import InvalidValueError
from xfblas.models import Network
from xfblas.quantization.calibrated import quantize_calibrated
from xfblas.quantization.calibration_check import far_from_goal, still_features, tell
from xfblas.quantization.comparison import compare
from xfblas.quantization.gemx import quantize_gemx
from xfblas.quantization.layers import QuantizedNetwork
from xfblas.quantization.option_checks import check_names, require_switch
from xfblas.quantization.options import METHODS, Options
from xfblas.quantization.preparation import prepare
from xfblas.rows.columns import column_names


def quantize(
    network: Network, rows: Any, *, method: str = "calibrated", strict: bool = False, **options: Any
) -> QuantizedNetwork:
    """Quantizes a network with scales from calibration rows.

    No input whatever makes a sum overflow: that is proved from the weights, and each layer's
    summary says within how many bits. Defaults that are None depend on ``bits``, or on what the
    network needs: see :mod:`~xfblas.quantization.search`.

    Args:
        network: float layers.
        rows: (m, k) typical inputs, or an iterator of such chunks; a million rows take no more
            memory than a chunk.
        method: 'calibrated', or 'gemx' for the public library's own scheme, which takes ``bits``
            alone of the options below.
        strict: whether rows that tell too little are an error instead of a warning.
        bits: 16 or 8, of the image's elements.
        margin: room above the largest values of the rows, as a factor of at least 1; by default as
            wide as the goal lets, and at least more the fewer rows there are.
        accumulator: 32 for sums that are proved to fit 32 bits whatever that costs, 48 for the
            finest; by default each layer's go the narrowest way that costs little, see
            :mod:`~xfblas.quantization.ways`. int8 always fits 32.
        per_channel: whether each feature has a scale of its own, folded into the weights.
        bias_correction: whether the mean error of each sum on the rows goes into its bias.
        leaky: slopes of leaky layers: 'split' for exact ones at twice the columns, 'prelu' for the
            engine's ten bits, 'auto' to split where the goal needs it.
        goal: decibels between the logits of the rows and their error: what is above goes into
            range, for what is below columns and inputs are added. By default 62 in 16 bits, which
            labels need, and 38 in 8, which is as fine as bytes are; of 16 bits that is 83. 0 adds
            nothing.
        growth: products beside the float layers' own up to which that adds; by default 1.1, and as
            many as it takes where a goal is given.
        power_of_two: whether all scales are powers of two and postScale is 1.
        legacy: use the public engine's arithmetic, which floors and wraps.

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
    quantized, found = quantize_and_check(network, rows, method=method, **options)
    tell(found, strict)
    return quantized


def quantize_and_check(
    network: Network,
    rows: Any,
    *,
    method: str = "calibrated",
    names: Any = None,
    are_features: bool = True,
    **options: Any,
) -> tuple[QuantizedNetwork, list[str]]:
    """:func:`quantize`, and what there is to :func:`tell`.

    Args:
        network, rows, method, options: as for :func:`quantize`.
        names, are_features: as for :func:`~xfblas.quantization.calibration_check.findings`.
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
    if method not in METHODS:
        raise InvalidValueError(f"method is {method!r}, expected one of {', '.join(METHODS)}")
    check_names(options, Options)
    chosen = Options(**options)
    if method == "calibrated":
        return quantize_calibrated(network, rows, chosen, names=names, are_features=are_features)
    others = sorted(set(options) - {"bits", "legacy"})
    if others or options.get("legacy") is False:
        raise InvalidValueError(
            f"{', '.join(others) or 'legacy=False'} was given with method 'gemx', which has a "
            "fixed scheme with wrapping arithmetic and takes bits alone"
        )
    rows = as_rows("calibration", rows, network.input_units, np.float32)
    quantized = quantize_gemx(network, rows, chosen.bits)
    ends = rows.min(axis=0).astype(np.float64), rows.max(axis=0).astype(np.float64)
    first = prepare(network, "prelu")[0][0]
    found = still_features(*ends, len(rows), first, names, are_features)
    reached = compare(network, quantized, rows).decibels
    return quantized, found + far_from_goal(first.name, reached, chosen)
