"""Words and a few numbers, as JSON holds them."""

from typing import Any

import numpy as np


def plain_value(value: Any) -> dict[str, Any] | None:
    """Words or numbers as JSON holds them; None for what is neither."""
    array = np.asarray(value, object if isinstance(value, (str, bytes)) else None)
    if array.dtype.kind in "biuf":
        return {"dtype": array.dtype.str, "shape": array.shape, "values": array.ravel().tolist()}
    words = array.ravel().tolist()
    kind = bytes if words and isinstance(words[0], bytes) else str
    if not all(isinstance(word, kind) for word in words):
        return None
    if kind is bytes:
        words = [word.decode("latin-1") for word in words]
    return {"dtype": kind.__name__, "shape": array.shape, "values": words}


def value_of(plain: dict[str, Any]) -> Any:
    """What :func:`plain_value` was made of; words of an array are objects."""
    values, dtype = plain["values"], plain["dtype"]
    if dtype == "bytes":
        values = [word.encode("latin-1") for word in values]
    array = np.empty(len(values), object if dtype in ("bytes", "str") else np.dtype(dtype))
    array[:] = values
    return array.reshape(plain["shape"])[()]
