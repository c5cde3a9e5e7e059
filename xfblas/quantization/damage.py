"""What reading a damaged group of an HDF5 file raises, as one error of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from xfblas.errors import InvalidValueError


@contextmanager
def damage_told(group: Any) -> Iterator[None]:
    """Around the reading of a group.

    Raises:
        InvalidValueError: parts are missing or of another kind; names the group.
    """
    try:
        yield
    except InvalidValueError:
        raise
    # What h5py, numpy, JSON and the classes raise where parts are missing or of another kind.
    except (KeyError, TypeError, ValueError, AttributeError, OSError, RuntimeError) as error:
        raise InvalidValueError(
            f"group {getattr(group, 'name', group)!r} is damaged: {error}"
        ) from error
