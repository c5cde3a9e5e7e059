"""HGQ's quantizers: parts of its layers, alone, and those of its first version."""

from dataclasses import dataclass, field

import numpy as np

from xfblas.layers.fixed_point import OVERFLOWS, ROUNDINGS
from xfblas.layers.host_operation import HostOperation
from xfblas.layers.operation import NO_SUCH_LAYER, CannotRun, Operation, Place, reads
from xfblas.layers.quantizers import quantized

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


def part_of(name, given) -> Part | None:
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


def of_rows(layer, name: str) -> list[Operation]:
    """The quantizer ``iq`` or ``oq`` of a layer's rows; none where it does nothing."""
    part = part_of(name, layer.config.get(f"{name}_conf"))
    if part is None:
        return []
    return [FixedPoint(layer, part, weights=part.weights, refusal=NO_SUCH_LAYER)]


@reads("hgq>Quantizer")
def _quantizer(layer) -> list[Operation]:
    part = part_of("quantizer", layer.config.get("config"))
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
