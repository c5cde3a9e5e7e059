"""Functions of one value that integer engines compute between dense layers by a table.

Of tanh and sigmoid the engine has a table of its own; of the others the host sends one, which is
interpolated. So what jumps (hard_shrink, a threshold) is none of them.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from xfblas.layers.host_functions import FUNCTIONS
from xfblas.layers.placement import TABLES

#: Those whose table the host sends, with any settings.
_SENT = (
    *("relu6", "elu", "celu", "selu", "gelu", "gelu_tanh", "silu", "hard_silu", "mish"),
    *("softplus", "squareplus", "sparse_plus", "softsign", "exponential", "log_sigmoid"),
    *("hard_sigmoid", "hard_sigmoid_2", "sparse_sigmoid", "hard_tanh", "tanh_shrink"),
    *("soft_shrink", "clip", "absolute", "square", "error_function"),
)
#: Names that stand for a table without settings too.
CURVES = (*TABLES, *_SENT)


def is_curve(function: str, parameters: Mapping[str, Any]) -> bool:
    """Whether the engine can compute a function of the host's by a table."""
    if function in TABLES:
        return not parameters
    if function == "relu":
        return bool(parameters) and not parameters.get("threshold")
    return function in _SENT


def curve(function: str, parameters: Mapping[str, Any], values: np.ndarray) -> np.ndarray:
    """A function of values of any shape, of their type."""
    # Infinities and what is no number come out as they do on the host.
    with np.errstate(all="ignore"):
        found = np.asarray(FUNCTIONS[function](values, **parameters))
    return found.astype(values.dtype, copy=False)
