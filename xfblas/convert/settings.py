"""What a configuration says of a model: its sections checked, and settled for each layer."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from xfblas.checks import require_names, shown
from xfblas.convert.entries import Entry, entries_of
from xfblas.errors import InvalidValueError
from xfblas.notices import notify
from xfblas.quantization.options import Options, is_number
from xfblas.quantization.softmax_settings import FLOAT, SoftmaxSettings

AUTO = "auto"
ELEMENTS = {"int16": 16, "int8": 8, "float32": 32}
ENGINES = ("fcn", "host")
#: Keys of a softmax by other names, those of hls4ml.
SOFTMAX_KEYS = {"Implementation": "implementation", "TableSize": "table_size"}
#: Options of quantization by what ``Calibration`` calls them.
CALIBRATION = {
    "Method": "method", "Margin": "margin", "Goal": "goal", "Growth": "growth",
    "Accumulator": "accumulator", "Leaky": "leaky", "PerChannel": "per_channel",
    "BiasCorrection": "bias_correction", "PowerOfTwo": "power_of_two", "Legacy": "legacy",
}  # fmt: skip
#: Settings of engines with hardware for each layer; here layers are instructions of one engine.
DATAFLOW = (
    "ReuseFactor", "Strategy", "BramFactor", "IOType", "io_type", "ParallelizationFactor",
    "ConvImplementation", "PipelineStyle", "TableSize", "Compression", "TargetCycles",
)  # fmt: skip
MODEL_KEYS = ("Precision", "Engine", "Trace", "Softmax", "Calibration")
LAYER_KEYS = ("Precision", "Range", "Engine", "Trace", "Softmax")


@dataclass(frozen=True)
class LayerSettings:
    """What a configuration says of one entry, after all sections.

    Attributes:
        entry: the layer or activation.
        weight_bits: bits of its integer weights, or None for those of an element.
        size: that its results shall hold; None for what calibration finds.
        engine: 'fcn' or 'host'; None where that is not for it to say.
        trace: whether traces have it.
        softmax: how it is computed, where it is one, as :func:`xfblas.compile` takes it.
    """

    entry: Entry
    weight_bits: int | None
    size: float | None
    engine: str | None
    trace: bool
    softmax: Any


@dataclass(frozen=True)
class Settings:
    """What a configuration says.

    Attributes:
        bits: of elements; 32 for float32.
        quantization: options of :func:`xfblas.quantize` by name.
        layers: settings by the entry's name.
    """

    bits: int
    quantization: dict[str, Any]
    layers: dict[str, LayerSettings] = field(default_factory=dict)

    @property
    def on_host(self) -> list[str]:
        """Names of the layers that the host computes because the configuration says so."""
        return [s.entry.place_name for s in self.layers.values() if s.engine == "host"]

    @property
    def weight_bits(self) -> dict[str, int]:
        """Bits of weights by layer, where they are not those of an element."""
        return {name: s.weight_bits for name, s in self.layers.items() if s.weight_bits is not None}

    @property
    def ranges(self) -> dict[str, float]:
        """Sizes that results of layers shall hold, where calibration does not choose them."""
        return {name: s.size for name, s in self.layers.items() if s.size is not None}

    @property
    def softmax(self) -> dict[str, Any]:
        """What becomes of each softmax that is not computed in float, by the layer."""
        layers = self.layers.values()
        return {one.entry.layer: one.softmax for one in layers if one.softmax != FLOAT}

    @property
    def activations(self) -> dict[str, str]:
        """Names of the activations that are part of a layer, by the layer."""
        entries = (layer.entry for layer in self.layers.values())
        return {entry.layer: entry.name for entry in entries if entry.name != entry.layer}

    @property
    def traced(self) -> list[str]:
        """Names that traces have: those that ask for it, all where none does."""
        asked = [name for name, layer in self.layers.items() if layer.trace]
        return asked or list(self.layers)


def settings_of(config: Any, model: Any, architecture: Any = None) -> Settings:
    """What a configuration says of a model, see :func:`settings_of_entries`.

    Args:
        config: as :func:`config_from_keras_model` gives it, edited or not; None for the defaults.
        model, architecture: as for :func:`xfblas.read_graph`.
    """
    return settings_of_entries(config, entries_of(model, architecture))


def settings_of_entries(config: Any, entries: list[Entry]) -> Settings:
    """What a configuration says of a model's layers, checked.

    Args:
        config: as for :func:`settings_of`.
        entries: of the model.

    Raises:
        InvalidValueError: a key or a name that there is not, with the nearest one, or a value that
            cannot be used.
    """
    config = {} if config is None else _section("hls_config", config)
    require_names("hls_config", config, ("Model", "LayerType", "LayerName"))
    coarse = _section("Model", config.get("Model") or {})
    by_kind = _section("LayerType", config.get("LayerType") or {})
    by_name = _section("LayerName", config.get("LayerName") or {})
    _tell_of_dataflow(coarse, *by_kind.values(), *by_name.values())
    coarse = {key: value for key, value in coarse.items() if key not in DATAFLOW}
    require_names("Model", coarse, MODEL_KEYS)
    require_names("LayerType", by_kind, list(dict.fromkeys(entry.kind for entry in entries)))
    require_names("LayerName", by_name, [entry.name for entry in entries])
    checked = {
        f"{section}.{name}": _layer_section(f"{section}.{name}", given)
        for section, part in (("LayerType", by_kind), ("LayerName", by_name))
        for name, given in part.items()
    }
    bits = bits_of("Model.Precision", coarse.get("Precision", "int16"), ELEMENTS)
    layers = {}
    for entry in entries:
        sections = [
            (f"LayerName.{entry.name}", checked.get(f"LayerName.{entry.name}", {})),
            (f"LayerType.{entry.kind}", checked.get(f"LayerType.{entry.kind}", {})),
        ]
        layers[entry.name] = _layer_settings(entry, sections, coarse, bits)
    calibration = _section("Model.Calibration", coarse.get("Calibration") or {})
    require_names("Model.Calibration", calibration, CALIBRATION)
    given = {CALIBRATION[key]: value for key, value in calibration.items() if value is not None}
    if bits != ELEMENTS["float32"]:
        Options.of({**given, "bits": bits})
    return Settings(bits, given, layers)


def _layer_settings(
    entry: Entry, sections: list[tuple[str, dict[str, Any]]], coarse: dict[str, Any], bits: int
) -> LayerSettings:
    def pick(key: str, default: Any) -> tuple[str, Any]:
        for where, section in (*sections, ("Model", coarse)):
            if not _is_auto(section.get(key, AUTO)):
                return f"{where}.{key}", section[key]
        return f"Model.{key}", default

    where, engine = pick("Engine", "fcn")
    if not entry.has_engine:
        if not where.startswith("Model."):
            raise InvalidValueError(
                f"{where} is {shown(engine)}, but {entry.name} has no place to choose"
            )
        engine = None
    elif not isinstance(engine, str) or engine not in ENGINES:
        raise InvalidValueError(f"{where} is {shown(engine)}, expected {' or '.join(ENGINES)}")
    where, trace = pick("Trace", False)
    if not isinstance(trace, bool):
        raise InvalidValueError(f"{where} is {shown(trace)}, expected True or False")
    where, softmax = pick("Softmax", FLOAT)
    if isinstance(softmax, Mapping):
        softmax = {SOFTMAX_KEYS.get(key, key): value for key, value in softmax.items()}
    is_table = SoftmaxSettings.of(softmax, where) is not None
    if is_table and not entry.is_softmax and where.startswith("LayerName."):
        raise InvalidValueError(f"{where} is {shown(softmax)}, but {entry.name} is no softmax")
    softmax = softmax if is_table and entry.is_softmax else FLOAT
    where, size = pick("Range", None)
    if size is not None:
        _require_size(where, size, entry, bits)
    weight = None
    for name, section in sections:
        text = section.get("Precision", {}).get("weight", AUTO)
        if not _is_auto(text) and weight is None:
            if not entry.has_weights:
                raise InvalidValueError(
                    f"{name}.Precision.weight is {shown(text)}, but {entry.kind} has no weights "
                    "that the engine multiplies by"
                )
            choices = {f"int{n}": n for n in range(2, bits + 1)} if bits < 32 else {"float32": 32}
            weight = bits_of(f"{name}.Precision.weight", text, choices)
    narrow = weight if weight not in (None, bits) else None
    return LayerSettings(entry, narrow, size, engine, trace, softmax)


def _require_size(where: str, size: Any, entry: Entry, bits: int) -> None:
    if not entry.has_weights:
        raise InvalidValueError(
            f"{where} is {shown(size)}, but {entry.kind} has no sums that the engine scales"
        )
    if bits == ELEMENTS["float32"]:
        raise InvalidValueError(f"{where} is {shown(size)}, but float32 has no ranges to choose")
    if not (is_number(size) and 0 < float(size) < math.inf):
        raise InvalidValueError(f"{where} is {shown(size)}, expected a number above 0, or auto")


def _layer_section(where: str, given: Any) -> dict[str, Any]:
    section = {k: value for k, value in _section(where, given).items() if k not in DATAFLOW}
    require_names(where, section, LAYER_KEYS)
    precision = section.get("Precision", AUTO)
    precision = {"weight": precision} if isinstance(precision, str) else precision
    require_names(f"{where}.Precision", _section(f"{where}.Precision", precision), ("weight",))
    return {**section, "Precision": precision}


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == AUTO


def _section(where: str, given: Any) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise InvalidValueError(f"{where} is {shown(given)}, expected a dict")
    return dict(given)


def _tell_of_dataflow(*sections: Any) -> None:
    """Says once what means nothing here."""
    given = [key for section in sections if isinstance(section, Mapping) for key in section]
    ignored = [key for key in DATAFLOW if key in given]
    if ignored:
        notify(
            f"{', '.join(ignored)} is ignored: layers are instructions of one engine, with weights "
            "in its memory, and have no hardware of their own"
        )


def bits_of(where: str, text: Any, choices: dict[str, int]) -> int:
    """Bits of ``int16``; of ``fixed<16,6>``, whose integer part calibration chooses here."""
    if isinstance(text, Mapping) and set(text) == {"default"}:
        text = text["default"]
    if isinstance(text, str):
        fixed = re.fullmatch(r"(?:ap_)?fixed<\s*(\d+)\s*,.*>", text.strip())
        name = f"int{fixed[1]}" if fixed else text.strip()
        if name in choices:
            return choices[name]
    raise InvalidValueError(f"{where} is {shown(text)}, expected one of {', '.join(choices)}")
