"""Names of columns: of data, of what a model was calibrated with, and in messages."""

from xfblas.errors import InvalidValueError
from xfblas.notices import notify

#: How many names a message lists at most.
LISTED = 10


class NamedRows:
    """An array whose columns have names, as those of a data frame have.

    Args:
        values: (m, n) array.
        columns: n names, or None for none.
    """

    def __init__(self, values, columns=None):
        self.values = values
        self.columns = columns

    @property
    def shape(self):
        """Of the array."""
        return self.values.shape

    def __len__(self):
        return len(self.values)

    def __getitem__(self, rows):
        return self.values[rows]


def column_names(value) -> tuple[str, ...] | None:
    """The names of the columns of a data frame, a table of Arrow or :class:`NamedRows`."""
    names = getattr(value, "column_names", None)
    if names is None:
        names = getattr(value, "columns", None)
    if names is None or isinstance(names, str) or callable(names):
        return None
    return tuple(map(str, names))


def column_order(name: str, given, expected) -> list[int] | None:
    """Which column of the data comes at which place of the model's.

    Args:
        name: how messages call the data.
        given, expected: the columns' names in the data and in what the model was calibrated with;
            None where they have none.

    Returns:
        Indices into ``given``; None where the columns stay as they are: in order, without names,
        or with names of which a warning says that they are others.

    Raises:
        InvalidValueError: the data has all of the model's columns and more, or lacks some.
    """
    if given is None or expected is None or given == expected:
        return None
    if sorted(given) == sorted(expected):
        if len(set(given)) == len(given):
            notify(f"{name} has the model's columns in another order: they are put in order")
            places = {column: index for index, column in enumerate(given)}
            return [places[column] for column in expected]
        twice = next(column for column in given if given.count(column) > 1)
        notify(
            f"{name} has the model's columns in another order, but {twice!r} more than once: they "
            "are taken as they come"
        )
        return None
    more, less = set(given) - set(expected), set(expected) - set(given)
    if len(given) > len(expected) and not less:
        extra = [column for column in given if column in more]
        raise InvalidValueError(
            f"{name} has {len(given)} columns, expected (rows, {len(expected)}): leave out what "
            f"the model was not calibrated with, {listed(extra)} (in commands: --drop)"
        )
    if len(given) < len(expected) and not more:
        lacking = [column for column in expected if column in less]
        raise InvalidValueError(
            f"{name} has {len(given)} columns, expected (rows, {len(expected)}): it lacks "
            f"{listed(lacking)}"
        )
    if len(given) == len(expected) and not (_are_numbers(given) or _are_numbers(expected)):
        pairs = zip(given, expected, strict=True)
        index = next(index for index, (one, other) in enumerate(pairs) if one != other)
        notify(
            f"{name} has other columns than the model was calibrated with, {given[index]!r} where "
            f"it had {expected[index]!r}: they are taken as they come"
        )
    return None


def listed(names) -> str:
    """The names as a message lists them: all, or the first ten and how many more there are."""
    shown = ", ".join(map(str, names[:LISTED]))
    left = len(names) - LISTED
    return f"{shown} and {left} more" if left > 0 else shown


def _are_numbers(names) -> bool:
    """Whether names are only places, 0, 1, 2..., as data frames have them that were given none."""
    return sorted(names) == sorted(map(str, range(len(names))))
