"""Layers that multiply each value by one constant and add another: rules, and the constants."""

import math
from dataclasses import dataclass, field, replace

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.layers.affine import Affine
from xfblas.layers.host_operation import HostOperation
from xfblas.layers.operation import CannotRun, Operation, Place, reads
from xfblas.layers.settings import gamma_beta, number, numbers, row_axes

#: Keras' smallest deviation to divide by, in the layer Normalization.
_SMALLEST_DEVIATION = 1e-7


@dataclass(frozen=True, eq=False)
class Scale(Operation):
    """``(x - center) * scale + shift``, with constants that come from the layer's weights.

    Attributes:
        kind: 'batch', 'normalization' or 'constant' (the weights are scale and shift).
        axes: of the row that the weights belong to, counted with the batch as axis 0.
        arrays: what takes the place of weights and stands in the configuration.
        epsilon: what 'batch' adds to the variance.
        invert: whether 'normalization' is undone.
        affine: the constants, once it is placed, with an axis for each of the row's.
    """

    kind: str
    axes: tuple[int, ...]
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    epsilon: float = 0.0
    invert: bool = False
    affine: Affine | None = field(default=None, kw_only=True)

    @property
    def is_for_engine(self) -> bool:
        """Whether its constants are along the last axis, as a dense layer's outputs are."""
        shape = self.place.shapes[0]
        if not shape or shape[-1] is None:
            return False
        return self.affine.scale.size in (1, self.affine.scale.shape[-1])

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> "Scale":
        """See :meth:`Operation.at`."""
        shape = place.shapes[0]
        affine = constants_of(self, weights, place.where)
        affine = affine.each(lambda values: self._placed(values, shape, place.where))
        # As many constants as values tell an open size.
        told = zip(shape, affine.scale.shape, strict=True)
        shape = tuple(size if of_row is None and size > 1 else of_row for of_row, size in told)
        place = replace(place, shapes=(shape,))
        found = replace(self, affine=affine, place=place, shape=shape)
        if not found.is_for_engine:
            found = replace(found, shape=found.on_host().at(place, {}).shape)
        return found

    def _placed(self, values, shape, where):
        """The constants with an axis for each of the row's: of size 1 where they do not differ."""
        sizes = [1] * len(shape)
        for axis, size in zip(self.axes, values.shape, strict=True):
            index = axis - 1 if axis > 0 else axis + len(shape)
            if not 0 <= index < len(shape):
                given = self.axes[0] if len(self.axes) == 1 else self.axes
                raise CannotRun(f"axis is {given}, but a row has the shape {shape}")
            # What a configuration states may be one number for all, weights are never.
            if shape[index] not in (None, size) and (size != 1 or self.weights):
                kind = {"batch": "moving_mean", "normalization": "mean"}.get(self.kind, "scale")
                raise self.wrong_shape(where, kind, values, f"({shape[index]},)")
            sizes[index] = size
        return values.reshape(sizes)

    def along_last_axis(self) -> Affine:
        """The constants (n,) of an operation for the engine; (1,) of a flat row of open size."""
        units = self.place.shapes[0][-1]
        if units is None:
            return self.affine
        return self.affine.each(lambda values: np.broadcast_to(values.reshape(-1), (units,)))

    def of_flat_row(self) -> "Scale":
        """The same of rows whose axes have become one; one constant for all stays one.

        Raises:
            CannotRun: the row's size is not known.
        """
        shape, affine = self.place.shapes[0], self.affine
        units = None if None in shape else math.prod(shape)
        if affine.scale.size > 1:
            if units is None:
                raise CannotRun(f"its input has the shape {shape}, expected known sizes")
            affine = affine.each(lambda values: np.broadcast_to(values, shape))
        affine = affine.each(lambda values: values.reshape(-1))
        place = replace(self.place, shapes=((units,),))
        return replace(self, affine=affine, place=place, shape=(units,))

    def on_host(self) -> HostOperation:
        """The same as a function of the host's."""
        is_for_engine = self.is_for_engine
        affine = self.along_last_axis() if is_for_engine else self.affine
        reason = "its axis is not that of a dense layer"
        if is_for_engine:
            reason = "no dense layer before or after it could take it in"
        arrays = affine.arrays()
        return HostOperation(self.layer, "scale", {}, arrays, reason, place=self.place)


