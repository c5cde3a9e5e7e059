"""What a caller passes for a model's inputs, targets and weights, in the model's own order."""

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.rows.row_source import RowSource


def input_sources(x, specs, name="x") -> list[RowSource]:
    """One source per input.

    Args:
        x: for one input, its rows, or a list or dict of them; for several, a list or dict.
        specs: the inputs' :class:`~xfblas.graph.model_graph.TensorSpec`.
        name: what messages call it.

    Raises:
        InvalidValueError: inputs are missing or left over, or columns of them.
    """
    if isinstance(x, dict):
        values = _by_name(name, x, specs)
    elif len(specs) == 1:
        values = [_unwrapped(x, len(specs[0].shape) + 1)]
    elif isinstance(x, (list, tuple)) and len(x) == len(specs):
        values = list(x)
    else:
        given = f"{len(x)} entries" if isinstance(x, (list, tuple)) else f"a {type(x).__name__}"
        raise InvalidValueError(
            f"{name} is {given}, expected a list of {len(specs)} arrays or a dict: the model takes "
            + ", ".join(spec.name for spec in specs)
        )
    return [
        RowSource(name if len(specs) == 1 else f"input {spec.name}", value, spec.columns)
        for spec, value in zip(specs, values, strict=True)
    ]


def input_arrays(x, specs) -> list[np.ndarray]:
    """All rows of every input, (m, ...) of any number type.

    Raises:
        InvalidValueError: inputs are missing or left over, or have other numbers of rows.
    """
    sources = input_sources(x, specs)
    rows = require_same_rows(sources)
    return [source.chunk(0, rows) for source in sources]


def converted_inputs(name: str, given, specs, most: int | None = None) -> list[np.ndarray]:
    """All rows of every input as the model takes them, checked before any model sees them.

    Args:
        name: of the argument.
        given: what holds the rows.
        specs: of the inputs.
        most: rows to take at most; all by default.

    Raises:
        InvalidValueError: names the argument, what it is and what was expected.
    """
    sources = input_sources(given, specs, name)
    rows = require_same_rows(sources)
    if rows == 0:
        raise InvalidValueError(f"{name} has no rows, expected 1 or more")
    pairs = zip(specs, sources, strict=True)
    rows = rows if most is None else min(rows, most)
    try:
        return [spec.convert(source.chunk(0, rows)) for spec, source in pairs]
    except InvalidValueError as error:
        if most is not None:
            return converted_inputs(name, given, specs)  # Which tells of all rows.
        raise InvalidValueError(f"{name}: {error}") from None


def output_sources(name: str, value, output_names, *, repeat=False) -> list[RowSource | None]:
    """One source per output for targets or weights; None for those that are not given.

    Args:
        name: ``"y"`` or ``"sample_weight"``.
        value: for one output, its rows; for several, a list or dict by the outputs' names.
        output_names: of the outputs, in order.
        repeat: rows that are given once count for every output.
    """
    count = len(output_names)
    if value is None:
        return [None] * count
    if isinstance(value, dict):
        values = _by_output(name, value, output_names)
    elif isinstance(value, (list, tuple)) and len(value) == count and _holds_arrays(value, count):
        values = list(value)
    elif count == 1 or repeat:
        values = [value] * count
    else:
        given = f"{len(value)} entries" if isinstance(value, (list, tuple)) else "one array"
        raise InvalidValueError(f"{name} is {given}, expected a list of {count} arrays or a dict")
    labels = [name] if count == 1 else [f"{name} of {output}" for output in output_names]
    return [
        None if entry is None else RowSource(label, entry)
        for label, entry in zip(labels, values, strict=True)
    ]


def require_same_rows(sources) -> int:
    """The number of rows that all sources have; an error that lists them where they differ."""
    rows = {source.name: source.rows for source in sources if source is not None}
    if len(set(rows.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in rows.items())
        raise InvalidValueError(f"numbers of rows differ: {listed}")
    return next(iter(rows.values()))


def _by_output(name, given: dict, output_names) -> list:
    unknown = [key for key in given if key not in output_names]
    if unknown:
        raise InvalidValueError(
            f"{name} has {', '.join(map(repr, unknown))}, expected names of outputs: "
            f"{', '.join(output_names)}"
        )
    return [given.get(output) for output in output_names]


def _by_name(name: str, given: dict, specs) -> list:
    values, missing, used = [], [], set()
    for spec in specs:
        key = next((key for key in (spec.key, spec.name) if key in given), None)
        if key is None:
            missing.append(spec.key or spec.name)
        else:
            used.add(key)
            values.append(given[key])
    if missing:
        raise InvalidValueError(
            f"{name} has {', '.join(map(repr, given)) or 'no entries'}, expected also "
            f"{', '.join(map(repr, missing))}"
        )
    left = [repr(key) for key in given if key not in used]
    if left:
        raise InvalidValueError(f"{name} has {', '.join(left)}, which are no inputs of the model")
    return values


def _unwrapped(x, dimensions):
    """A list that holds the one input's array is taken for the array, as Keras takes it."""
    if isinstance(x, (list, tuple)) and len(x) == 1 and _dimensions(x[0]) == dimensions:
        return x[0]
    return x


def _holds_arrays(values, count) -> bool:
    return count > 1 or (_dimensions(values[0]) > 0 and hasattr(values[0], "__len__"))


def _dimensions(value) -> int:
    shape = getattr(value, "shape", None)
    if shape is not None:
        return len(shape)
    try:
        return np.ndim(value)
    except ValueError:
        return 0
