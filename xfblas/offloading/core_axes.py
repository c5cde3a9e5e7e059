"""Where the rows and columns of stacks of matrices lie, and how stacks broadcast: numpy's rules."""

import operator
from typing import Any

import numpy as np

from xfblas.checks import shown
from xfblas.errors import InvalidValueError


def core_axes(axes: Any, dimensions: tuple[int, int]) -> list[tuple[int, ...]]:
    """The axes of a's, of b's and of the result's cores, as numpy's ``axes=`` gives them.

    Args:
        axes: None, or a list of a tuple (or number) for each of a, b and the result; that of the
            result may be left out where it has no core.
        dimensions: those of a and of b.
    """
    cores = [min(2, each) for each in dimensions]
    cores.append(sum(cores) - 2)
    if axes is None:
        return [tuple(range(-count, 0)) for count in cores]
    if not isinstance(axes, list):
        raise InvalidValueError(f"axes is {shown(axes)}, expected a list of tuples")
    entries = [*axes, ()] if len(axes) == 2 and cores[2] == 0 else axes
    if len(entries) != 3:
        raise InvalidValueError(
            f"axes is {shown(axes)}, expected 3 entries: of a, b and the result"
        )
    found = []
    for entry, core in zip(entries, cores, strict=True):
        try:
            places = (operator.index(entry),)
        except TypeError:
            try:
                places = tuple(operator.index(each) for each in entry)
            except TypeError:
                raise InvalidValueError(
                    f"axes has {shown(entry)}, expected a whole number or a tuple of them"
                ) from None
        if len(places) != core:
            raise InvalidValueError(f"axes has {shown(entry)}, expected {core} axes for that core")
        found.append(places)
    return found


def with_core_last(name: str, array: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """A view of an array with these axes behind the others."""
    if axes == tuple(range(-len(axes), 0)):
        return array
    try:
        return np.moveaxis(array, axes, range(-len(axes), 0))
    except ValueError as error:  # numpy's names the axis
        raise InvalidValueError(f"axes of {name}, which has shape {array.shape}: {error}") from None


def with_core_back(result: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """The reverse of :func:`with_core_last`."""
    if axes == tuple(range(-len(axes), 0)):
        return result
    try:
        return np.moveaxis(result, range(-len(axes), 0), axes)
    except ValueError as error:
        raise InvalidValueError(
            f"axes of the result, which has shape {result.shape}: {error}"
        ) from None


def broadcast_stacks(a: Any, b: Any, shapes: tuple[Any, Any]) -> tuple[int, ...]:
    """The shape of the stack that two stacks of matrices give.

    Args:
        a, b: shapes of the stacks, without the matrices.
        shapes: of the whole operands, for the error.
    """
    try:
        return np.broadcast_shapes(a, b)
    except ValueError:
        raise InvalidValueError(
            f"a has shape {shapes[0]} and b {shapes[1]}: the stacks {a} and {b} cannot be "
            "broadcast together"
        ) from None


def require_result_stack(
    out: np.ndarray, stack: tuple[int, ...], core: tuple[int, ...]
) -> tuple[int, ...]:
    """The stack of a result to fill, which may be larger than that of its operands.

    Args:
        out: with its core last.
        stack: that of the operands.
        core: the shape of a product.

    Raises:
        InvalidValueError: it is smaller, or its core has another shape.
    """
    split = out.ndim - len(core)
    found = out.shape[:split]
    fits = split >= 0 and out.shape[split:] == core
    if fits:
        try:
            fits = np.broadcast_shapes(found, stack) == found
        except ValueError:
            fits = False
    if not fits:
        raise InvalidValueError(
            f"out has shape {out.shape}, expected {(*stack, *core)}: it is non-broadcastable"
        )
    return found