@reads("BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2")
def batch_normalization(layer):
    """Operations of Keras' BatchNormalization of any version."""
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
    weights = (*gamma_beta(config), "moving_mean", "moving_variance")
    epsilon = number(config.get("epsilon"), 1e-3)
    return [Scale(layer, "batch", (axis,), {}, epsilon, weights=weights)]


@reads("Normalization")
def normalization(layer):
    """Operations of Keras' Normalization."""
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
    invert = bool(config.get("invert"))
    return [Scale(layer, "normalization", axes, arrays, invert=invert, weights=weights)]


@reads("Rescaling")
def rescaling(layer):
    """Operations of Keras' Rescaling."""
    config = layer.config
    arrays = {"scale": numbers(config.get("scale"), 1.0)}
    arrays["shift"] = numbers(config.get("offset"), 0.0)
    rank = max(array.ndim for array in arrays.values())
    return [Scale(layer, "constant", tuple(range(-rank, 0)), arrays)]


def constants_of(operation: Scale, weights: dict, where: str) -> Affine:
    """The constants, float64, each with an axis for every one of the scaling's.

    Raises:
        InvalidValueError: a weight has the wrong shape, or a variance is negative.
    """
    weights = {**operation.arrays, **weights}
    if operation.kind == "constant":
        rank = len(operation.axes)
        _require_one_shape(operation, weights, where)
        values = (weights["scale"], weights["shift"])
        scale, shift = (v.reshape((1,) * (rank - v.ndim) + v.shape) for v in values)
        return _spread(Affine.of(scale, shift))
    prefix = "moving_" if operation.kind == "batch" else ""
    mean = weights[f"{prefix}mean"].astype(np.float64)
    if operation.weights:
        for kind, values in weights.items():
            if values.ndim != len(operation.axes) or values.shape != mean.shape:
                rank = len(operation.axes)
                wanted = mean.shape if mean.ndim == rank else f"{rank} axes"
                raise operation.wrong_shape(where, kind, values, str(wanted))
    _require_one_shape(operation, weights, where)
    variance = weights[f"{prefix}variance"].astype(np.float64)
    divisor = variance + operation.epsilon
    if (divisor < 0).any() or (operation.kind == "batch" and (divisor == 0).any()):
        raise InvalidValueError(
            f"{where}: layer {operation.layer}: {prefix}variance has {variance.min()}, expected 0 "
            "or more"
        )
    if operation.kind == "normalization":
        deviation = np.maximum(np.sqrt(variance), _SMALLEST_DEVIATION)
        if operation.invert:
            return _spread(Affine.of(deviation, mean))
        return _spread(Affine(1 / deviation, mean, np.zeros(())))
    scale = weights.get("gamma", np.float64(1)) / np.sqrt(divisor)
    return _spread(Affine(scale, mean, np.asarray(weights.get("beta", 0.0), np.float64)))


def _require_one_shape(operation: Scale, weights: dict, where: str) -> None:
    try:
        np.broadcast_shapes(*(values.shape for values in weights.values()))
    except ValueError:
        shapes = ", ".join(f"{kind} {values.shape}" for kind, values in weights.items())
        raise InvalidValueError(
            f"{where}: layer {operation.layer} has {shapes}, expected constants that fit each other"
        ) from None


def _spread(affine: Affine) -> Affine:
    """All three of one shape."""
    return Affine(*np.broadcast_arrays(affine.scale, affine.center, affine.shift))
