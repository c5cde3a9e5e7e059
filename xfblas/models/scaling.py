"""Layers that multiply each value by one constant and add another: rules, and the constants."""

from dataclasses import dataclass

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.models.affine import Affine
from xfblas.models.settings import number, numbers, row_axes
from xfblas.models.step import CannotRun, Step

#: Keras' smallest deviation to divide by, in the layer Normalization.
_SMALLEST_DEVIATION = 1e-7


@dataclass(frozen=True)
class Scaling:
    """How the constants come from the weights.

    Attributes:
        kind: 'batch', 'normalization' or 'constant' (the weights are scale and shift).
        axes: of the row that the weights belong to, counted with the batch as axis 0.
        epsilon: what 'batch' adds to the variance.
        invert: whether 'normalization' is undone.
    """

    kind: str
    axes: tuple[int, ...]
    epsilon: float = 0.0
    invert: bool = False


def batch_normalization(layer):
    """Steps of Keras' BatchNormalization of any version."""
    config = layer.config
    if config.get("mode", 0) != 0:
        raise CannotRun(f"mode {config['mode']} normalizes each batch anew, expected mode 0")
    if "mode" in config and "gamma_regularizer" not in config:
        # Those versions kept the deviation where later ones keep the variance, by the same name.
        raise CannotRun("it was saved by a Keras of before 1.1, whose statistics differ")
    if config.get("renorm") or config.get("virtual_batch_size"):
        raise CannotRun("renorm and virtual_batch_size are not supported")
    axis = config.get("axis", -1)
    if isinstance(axis, (list, tuple)) and len(axis) == 1:
        axis = axis[0]
    if isinstance(axis, bool) or not isinstance(axis, int) or axis == 0:
        raise CannotRun(f"axis is {axis!r}, expected one axis of the row")
    weights = (
        *(("gamma",) if config.get("scale", True) else ()),
        *(("beta",) if config.get("center", True) else ()),
        "moving_mean",
        "moving_variance",
    )
    epsilon = number(config.get("epsilon"), 1e-3)
    return [Step("scale", layer, Scaling("batch", (axis,), epsilon), weights)]


def normalization(layer):
    """Steps of Keras' Normalization."""
    config = layer.config
    has_none = config.get("axis", -1) in (None, [], ())
    axes = () if has_none else tuple(row_axes(config))
    if len({axis > 0 for axis in axes}) > 1:
        raise CannotRun(f"axis is {axes}, expected all of one sign")
    axes = tuple(sorted(axes))
    arrays, weights = {}, ("mean", "variance", "count")
    if config.get("mean") is not None or config.get("variance") is not None:
        weights = ()
        arrays = {kind: numbers(config.get(kind), 0.0) for kind in ("mean", "variance")}
        rank = max(array.ndim for array in arrays.values())
        if rank > len(axes):
            raise CannotRun(f"its mean has {rank} axes, expected at most {len(axes)}")
        axes = axes[len(axes) - rank :]
    scaling = Scaling("normalization", axes, invert=bool(config.get("invert")))
    return [Step("scale", layer, scaling, weights, arrays=arrays)]


def rescaling(layer):
    """Steps of Keras' Rescaling."""
    config = layer.config
    arrays = {"scale": numbers(config.get("scale"), 1.0)}
    arrays["shift"] = numbers(config.get("offset"), 0.0)
    rank = max(array.ndim for array in arrays.values())
    return [Step("scale", layer, Scaling("constant", tuple(range(-rank, 0))), arrays=arrays)]


def constants_of(step: Step, weights: dict, where: str) -> Affine:
    """The constants, float64, each with an axis for every one of the scaling's.

    Raises:
        InvalidValueError: a weight has the wrong shape, or a variance is negative.
    """
    scaling, weights = step.value, {**step.arrays, **weights}
    if scaling.kind == "constant":
        rank = len(scaling.axes)
        _require_one_shape(step, weights, where)
        values = (weights["scale"], weights["shift"])
        scale, shift = (v.reshape((1,) * (rank - v.ndim) + v.shape) for v in values)
        return _spread(Affine.of(scale, shift))
    prefix = "moving_" if scaling.kind == "batch" else ""
    mean = weights[f"{prefix}mean"].astype(np.float64)
    for kind, values in weights.items():
        wrong = values.ndim != len(scaling.axes) if kind in ("mean", "moving_mean") else False
        if wrong or (scaling.kind == "batch" and values.shape != mean.shape):
            raise wrong_shape(where, step, kind, values, f"{mean.shape[:1]}")
    _require_one_shape(step, weights, where)
    variance = weights[f"{prefix}variance"].astype(np.float64)
    divisor = variance + scaling.epsilon
    if (divisor < 0).any() or (scaling.kind == "batch" and (divisor == 0).any()):
        raise InvalidValueError(
            f"{where}: layer {step.layer}: {prefix}variance has {variance.min()}, expected 0 or "
            "more"
        )
    if scaling.kind == "normalization":
        deviation = np.maximum(np.sqrt(variance), _SMALLEST_DEVIATION)
        if scaling.invert:
            return _spread(Affine.of(deviation, mean))
        return _spread(Affine(1 / deviation, mean, np.zeros(())))
    scale = weights.get("gamma", np.float64(1)) / np.sqrt(divisor)
    return _spread(Affine(scale, mean, np.asarray(weights.get("beta", 0.0), np.float64)))


def _require_one_shape(step: Step, weights: dict, where: str) -> None:
    try:
        np.broadcast_shapes(*(values.shape for values in weights.values()))
    except ValueError:
        shapes = ", ".join(f"{kind} {values.shape}" for kind, values in weights.items())
        raise InvalidValueError(
            f"{where}: layer {step.layer} has {shapes}, expected constants that fit each other"
        ) from None


def _spread(affine: Affine) -> Affine:
    """All three of one shape."""
    return Affine(*np.broadcast_arrays(affine.scale, affine.center, affine.shift))


def placed(step: Step, values: np.ndarray, shape: tuple, where: str) -> np.ndarray:
    """The constants with an axis for each of the row's: of size 1 where they do not differ.

    Args:
        shape: of the row; None for an open size.

    Raises:
        CannotRun: the row has no such axis.
        InvalidValueError: the constants are not as many as the row's values there.
    """
    sizes = [1] * len(shape)
    axes = step.value.axes
    for axis, size in zip(axes, values.shape, strict=True):
        index = axis - 1 if axis > 0 else axis + len(shape)
        if not 0 <= index < len(shape):
            given = axes[0] if len(axes) == 1 else axes
            raise CannotRun(f"axis is {given}, but a row has the shape {shape}")
        if shape[index] not in (None, size) and size != 1:
            kind = {"batch": "moving_mean", "normalization": "mean"}.get(step.value.kind, "scale")
            raise wrong_shape(where, step, kind, values, f"({shape[index]},)")
        sizes[index] = size
    return values.reshape(sizes)


def wrong_shape(where: str, step: Step, kind: str, values: np.ndarray, expected: str):
    """The error of a weight whose shape does not fit."""
    return InvalidValueError(
        f"{where}: layer {step.layer}: {kind} has shape {values.shape}, expected {expected}"
    )


SCALING_RULES = {
    "BatchNormalization": batch_normalization,
    "BatchNormalizationV1": batch_normalization,
    "BatchNormalizationV2": batch_normalization,
    "Normalization": normalization,
    "Rescaling": rescaling,
}
