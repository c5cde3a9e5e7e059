"""Formats and multipliers of a softmax by tables, for a network and its calibration rows.

What the settings leave open is chosen so:

    stable   differences of logits up to 16, beyond which an exponential is below 2**-23; entries of
             17 bits, which one DSP multiplies; sums up to twice those of the calibration rows,
             since of many classes most are seldom near the largest, and steps should be short
    legacy   the ranges that it is known with: differences within +-8, sums up to 64
    latency  whatever formats of the exponentials and of their sums give the least error on the
             calibration rows: large logits overflow and small sums are coarse, without the
             largest logit taken away
    argmax   logits without rounding

A logit's grid is that of the exp table's argument; multipliers turn the last layer's integers into
it, with one shift for all columns and 17 bits for the largest of them.
"""

import dataclasses
import itertools
import math

import numpy as np

from xfblas.errors import InvalidValueError, UnsupportedModelError
from xfblas.layers.activations import HOST_FUNCTIONS
from xfblas.quantization.layers import QuantizedNetwork
from xfblas.quantization.output_windows import joining_offset
from xfblas.quantization.softmax_settings import ENTRY_BITS, Fixed, SoftmaxSettings
from xfblas.quantization.softmax_tables import (
    MOST_CLASSES,
    MULTIPLIER_BITS,
    SHIFTS,
    SoftmaxTables,
    exp_table,
    inv_table,
)

#: Bits that one DSP multiplies by another 17.
FACTOR_BITS = 17
#: How much farther than the sample logits are expected to reach.
FARTHER = 1.25
#: Logits that formats are chosen with.
VALUES = 50_000


def choose_softmax(
    settings: SoftmaxSettings, network: QuantizedNetwork, elements: np.ndarray
) -> SoftmaxTables:
    """The tables of a network whose last layer is followed by a softmax.

    Args:
        settings: what was asked for.
        network: quantized from calibration rows.
        elements: what its last layer gave for rows, (m, k) of its element type.

    Raises:
        UnsupportedModelError: the engine cannot compute this network's softmax.
        InvalidValueError: the formats cannot be used together.
    """
    _require_fit(network)
    logits = network.logits(elements)
    if settings.implementation == "latency":
        stride = -(-logits.size // VALUES)
        settings = _least_error(settings, network, elements[::stride])
    else:
        settings = _with_defaults(settings, logits.shape[1], 0, _sum_bits(logits))
    found = _tables(settings, network)
    error, flipped = softmax_errors(found, elements, logits)
    return dataclasses.replace(found, error=error, flipped=flipped, rows=len(elements))


def softmax_errors(
    tables: SoftmaxTables, elements: np.ndarray, logits: np.ndarray
) -> tuple[float, int]:
    """The largest difference to softmax in float, and how many labels are others."""
    found = tables.values(tables.apply(elements))
    expected = HOST_FUNCTIONS["softmax"](logits.astype(np.float64))
    flipped = found.argmax(axis=1) != logits.argmax(axis=1)
    return float(np.abs(found - expected).max(initial=0.0)), int(flipped.sum())


def _sum_bits(logits: np.ndarray) -> int:
    """Integer bits for twice the largest sum of exponentials below the largest one."""
    sums = np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1)
    most = logits.shape[1].bit_length()
    return min(math.ceil(math.log2(2 * float(sums.max(initial=1.0)))), most)


def _require_fit(network: QuantizedNetwork) -> None:
    classes = network.output_units // network.output_windows
    if network.dtype.kind != "i" or network.output_scale is None:
        raise UnsupportedModelError(
            "softmax by tables needs an int16 or int8 image and scales from calibration"
        )
    if network.output_slope != 1:
        raise UnsupportedModelError(
            "softmax by tables cannot follow a leaky layer whose slope the host computes"
        )
    if classes > MOST_CLASSES:
        raise UnsupportedModelError(
            f"softmax by tables takes {MOST_CLASSES} classes at most, the model has {classes}"
        )


def _with_defaults(
    settings: SoftmaxSettings, classes: int, powers: int, sums: int
) -> SoftmaxSettings:
    """Settings without gaps.

    Args:
        settings: with or without.
        classes: of a row.
        powers: of two that exponentials reach up to.
        sums: integer bits of what the inverses are looked up with.
    """
    is_legacy = settings.implementation == "legacy"
    if is_legacy:
        powers, sums = 5, 6
    norm = {"stable": Fixed(16, 4), "latency": Fixed(18, 6, True), "legacy": Fixed(18, 4, True)}
    exp = settings.exp_table or Fixed(FACTOR_BITS, powers + 1)
    accum_integer = exp.integer - exp.signed + classes.bit_length()
    accum = Fixed(min(accum_integer + exp.fraction, 32), accum_integer)
    defaults = {
        "exp_table": exp,
        "inp_norm": norm.get(settings.implementation, Fixed(16, 4)),
        "accum": accum,
        "inv_inp": Fixed(ENTRY_BITS, sums),
        "inv_table": Fixed(FACTOR_BITS, 1),
    }
    missing = {name: v for name, v in defaults.items() if getattr(settings, name) is None}
    return dataclasses.replace(settings, **missing)


