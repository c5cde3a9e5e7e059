"""tanh and sigmoid by the engine's table, to the bit, and the formats that suit a layer.

What ``hw/include/xfblas/activation.hpp`` computes of an element c with a fraction bits, for an
element with r of them:

    v = |c| * 2**(16 - a) for tanh, |c| * 2**(15 - a) for sigmoid, at most 2**19 - 1
    y = T[v >> 10], and linear on to the next entry     T[i] = round(2**16 tanh(i / 64))    (1)
    tanh    = sign(c) * y / 2**16                       in steps of 2**-r, at most the
    sigmoid = (2**16 + sign(c) * y) / 2**17             largest element

Its own error is 4e-5 at most, little beside that of an argument in steps of 2**-a. Sums beyond the
argument's range saturate, which is what the functions do themselves: beyond 8 tanh is 1 in 16 bits,
beyond 16 sigmoid. So a is chosen for the least error of the result, over sums with the room that
the margin asks for, and never lower than these ends need. Results never reach beyond 1: r may be
all bits but the sign. SPARE_BITS are as good within 0.3 dB, and leave the next layer's sums so much
room that they mostly fit 32 bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xfblas.layers.activations import HOST_FUNCTIONS

TANH = np.rint(65536 * np.tanh(np.arange(513) / 64)).astype(np.int64)
#: Integer bits of an argument beyond which the result does not change in 16 bits.
MOST_INTEGER_BITS = {"tanh": 3, "sigmoid": 4}
#: The result's fraction bits where sums of 32 bits are worth something.
SPARE_BITS = 12
#: Rows of the sample that formats are chosen with.
ROWS = 256


@dataclass(frozen=True)
class FunctionTable:
    """An activation by table, with its Q-formats.

    Attributes:
        function: 'tanh' or 'sigmoid'.
        argument_bits, result_bits: fraction bits, 0 to one less than those of an element.
    """

    function: str
    argument_bits: int
    result_bits: int

    def apply(self, elements: np.ndarray, bits: int) -> np.ndarray:
        """Equation (1) for integers of any shape, int64; ``bits`` of an element."""
        elements = np.asarray(elements, np.int64)
        halved = int(self.function == "sigmoid")
        magnitude = np.abs(elements) << (16 - halved - self.argument_bits)
        segment, fraction = np.divmod(np.minimum(magnitude, 2**19 - 1), 1024)
        low, high = TANH[segment], TANH[segment + 1]
        y = low + (((high - low) * fraction + 512) >> 10)
        base = np.where(elements < 0, 65536 - y, 65536 + y) if halved else y
        places = 16 + halved - self.result_bits
        found = np.minimum((base + (1 << (places - 1))) >> places, 2 ** (bits - 1) - 1)
        return found if halved else np.where(elements < 0, -found, found)

    def errors(self, sums: np.ndarray, bits: int) -> np.ndarray:
        """What float sums lose by both formats and the table, in units of the result."""
        half = 2 ** (bits - 1)
        elements = np.clip(np.rint(sums * 2.0**self.argument_bits), -half, half - 1)
        found = self.apply(elements.astype(np.int64), bits) / 2.0**self.result_bits
        return found - HOST_FUNCTIONS[self.function](sums)

    def text(self, bits: int) -> str:
        """Such as ``tanh Q3.12 to Q0.15``: integer and fraction bits beside the sign."""
        whole = [bits - 1 - fraction for fraction in (self.argument_bits, self.result_bits)]
        formats = zip(whole, (self.argument_bits, self.result_bits), strict=True)
        return f"{self.function} " + " to ".join(f"Q{high}.{low}" for high, low in formats)

    def argument_range(self, bits: int) -> float:
        """Where an argument saturates."""
        return 2.0 ** (bits - 1 - self.argument_bits)


def choose_table(
    function: str,
    sums: np.ndarray,
    margin: float,
    importance: np.ndarray,
    bits: int,
    spares: bool = False,
) -> FunctionTable:
    """The formats with the least error.

    Args:
        function: 'tanh' or 'sigmoid'.
        sums: (rows, n) of the sample.
        margin: how much farther than the sample's sums others may reach.
        importance: (n,) how much each output's error matters.
        bits: of an element.
        spares: whether the next layer's sums shall be small.
    """
    result_bits = min(bits - 1, SPARE_BITS) if spares else bits - 1
    stretched = margin * sums[:: -(-len(sums) // ROWS)]
    tables = [
        FunctionTable(function, bits - 1 - integer_bits, result_bits)
        for integer_bits in range(MOST_INTEGER_BITS[function], -1, -1)
    ]
    costs = [(table.errors(stretched, bits) ** 2 * importance).sum() for table in tables]
    return tables[int(np.argmin(costs))]
