"""Softmax by tables in fixed point, to the bit: ``hw/include/xfblas/softmax.hpp`` in numpy.

The last layer's elements t of a row become logits on one grid, x = t * multiplier >> shift, since
columns may have scales of their own. Tables hold the function at the lower end of each entry's
part of the range:

    exp[i] = e**-u or e**u    inv[i] = 1 / s    in steps of their format, halves up, saturated   (1)

so that exp of the largest logit is 1 in ``stable``. 1 / 0 is the largest entry.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xfblas.quantization.softmax_settings import (
    IMPLEMENTATIONS,
    INDEX_BITS,
    MOST_ENTRIES,
    SUM_BITS,
    SoftmaxSettings,
)

MULTIPLIER_BITS = 17
MOST_CLASSES = 1024
#: Places that an engine shifts by, to the left below 0.
SHIFTS = (-20, 47)
#: Rows that legacy, which needs the square of the classes, takes at once.
LEGACY_ROWS = 64
#: Width of a block of memory by its depth: what a BRAM of 18 Kbit can be.
BLOCKS = {512: 36, 1024: 18, 2048: 9, 4096: 4, 8192: 2, 16384: 1}


@dataclass(frozen=True, eq=False)
class SoftmaxTables:
    """One Softmax instruction, and what calibration found of it.

    Attributes:
        implementation: one of ``stable``, ``latency``, ``legacy``, ``argmax``.
        classes, windows: of the last layer's columns.
        offset, scale_shift, exp_bits, inv_table_bits, norm_bits, accum_shift, accum_bits,
            inv_shift, inv_bits, result_shift: fields of the instruction.
        result_bits: fraction bits of a probability.
        parameters: int32: the exp table, the inv table, a multiplier for each class.
        formats: of the tables, as text.
        exp_width, inv_width: bits of their entries, which have no sign.
        error: the largest difference to softmax in float on the calibration rows.
        flipped: how many of these rows have another label.
        rows: how many there were.
    """

    implementation: str
    classes: int
    windows: int
    offset: int
    scale_shift: int
    exp_bits: int
    inv_table_bits: int
    norm_bits: int
    accum_shift: int
    accum_bits: int
    inv_shift: int
    inv_bits: int
    result_shift: int
    result_bits: int
    parameters: np.ndarray
    formats: str = ""
    exp_width: int = 0
    inv_width: int = 0
    error: float = 0.0
    flipped: int = 0
    rows: int = 0

    @property
    def kind(self) -> int:
        """Number of the implementation in the instruction."""
        return IMPLEMENTATIONS.index(self.implementation)

    @property
    def is_whole(self) -> bool:
        """Whether its numbers are such as an engine takes, for tables from a file."""
        is_fit = 0 <= self.exp_bits <= self.norm_bits <= INDEX_BITS
        is_fit &= 0 <= self.inv_table_bits <= self.inv_bits <= INDEX_BITS
        is_fit &= max(self.exp_bits, self.inv_table_bits) <= MOST_ENTRIES.bit_length() - 1
        is_fit &= 0 <= self.accum_bits <= SUM_BITS and abs(self.offset) < 2**31
        is_fit &= 0 <= self.scale_shift <= SHIFTS[1] and 0 <= self.result_bits < 16
        places = (self.accum_shift, self.inv_shift, self.result_shift)
        is_fit &= all(SHIFTS[0] <= one <= SHIFTS[1] for one in places)
        is_fit &= self.implementation != "argmax" or self.result_shift >= 0
        is_fit &= 1 <= self.classes <= MOST_CLASSES and self.windows >= 1
        if not is_fit:
            return False
        words = (1 << self.exp_bits) + (1 << self.inv_table_bits) + self.classes
        return self.parameters.dtype == np.int32 and self.parameters.shape == (words,)

    def apply(self, elements: np.ndarray) -> np.ndarray:
        """Elements of C (m, classes) for the last layer's (m, windows * classes), their type."""
        bits = 8 * elements.dtype.itemsize
        shape = (len(elements), self.windows, self.classes)
        totals = self.offset + elements.astype(np.int64).reshape(shape).sum(axis=1)
        exp, inv, multipliers = self._parts()
        x = _rounded(totals * multipliers, self.scale_shift)
        most = 2 ** (bits - 1) - 1
        if self.implementation == "argmax":
            is_first = np.arange(self.classes) == x.argmax(axis=1)[:, None]
            found = is_first * min(1 << self.result_shift, most)
        elif self.implementation == "legacy":
            parts = [x[i : i + LEGACY_ROWS] for i in range(0, len(x), LEGACY_ROWS)]
            sums = [self._exp(exp, p[:, None, :] - p[:, :, None], True).sum(2) for p in parts]
            found = self._inverse(inv, np.concatenate(sums) if sums else x)
            found = np.minimum(_rounded(found, self.result_shift), most)
        else:
            is_stable = self.implementation == "stable"
            u = x.max(axis=1, keepdims=True) - x if is_stable else x
            e = self._looked_up(exp, u, not is_stable)
            sums = _rounded(e, self.accum_shift).sum(axis=1, keepdims=True)
            found = np.minimum(_rounded(e * self._inverse(inv, sums), self.result_shift), most)
        return found.astype(elements.dtype)

    def values(self, elements: np.ndarray) -> np.ndarray:
        """Probabilities, float32, of elements of C."""
        return elements.astype(np.float32) / np.float32(2**self.result_bits)

    def _parts(self):
        words = self.parameters.astype(np.int64)
        first, second = 1 << self.exp_bits, 1 << self.inv_table_bits
        return words[:first], words[first : first + second], words[first + second :]

    def _looked_up(self, table, u, is_signed):
        middle = (1 << self.norm_bits >> 1) if is_signed else 0
        inside = np.clip(u + middle, 0, (1 << self.norm_bits) - 1)
        return table[inside >> (self.norm_bits - self.exp_bits)]

    def _exp(self, table, u, is_signed):
        return _rounded(self._looked_up(table, u, is_signed), self.accum_shift)

    def _inverse(self, table, sums):
        total = _rounded(np.minimum(sums, (1 << self.accum_bits) - 1), self.inv_shift)
        inside = np.minimum(total, (1 << self.inv_bits) - 1)
        return table[inside >> (self.inv_bits - self.inv_table_bits)]

    @property
    def table_bits(self) -> int:
        """Bits of both tables."""
        if self.implementation == "argmax":
            return 0
        return (self.exp_width << self.exp_bits) + (self.inv_width << self.inv_table_bits)

    @property
    def blocks(self) -> int:
        """BRAMs of 18 Kbit that the tables need."""
        if self.implementation == "argmax":
            return 0
        tables = ((self.exp_bits, self.exp_width), (self.inv_table_bits, self.inv_width))
        return sum(blocks_of(1 << depth, width) for depth, width in tables)

    @property
    def multipliers(self) -> int:
        """DSPs (27 x 18 bits, signed): one scales the logits, others multiply by the inverse."""
        if self.implementation in ("argmax", "legacy"):
            return 1
        wide, narrow = sorted((self.exp_width, self.inv_width), reverse=True)
        return 1 + -(-wide // 26) * -(-narrow // 17)

    @property
    def row_cycles(self) -> int:
        """Cycles from one row to the next."""
        sums = 2 * (self.windows - 1) * self.classes + self.classes
        passes = self.classes if self.implementation == "legacy" else 1
        return max(sums, passes * self.classes + 1)

    def text(self) -> str:
        """Such as ``stable by tables, exp 1024 x ufixed<17,1>, inv 1024 x ufixed<17,1>``."""
        how = f"{self.implementation} by tables" if self.formats else self.implementation
        return f"{how}{', ' if self.formats else ''}{self.formats}"

    def found_text(self) -> str:
        """What calibration found."""
        return (
            f"at most {self.error:.2g} off and {self.flipped} of {self.rows} labels flipped on "
            "the calibration rows"
        )

    def cost_text(self) -> str:
        """Tables and multipliers."""
        plural = "" if self.multipliers == 1 else "s"
        return (
            f"{self.table_bits / 1024:.0f} Kbit of tables in {self.blocks} BRAM18, "
            f"{self.multipliers} multiplier{plural}"
        )


def exp_table(settings: SoftmaxSettings, size: int) -> np.ndarray:
    """Equation (1) for exponentials, (size,) int64; formats are all there."""
    form, argument = settings.exp_table, settings.inp_norm
    assert form is not None and argument is not None
    if settings.is_signed:
        reach = 2.0 ** (argument.width - argument.fraction)
        u = (np.arange(size) / size - 0.5) * reach
    else:
        u = -np.arange(size) / size * 2.0 ** (argument.magnitude - argument.fraction)
    return _in_steps(np.exp(np.minimum(u, 700)), form)


def inv_table(settings: SoftmaxSettings, size: int) -> np.ndarray:
    """Equation (1) for inverses."""
    form, argument = settings.inv_table, settings.inv_inp
    assert form is not None and argument is not None
    sums = np.arange(size) / size * 2.0 ** (argument.magnitude - argument.fraction)
    with np.errstate(divide="ignore"):
        return _in_steps(1 / sums, form)


def blocks_of(depth: int, width: int) -> int:
    """BRAMs of 18 Kbit that a table needs."""
    return min(-(-depth // deep) * -(-width // wide) for deep, wide in BLOCKS.items())


def _in_steps(values: np.ndarray, form) -> np.ndarray:
    most = 2**form.magnitude - 1
    return np.floor(np.minimum(values * 2.0**form.fraction + 0.5, most)).astype(np.int64)


def _rounded(values: np.ndarray, places: int) -> np.ndarray:
    if places <= 0:
        return values << -places
    return (values + (1 << (places - 1))) >> places
