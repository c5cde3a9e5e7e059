"""The entry: a float network and typical rows in, integers out."""

import dataclasses

import numpy as np

from xfblas.arrays import as_rows
from xfblas.columns import column_names
from xfblas.errors import InvalidValueError
from xfblas.models import Network
from xfblas.quantization.calibrated import quantize_calibrated
from xfblas.quantization.calibration_check import still_features, tell
from xfblas.quantization.gemx import quantize_gemx
from xfblas.quantization.layers import QuantizedNetwork
from xfblas.quantization.option_checks import require_switch
from xfblas.quantization.options import METHODS, Options
from xfblas.quantization.preparation import prepare


def quantize(
    network: Network, rows, *, method: str = "calibrated", strict: bool = False, **options
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
        activations: how far values reach: 'minmax' of the rows, or clipped by 'percentile', 'mse'
            (least squares) or 'entropy'.
        weights: likewise 'minmax', 'percentile' or 'mse'.
        margin: room above that, as a factor of at least 1; by default more the fewer rows there
            are, and 1 for what clips.
        percentile: for the methods of that name, above 0 and up to 100.
        accumulator: 48, or 32 for sums that are proved to fit 32 bits; int8 always fits 32.
        per_channel: whether each feature has a scale of its own, folded into the weights.
        equalize: how these are chosen: 'noise' for the least, or a number from 0 (one scale for
            all) to 1 (each at its finest); True is 0.5 and False is 1.
        bias_correction: whether the mean error of each sum on the rows goes into its bias.
        rounding: of weights: 'nearest', or 'compensated' for the least error on the rows.
        leaky: slopes of leaky layers: 'split' for exact ones at twice the columns, 'prelu' for the
            engine's ten bits, 'auto' to split where those are not close.
        relu: 'prelu' for the engine's, 'saturation' for twice the steps, 'auto' for the better.
        goal: decibels between the logits of the rows and their error up to which columns and inputs
            are added, by default 83 in 16 bits and 38 in 8; 0 adds none, which is fastest.
        input_base: of the low digit that inputs get where they need one; 0 for none. This and the
            next four are searched where they are None.
        input_copies: whether features with outstanding weights may take several inputs.
        output_windows: columns for each output, so that outputs are finer than an element; so many
            at most, where X has room for their offsets.
        hidden_windows: the same for the outputs of ReLU layers before the last.
        constants: whether constant columns may carry what the 32 bits of X cannot.
        power_of_two: whether all scales are powers of two and postScale is 1.
        legacy: use the public engine's arithmetic, which floors and wraps.

    Raises:
        InvalidValueError: rows are empty, not finite, or of another width; an option is unknown or
            has no such value; clipping is asked of arithmetic that wraps.
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
    network: Network, rows, *, method: str = "calibrated", names=None, are_features=True, **options
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
    known = [field.name for field in dataclasses.fields(Options)]
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise InvalidValueError(
            f"{', '.join(unknown)} is not an option of quantize, expected {', '.join(known)}"
        )
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
    return quantized, still_features(*ends, len(rows), first, names, are_features)
