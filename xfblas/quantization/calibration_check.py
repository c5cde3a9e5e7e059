"""Where calibration rows tell too little, so that scales made of them may fit no other rows.

Looked for are rows in which nothing varies, single features that never vary, layers that put out
the same for every row, and logits that are far from the goal on the very rows of calibration.

Features that never vary are common in good data: border pixels are always dark, most words are in
none of some hundred texts. Such a feature is at rest, at 0 or at an end of what the others hold,
and gets as much room as they have; so it is told only where nearly all are at rest, where the
model's own layers have its mean elsewhere, or where there was no such room. Nor is one told that
the model itself takes for constant: a Normalization that saw no variance has its value for a mean,
and divides by next to nothing, so that a single step of float32 would be louder than all others.
"""

import numpy as np

from xfblas.errors import CalibrationError, CalibrationWarning
from xfblas.notices import notify
from xfblas.quantization.calibration import Calibration
from xfblas.quantization.options import GOALS, Options
from xfblas.quantization.preparation import PreparedLayer

#: Decibels below this part of the goal are far from it.
FAR = 2 / 3
#: What differs by less than this part of its size may differ by the rounding of float32 alone.
ROUNDING = 2.0**-21
#: With more of the features at rest than this, the rows hold next to nothing.
MOST_AT_REST = 0.9
#: Features that a message names.
LISTED = 5

PASS_OTHERS = "pass some hundred rows like those that will be predicted"


def is_still(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Whether what lies between two ends has not varied but for rounding; of any shape."""
    return high - low <= ROUNDING * np.maximum(np.abs(low), np.abs(high))


def findings(
    layers: list[PreparedLayer],
    seen: Calibration,
    decibels: float,
    options: Options,
    output_slope: float = 1.0,
    names=None,
    are_features=True,
) -> list[str]:
    """A sentence for each thing that stands out, with what to do.

    Args:
        layers: of the float network.
        seen: what calibration saw of them.
        decibels: of the logits of the rows, against the float network's.
        options: with the goal that they should reach.
        output_slope: what the host multiplies negative outputs by.
        names: of the features, or None.
        are_features: whether the inputs are the model's, and not what others of its layers made.
    """
    rows, where = seen.rows, layers[0].name
    found = still_features(
        seen.low, seen.high, rows, layers[0], names, are_features, seen.offset != 0
    )
    if found and is_still(seen.low, seen.high).all():
        return found  # All else follows.
    last = [np.where(end < 0, end * output_slope, end) for end in seen.ends[-1]]
    for layer, ends in zip(layers, [*seen.ends[:-1], last], strict=True):
        if is_still(*ends).all():
            found.append(
                f"{layer.name}: none of its {len(ends[0])} outputs varied in {rows} rows, as if it "
                f"were dead: {PASS_OTHERS}, or train the model again"
            )
            break
    # A higher goal than the usual one asks for what there is.
    if decibels < FAR * min(options.goal, GOALS[options.bits]):
        found.append(
            f"{where}: the logits of the calibration rows themselves are only {decibels:.1f} dB "
            f"above their error, the goal is {options.goal:.1f}: xfblas.report (or `xfblas "
            "report`) tells where they are lost and what to try"
        )
    return found


def still_features(
    low, high, rows: int, first, names=None, are_features=True, are_centred=False
) -> list[str]:
    """What is to be said of features that never varied.

    Args:
        low, high: (k,) the ends of each feature.
        rows: how many there were.
        first: the first layer.
        names, are_features: as for :func:`findings`.
        are_centred: (k,) of which features the room ends near to what they hold; one for all.
    """
    still, count = is_still(low, high), len(low)
    if still.all():
        told = f"none of its {count} inputs varied in {rows} rows" if rows > 1 else "there is 1 row"
        return [f"{first.name}: {told}, which tells no range: {PASS_OTHERS}"]
    if not are_features:
        return []
    weights = np.abs(first.kernel).max(axis=1)
    largest = np.maximum(np.abs(low), np.abs(high))
    others = float((weights * (high - low)).max())
    at_rest = np.isin(low, (low[~still].min(), high[~still].max()))
    at_rest |= weights * largest <= ROUNDING * others  # It is 0, or next to it.
    center = np.zeros(count) if first.center is None else first.center
    away = np.abs(low - center)
    at_rest &= ((center == 0) | (weights * away <= others)) & np.logical_not(are_centred)
    is_constant = (center != 0) & (away <= ROUNDING * largest)
    is_constant &= weights * np.spacing(largest.astype(np.float32)) > others / 8
    told = still & ~at_rest & ~is_constant & (weights > 0)
    if still.mean() > MOST_AT_REST:
        told = still
    if not told.any():
        return []
    shown = [
        f"{names[index] if names else f'feature {index}'} (always {low[index]:.9g})"
        for index in np.flatnonzero(told)[:LISTED]
    ]
    more = told.sum() - len(shown)
    listed = ", ".join(shown) + (f" and {more} more" if more else "")
    return [
        f"{first.name}: {told.sum()} of {count} features never varied in {rows} rows: {listed}: "
        "pass rows in which they vary, or ignore this where they never will"
    ]


def tell(found: list[str], strict: bool) -> None:
    """Warns once of all findings, if there are any.

    Raises:
        CalibrationError: instead, where ``strict`` is true.
    """
    if not found:
        return
    text = "the calibration rows tell too little:\n" + "\n".join(f"  {line}" for line in found)
    if strict:
        raise CalibrationError(text)
    notify(text, CalibrationWarning)
