"""A layer's settings, read from its configuration and checked."""

import math

import numpy as np

from xfblas.layers.operation import CannotRun

#: No setting of a layer that this package computes comes near; more would exhaust the memory.
LARGEST_SETTING = 2**24


def number(value: object, default: float | None) -> float | None:
    """A number of a configuration; some Keras versions wrap it as a numpy value in a dict."""
    value = _unwrapped(value)
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()  # Keras 2.12 and before it, of a model in memory.
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise CannotRun(f"its configuration has {value!r} where a number is expected")
    if not math.isfinite(value):
        raise CannotRun(f"its configuration has {value}, expected a finite number")
    return float(value)


def numbers(value: object, default: float) -> np.ndarray:
    """Like :func:`number`, of a nested list; float64."""
    value = _unwrapped(value)
    if value is None:
        value = default
    if hasattr(value, "dtype"):
        value = np.asarray(value).tolist()
    try:
        array = np.array(value)
    except ValueError:
        array = np.array(None)
    if array.dtype.kind not in "if" or array.size == 0 or not np.isfinite(array).all():
        raise CannotRun(f"its configuration has {str(value)[:60]} where numbers are expected")
    return array.astype(np.float64)


def _unwrapped(value):
    while isinstance(value, dict):
        value = value.get("value", value.get("config"))
    return value


def whole(config: dict, key: str, smallest: int, default: int | None = None) -> int:
    """A whole number of a configuration, between ``smallest`` and :data:`LARGEST_SETTING`."""
    return checked_whole(config.get(key, default), key, smallest)


def checked_whole(value: object, what: str, smallest: int) -> int:
    """``value``, if it is a whole number between ``smallest`` and :data:`LARGEST_SETTING`."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not smallest <= value <= LARGEST_SETTING:
        raise CannotRun(
            f"{what} is {str(value)[:60]}, expected a whole number from {smallest} to "
            f"{LARGEST_SETTING}"
        )
    return value


def row_axes(config: dict, default: object = -1) -> list[int]:
    """The axes that a configuration names, which must not be the batch, axis 0."""
    axis = config.get("axis", default)
    axes = list(axis) if isinstance(axis, (list, tuple)) else [axis]
    if not axes or any(isinstance(a, bool) or not isinstance(a, int) or a == 0 for a in axes):
        raise CannotRun(f"axis is {axis!r}, expected axes of the row")
    if len(set(axes)) < len(axes) or any(abs(a) > 32 for a in axes):
        raise CannotRun(f"axis is {axis!r}, expected different axes of the row")
    return axes


def require_channels_last(config: dict) -> None:
    """Raises unless a layer's channels are its last axis."""
    if config.get("data_format", config.get("dim_ordering")) in ("channels_first", "th"):
        raise CannotRun("data_format is channels_first, which reorders the values")


def gamma_beta(config: dict) -> tuple[str, ...]:
    """Those of the two weights of a normalization that it has."""
    kinds = (("gamma", "scale"), ("beta", "center"))
    return tuple(kind for kind, key in kinds if config.get(key, True))
