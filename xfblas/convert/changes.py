"""What an edit of a configuration changes, layer by layer."""

from dataclasses import dataclass
from typing import Any

from xfblas.checks import names_keywords
from xfblas.convert.entries import entries_of
from xfblas.convert.settings import AUTO, LayerSettings, settings_of_entries

_NAMES = {
    "weight_bits": "Precision.weight", "size": "Range", "engine": "Engine", "trace": "Trace",
    "softmax": "Softmax",
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One setting that is not what it would be without the configuration.

    Attributes:
        layer: the entry's name, or ``Model``.
        setting: as the configuration calls it.
        before, after: the default, and what the configuration makes of it.
    """

    layer: str
    setting: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.layer}: {self.setting} {self.before} -> {self.after}"


@names_keywords()
def config_diff(config: Any, model: Any, *, architecture: Any = None) -> list[Change]:
    """What a configuration changes of a model's defaults, after all of its sections.

    Args:
        config: a configuration, edited.
        model, architecture: as for :func:`config_from_keras_model`.

    Raises:
        InvalidValueError: as for :func:`convert_from_keras_model`.
    """
    entries = entries_of(model, architecture)
    plain, edited = settings_of_entries(None, entries), settings_of_entries(config, entries)
    found = []
    if plain.bits != edited.bits:
        found.append(Change("Model", "Precision", _element(plain.bits), _element(edited.bits)))
    for name, value in edited.quantization.items():
        found.append(Change("Model", f"Calibration.{name}", AUTO, value))
    for name, before in plain.layers.items():
        found += _changes(name, before, edited.layers[name])
    return found


def _changes(name: str, before: LayerSettings, after: LayerSettings) -> list[Change]:
    pairs = {key: (getattr(before, key), getattr(after, key)) for key in _NAMES}
    return [
        Change(name, _NAMES[key], *(_text(key, value) for value in pair))
        for key, pair in pairs.items()
        if pair[0] != pair[1]
    ]


def _text(key: str, value: Any) -> Any:
    if key not in ("weight_bits", "size"):
        return value
    if value is None:
        return AUTO
    return f"int{value}" if key == "weight_bits" else value


def _element(bits: int) -> str:
    return "float32" if bits == 32 else f"int{bits}"
