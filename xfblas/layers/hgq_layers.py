"""HGQ's layers: dense ones with bits for each value, their quantizers alone, and its first ones."""

from dataclasses import dataclass, field, replace

import numpy as np

from xfblas.layers.activation_rules import activation
from xfblas.layers.dense import Dense
from xfblas.layers.fixed_point import OVERFLOWS, ROUNDINGS
from xfblas.layers.host_operation import HostOperation
from xfblas.layers.operation import NO_SUCH_LAYER, CannotRun, Operation, Place, reads
from xfblas.layers.quantized_layers import steps_of
from xfblas.layers.quantizers import quantized
from xfblas.layers.settings import number

#: Ways of HGQ 2 to overflow. 'NONE' is that of weights whose bits follow their values.
_OVERFLOWS = ("SAT", "SAT_SYM", "WRAP")


@dataclass(frozen=True)
class Part:
    """A quantizer of a layer.

    Attributes:
        name: of its weights, before the slash.
        kinds: their names, in the order in which Keras saves them.
        settings: of :func:`~xfblas.layers.fixed_point.fixed_point`.
    """

    name: str
    kinds: tuple[str, ...]
    settings: dict = field(default_factory=dict)

    @property
    def weights(self) -> tuple[str, ...]:
        """Kinds of weights, as the layer has them."""
        return tuple(f"{self.name}/{kind}" for kind in self.kinds)

    def arrays(self, weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Signs, integer and fraction bits."""
        signed, integer = (np.rint(weights[f"{self.name}/{kind}"]) for kind in "ki")
        if "b" in self.kinds:
            fraction = np.rint(weights[f"{self.name}/b"]) - integer
        else:
            fraction = np.rint(weights[f"{self.name}/f"])
        return {"signed": signed, "integer": integer, "fraction": fraction}

    def of_weights(self, values: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
        """Values on the grid of this part."""
        arrays = self.arrays(weights)
        return quantized(values, "fixed_point", self.settings, **arrays)[0].astype(np.float32)


def _part(name, given) -> Part | None:
    """The quantizer of a configuration, or None where it is one that does nothing."""
    config = given.get("config") if isinstance(given, dict) else None
    if not isinstance(config, dict):
        raise CannotRun(f"its quantizer {name} is {str(given)[:60]}, expected a configuration")
    kind = config.get("q_type")
    if kind == "dummy":
        return None
    if kind not in ("kif", "kbi"):
        raise CannotRun(f"its quantizer {name} is of type {str(kind)[:60]}, expected kif or kbi")
    for key in ("scaler", "affine"):
        if config.get(key) is not None:
            raise CannotRun(f"its quantizer {name} has {key}={str(config[key])[:60]}")
    rounding = str(config.get("round_mode")).upper().removeprefix("S_")
    overflow = str(config.get("overflow_mode")).upper()
    if rounding not in ROUNDINGS or overflow not in _OVERFLOWS:
        raise CannotRun(
            f"its quantizer {name} has {rounding} and {overflow}, expected one of "
            f"{', '.join(ROUNDINGS)} and of {', '.join(_OVERFLOWS)}"
        )
    wraps, first = overflow == "WRAP", "f" if kind == "kif" else "b"
    if wraps:
        kinds = (first, "k", "i", "i_decay_speed")
        is_free = config.get("is_weight") and config.get("trainable", True)
        if is_free and (kind == "kif" or rounding == "RND"):
            overflow = "NONE"
    else:
        kinds = ("i", "f", "k") if kind == "kif" else ("b", "i", "k")
    return Part(name, kinds, {"rounding": rounding, "overflow": overflow})


@dataclass(frozen=True, eq=False)
class FixedPoint(Operation):
    """A quantizer of rows."""

    part: Part

    @property
    def part_name(self) -> str:  # type: ignore[override]
        """See :class:`Operation`."""
        return self.part.name

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> HostOperation:
        """See :meth:`Operation.at`."""
        arrays = self.part.arrays(weights)
        rank = len(place.shapes[0])
        if any(values.ndim != rank + 1 or len(values) != 1 for values in arrays.values()):
            shape = arrays["integer"].shape
            raise CannotRun(f"its quantizer has bits of shape {shape} for rows of {rank} axes")
        arrays = {kind: values[0] for kind, values in arrays.items()}
        parameters = {"quantizer": "fixed_point", "settings": self.part.settings}
        reason = "the engine has no bits for each value"
        found = HostOperation(self.layer, "quantizer", parameters, arrays, reason)
        return found.at(place, {})


@dataclass(frozen=True, eq=False)
class HgqDense(Dense):
    """A dense layer with bits for each weight.

    Attributes:
        parts: quantizers by kind of weight.
        epsilon: where a batch normalization is folded into the weights, what it adds to the
            variance.
    """

    parts: dict[str, Part] = field(default_factory=dict, kw_only=True)
    epsilon: float | None = field(default=None, kw_only=True)

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> Dense:
        """See :meth:`Operation.at`."""
        found = super().at(place, weights)
        kernel, bias = found.kernel, found.bias
        if self.epsilon is not None:
            bias = bias - weights["moving_mean"] @ kernel
            deviation = np.sqrt(weights["moving_variance"] + np.float32(self.epsilon))
            kernel = (weights.get("bn_gamma", np.float32(1)) / deviation)[:, np.newaxis] * kernel
        steps = None
        if "kernel" in self.parts:
            kernel = self.parts["kernel"].of_weights(kernel, weights)
            steps = steps_of(kernel, np.ones(()))
        if "bias" in self.parts:
            bias = self.parts["bias"].of_weights(bias, weights)
        return replace(found, kernel=kernel, bias=bias, steps=steps)


@reads("hgq>QDense", "hgq>QBatchNormDense")
def _dense(layer) -> list[Operation]:
    config = layer.config
    units = number(config.get("units"), None)
    has_norm = layer.class_name == "hgq>QBatchNormDense"
    weights = ("kernel", "bias") if config.get("use_bias", True) else ("kernel",)
    parts = {kind: _part(f"{kind[0]}q", config.get(f"{kind[0]}q_conf")) for kind in weights}
    parts = {kind: part for kind, part in parts.items() if part is not None}
    weights += ("bn_gamma",) if has_norm and config.get("scale", True) else ()
    weights += ("beta", "ebops") if config.get("enable_ebops") else ()
    weights += ("moving_mean", "moving_variance") if has_norm else ()
    weights += tuple(kind for part in parts.values() for kind in part.weights)
    epsilon = number(config.get("epsilon"), 1e-3) if has_norm else None
    dense = HgqDense(
        layer,
        None if units is None else int(units),
        weights=weights,
        parts=parts,
        epsilon=epsilon,
    )
    first = _rows(layer, "iq") if config.get("enable_iq", True) else []
    last = _rows(layer, "oq") if config.get("enable_oq") else []
    return [*first, dense, *activation(layer), *last]


def _rows(layer, name):
    part = _part(name, layer.config.get(f"{name}_conf"))
    if part is None:
        return []
    return [FixedPoint(layer, part, weights=part.weights, refusal=NO_SUCH_LAYER)]


@reads("hgq>Quantizer")
def _quantizer(layer) -> list[Operation]:
    part = _part("quantizer", layer.config.get("config"))
    if part is None:
        return []
    return [FixedPoint(layer, part, weights=part.weights, refusal=NO_SUCH_LAYER)]


@dataclass(frozen=True, eq=False)
class FirstFixedPoint(Operation):
    """The quantizer of HGQ 1, a layer with numbers of bits as weights."""

    settings: dict

    def at(self, place: Place, weights: dict[str, np.ndarray]) -> HostOperation:
        """See :meth:`Operation.at`."""
        signed, bits, integers = (
            np.rint(weights[kind]) for kind in ("keep_negative", "bits", "integers")
        )
        rank = len(place.shapes[0])
        arrays = {"signed": signed, "integer": integers - signed, "fraction": bits - integers}
        arrays = {
            kind: values[0] if values.ndim == rank + 1 else values
            for kind, values in arrays.items()
        }
        parameters = {"quantizer": "fixed_point", "settings": self.settings}
        reason = "the engine has no bits for each value"
        found = HostOperation(self.layer, "quantizer", parameters, arrays, reason)
        return found.at(place, {})


@reads("FixedPointQuantizer")
def _first_quantizer(layer) -> list[Operation]:
    rounding, overflow = layer.config.get("RND", "TRN"), layer.config.get("SAT", "WRAP")
    if rounding not in ROUNDINGS or overflow not in OVERFLOWS:
        raise CannotRun(
            f"has RND={str(rounding)[:20]} and SAT={str(overflow)[:20]}, expected one of "
            f"{', '.join(ROUNDINGS)} and of {', '.join(OVERFLOWS)}"
        )
    settings = {"rounding": rounding, "overflow": overflow}
    weights = ("keep_negative", "bits", "integers")
    return [FirstFixedPoint(layer, settings, weights=weights, refusal=NO_SUCH_LAYER)]
