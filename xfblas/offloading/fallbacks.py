"""What numpy computes in the place of wrapped arrays, and what it is told of them."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.offloading.statistics import count_fallback

#: Other looks at the same elements, which are no work worth counting.
VIEWS = {
    *("transpose", "reshape", "ravel", "swapaxes", "moveaxis", "squeeze", "expand_dims", "copy"),
    *("shape", "ndim", "size", "broadcast_to", "atleast_1d", "atleast_2d", "atleast_3d"),
    *("matrix_transpose", "permute_dims", "array_repr", "array_str", "array2string", "tolist"),
    *("item", "tobytes", "result_type", "can_cast", "shares_memory", "may_share_memory"),
}

#: What scripts call for an array to write to: numpy's own stays.
BUFFERS = {"empty_like", "zeros_like", "ones_like", "full_like", "copy"}


class NotAProduct(Exception):
    """A call that the engine has no product for."""


def is_wrapped(value: Any) -> bool:
    """Whether this is a :class:`~xfblas.DeviceArray`, which is made of what stands here."""
    return hasattr(type(value), "_like") and hasattr(type(value), "__array_ufunc__")


def first_wrapped(values: Iterable[Any]) -> Any:
    """The first wrapped array of several values, or None."""
    return next((value for value in values if is_wrapped(value)), None)


def host_of(value: Any) -> Any:
    """Wrapped arrays within tuples, lists and dicts as numpy's."""
    if is_wrapped(value):
        return value.numpy()
    if type(value) in (tuple, list):
        return type(value)(host_of(each) for each in value)
    if type(value) is dict:
        return {name: host_of(each) for name, each in value.items()}
    return value


def by_numpy(
    like: Any, name: str, function: Callable[..., Any], inputs: Any, options: dict[str, Any]
) -> Any:
    """Calls numpy's function on arrays of the host; its result is wrapped again.

    Args:
        like: the array that was asked.
        name: of the function, as statistics call it.
        function: of numpy, or a method of an array.
        inputs, options: its arguments.
    """
    if name not in VIEWS:
        count_fallback(name)
    result = function(*host_of(tuple(inputs)), **host_of(options))
    if options.get("out") is not None or name in BUFFERS:
        return result
    if type(result) in (tuple, list):
        return type(result)(like._like(each) for each in result)
    return like._like(result)


def or_numpy(
    like: Any, call: Callable[..., Any], function: Any, inputs: Any, options: dict[str, Any]
) -> Any:
    """The product of a call, or what numpy makes of it: its own result, or its own error."""
    try:
        return call(like, *inputs, **options)
    except (NotAProduct, InvalidValueError):
        return by_numpy(like, function.__name__, function, inputs, options)
    except TypeError:
        # Arguments that are not in our signature; numpy knows them, or says that there are none.
        return by_numpy(like, function.__name__, function, inputs, options)


def as_host(value: Any) -> np.ndarray:
    """An operand as a numpy array."""
    return value.numpy() if is_wrapped(value) else np.asarray(value)
