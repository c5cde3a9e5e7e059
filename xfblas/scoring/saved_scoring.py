"""Losses and metrics as JSON can hold them."""

from xfblas.scoring.configuration import KEYS
from xfblas.scoring.names import name_of


def plain_scoring(config: dict) -> tuple[dict, list[str]]:
    """Objects by their configuration, functions of the caller's own left out.

    Args:
        config: of a :class:`~xfblas.scoring.configuration.Scoring`.

    Returns:
        The configuration with every key, and the names of what was left out.
    """
    kept, left_out = {}, []
    for key in KEYS:
        kept[key] = _plain(config.get(key), left_out)
    return kept, left_out


def _plain(value, left_out):
    if isinstance(value, (list, tuple)):
        return [_plain(item, left_out) for item in value]
    if isinstance(value, dict) and "class_name" not in value:
        return {name: _plain(item, left_out) for name, item in value.items()}
    if value is None or isinstance(value, (str, int, float, dict)):
        return value
    named = name_of(value, "metric")
    if named.key is None or named.called is not None:
        left_out.append(named.name)
        return None
    settings = {**named.options, "name": named.name, "reduction": named.reduction}
    return {"class_name": named.key, "config": settings}
