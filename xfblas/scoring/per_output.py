"""Losses, metrics, targets and weights, sorted by the outputs that they belong to."""

from xfblas.errors import InvalidValueError


def per_output(name, given, output_names, *, repeat=False, nested=False) -> list:
    """One entry per output.

    Args:
        name: how messages call it.
        given: None, one entry, a list with one entry per output, or a dict by output names.
        repeat: a single entry counts for every output.
        nested: entries are lists; with one output a plain list is its entry.

    Raises:
        InvalidValueError: another number of entries, or a name that is no output's.
    """
    count = len(output_names)
    is_entry = isinstance(given, dict) and "class_name" in given
    if given is None:
        return [None] * count
    if isinstance(given, dict) and not is_entry:
        found = by_names(name, given, output_names)
    elif nested and count == 1:
        found = [given]
    elif isinstance(given, (list, tuple)):
        if len(given) != count:
            raise InvalidValueError(
                f"{name} has {len(given)} entries, expected {count}, one for each output"
            )
        found = list(given)
    elif repeat or count == 1:
        found = [given] * count
    else:
        raise InvalidValueError(f"{name} is {given!r}, expected a list or dict for {count} outputs")
    return [None if entry is None else _flat(entry) for entry in found] if nested else found


def by_names(name, given: dict, output_names) -> list:
    """The entries of a dict in the order of the outputs, None where it has none.

    Raises:
        InvalidValueError: a key is no output's name.
    """
    unknown = [key for key in given if key not in output_names]
    if unknown:
        raise InvalidValueError(
            f"{name} has {', '.join(map(repr, unknown))}, expected names of outputs: "
            f"{', '.join(output_names)}"
        )
    return [given.get(output) for output in output_names]


def _flat(entry) -> list:
    if isinstance(entry, (list, tuple)):
        return [item for part in entry for item in _flat(part)]
    if isinstance(entry, dict) and "class_name" not in entry:
        return [item for part in entry.values() for item in _flat(part)]
    return [] if entry is None else [entry]