def _least_error(
    settings: SoftmaxSettings, network: QuantizedNetwork, elements: np.ndarray
) -> SoftmaxSettings:
    most = np.iinfo(elements.dtype).max
    # Others reach farther than the sample, and what overflows is far off.
    farther = np.clip(elements * FARTHER, -most, most).astype(elements.dtype)
    elements = np.concatenate([elements, farther])
    logits = network.logits(elements)
    classes = logits.shape[1]
    expected = HOST_FUNCTIONS["softmax"](logits.astype(np.float64))
    best, least = None, math.inf
    for powers, room, whole in itertools.product(range(0, 17, 2), range(3), (1, 4)):
        full = _with_defaults(settings, classes, powers, powers + 1 + room)
        if settings.inv_table is None:
            full = dataclasses.replace(full, inv_table=Fixed(FACTOR_BITS, whole))
        tables = _tables(full, network)
        # The largest errors count most.
        error = float(((tables.values(tables.apply(elements)) - expected) ** 4).sum())
        if error < least:
            best, least = full, error
    assert best is not None
    return best


def _tables(settings: SoftmaxSettings, network: QuantizedNetwork) -> SoftmaxTables:
    exp, inv, norm = settings.exp_table, settings.inv_table, settings.inp_norm
    accum, index = settings.accum, settings.inv_inp
    assert exp and inv and norm and accum and index
    is_argmax = settings.implementation == "argmax"
    classes = network.output_units // network.output_windows
    result_bits = network.bits - 2  # 1 is an element
    product = inv.fraction + (0 if settings.implementation == "legacy" else exp.fraction)
    shifts = {
        "accum_shift": exp.fraction - accum.fraction,
        "inv_shift": accum.fraction - index.fraction,
        "result_shift": result_bits if is_argmax else product - result_bits,
    }
    low, high = SHIFTS
    for name, places in shifts.items():
        if not low <= places <= high:
            raise InvalidValueError(
                f"softmax: exp_table {exp}, accum {accum}, inv_inp {index} and inv_table {inv} lie "
                f"too far apart: {name} is {places}, expected {low} to {high} places"
            )
    sizes = (settings.exp_table_size, settings.inv_table_size)
    exp_size, inv_size = (1, 1) if is_argmax else sizes
    multipliers, scale_shift = _multipliers(network, classes, norm.fraction)
    scale_shift = 0 if is_argmax else scale_shift
    parameters = np.concatenate(
        [exp_table(settings, exp_size), inv_table(settings, inv_size), multipliers]
    )
    formats = f"exp {exp_size} x {exp} of {norm}, sum {accum}, inv {inv_size} x {inv} of {index}"
    return SoftmaxTables(
        implementation=settings.implementation,
        classes=classes,
        windows=network.output_windows,
        offset=joining_offset(network.output_windows, network.bits),
        scale_shift=scale_shift,
        exp_bits=exp_size.bit_length() - 1,
        inv_table_bits=inv_size.bit_length() - 1,
        norm_bits=norm.width if settings.is_signed else norm.magnitude,
        accum_bits=accum.magnitude,
        inv_bits=index.magnitude,
        result_bits=result_bits,
        parameters=parameters.astype(np.int32),
        formats="" if is_argmax else formats,
        exp_width=exp.magnitude,
        inv_width=inv.magnitude,
        **shifts,
    )


def _multipliers(network: QuantizedNetwork, classes: int, fraction: int) -> tuple:
    """A multiplier for each class, and the shift of all of them."""
    assert network.output_scale is not None
    scales = np.broadcast_to(np.asarray(network.output_scale, np.float64), (classes,))
    wanted = 2.0**fraction / scales
    shift = MULTIPLIER_BITS - 1 - math.floor(math.log2(wanted.max()))
    if shift < 0:
        raise UnsupportedModelError(
            f"softmax by tables: an integer of the logits is {1 / scales.min():.3g}, so much that "
            "a multiplier of 17 bits cannot hold it"
        )
    shift = min(shift, SHIFTS[1])
    found = np.minimum(np.rint(wanted * 2.0**shift), 2**MULTIPLIER_BITS - 1)
    return found.astype(np.int64), shift
