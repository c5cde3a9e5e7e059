"""What the description in a ``.xfblas`` file must look like, down to each value."""

from typing import Any

from xfblas.errors import InvalidValueError

_OPTIONAL_TEXT = (str, type(None))
_SIZE = (int, type(None))
_NUMBER = (int, float)
_SPEC = {
    "name": str,
    "shape": [_SIZE],
    "dtype": str,
    "key": _OPTIONAL_TEXT,
    # Earlier files have none.
    "columns?": (list, type(None)),
    "preprocessing?": (dict, type(None)),
}
_LAYER = {
    "name": str,
    "activation": str,
    "slope": _NUMBER,
    "output?": str,
    "folded?": [str],
    "parameters?": dict,
}
_STEP = {"name": str, "output": str, "reason": str}
_ENGINE_STEP = {**_STEP, "input": str, "network": str, "layers": [_LAYER], "input_shape": [int]}
_HOST_STEP = {**_STEP, "inputs": [str], "function": str, "parameters": dict, "arrays": [str]}
_MAP_STEP = {
    **_STEP,
    "input": str,
    "maps": [_HOST_STEP],
    "input_shape": [int],
    "shapes": [[int]],
    "channels_first": bool,
}
_ANY_SCORING = (str, int, float, list, dict, type(None))
_DESCRIPTION = {
    "name": str,
    "inputs": [_SPEC],
    "outputs": [_SPEC],
    "steps": [dict],
    "placements?": [{"layer": str, "is_computed": bool, "reason": str}],
    "dtype": str,
    "networks": {str: int},
    "host_reasons": {str: str},
    "calibration": {str: (str, int, float)},
    # Earlier files have none.
    "recipe?": {
        "options": dict,
        "softmax": (str, dict, type(None)),
        "on_host": [str],
        "has_tables": bool,
    },
    "scoring": {str: _ANY_SCORING},
    "penalty": _NUMBER,
    "notes": [str],
    "output_names": [str],
}


def require_description(described: Any) -> None:
    """Raises an InvalidValueError that names the first value that is missing or of another type.

    Args:
        described: what the JSON of a file holds.
    """
    _require(described, _DESCRIPTION, "the description")
    _require(described["calibration"].get("rows", 0), int, "the description.calibration.rows")
    for number, step in enumerate(described["steps"]):
        schema = _ENGINE_STEP if "layers" in step else _HOST_STEP
        schema = _MAP_STEP if "maps" in step else schema
        _require(step, schema, f"the description.steps[{number}]")
    for kind in ("inputs", "outputs"):
        for number, spec in enumerate(described[kind]):
            columns = spec.get("columns")
            if columns is not None:
                _require(columns, [str], f"the description.{kind}[{number}].columns")


def _require(value: Any, schema: Any, where: str) -> None:
    """Checks a value: a type, types, a list of one kind, a dict of a kind or of named entries."""
    if isinstance(schema, list):
        _require_type(value, list, where)
        for index, entry in enumerate(value):
            _require(entry, schema[0], f"{where}[{index}]")
    elif not isinstance(schema, dict):
        _require_type(value, schema, where)
    elif str in schema:
        _require_type(value, dict, where)
        for name, entry in value.items():
            _require(entry, schema[str], f"{where}[{name!r}]")
    else:
        _require_type(value, dict, where)
        for name, kind in schema.items():
            key = name.rstrip("?")
            if key in value:
                _require(value[key], kind, f"{where}.{key}")
            elif key == name:
                raise InvalidValueError(f"{where} lacks {key!r}: the file is damaged")


def _require_type(value: Any, kinds: Any, where: str) -> None:
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    # A bool is an int to Python.
    is_right = isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds)
    if not is_right:
        names = " or ".join("null" if kind is type(None) else kind.__name__ for kind in kinds)
        raise InvalidValueError(
            f"{where} is {str(value)[:80]!r}, expected {names}: the file is damaged"
        )
