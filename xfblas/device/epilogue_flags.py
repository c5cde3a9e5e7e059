"""Flags of C for what happens to a sum on its way to an element."""

from xfblas.checks import require_sequence, shown
from xfblas.device.binding import require_integer
from xfblas.device.entries import require_groups
from xfblas.errors import InvalidValueError

ROUND, SATURATE, BIAS_ROW = 1, 2, 4
FUNCTIONS = {"prelu": 0, "tanh": 1 << 8, "sigmoid": 2 << 8, "table": 3 << 8}


def function_flags(
    activation: str = "prelu", fraction_bits: tuple[int, int] = (0, 0), groups: int = 1
) -> int:
    """Flags of C for :meth:`ComputeUnit.fcn`'s activation and its fraction bits or groups."""
    if not isinstance(activation, str) or activation not in FUNCTIONS:
        raise InvalidValueError(
            f"activation is {shown(activation)}, expected {' or '.join(map(repr, FUNCTIONS))}"
        )
    require_sequence("fraction_bits", fraction_bits, "a pair of whole numbers")
    if len(fraction_bits) != 2:
        raise InvalidValueError(
            f"fraction_bits is {shown(fraction_bits)}, expected a pair of whole numbers"
        )
    argument, result = (require_integer("fraction_bits", bits, 0, 255) for bits in fraction_bits)
    if require_groups(groups) and activation == "table":
        return FUNCTIONS[activation] | groups << 16
    return FUNCTIONS[activation] | argument << 16 | result << 24
