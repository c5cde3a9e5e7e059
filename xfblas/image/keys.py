"""The keys of config_info.dat: their names, the values they may have, and how they are read."""

import re
from collections.abc import Mapping
from typing import NamedTuple

from xfblas.errors import ImageError

from .element_types import SPELLINGS
from .options import Options

ENGINES = ("Fcn", "Gemm", "Gemv")


class Number(NamedTuple):
    """A key whose value is a whole number, and its range."""

    key: str
    attribute: str
    minimum: int
    maximum: int


NUMBERS = (
    Number("ddrWidth", "ddr_width", 1, 1 << 16),
    Number("XddrWidth", "x_ddr_width", 1, 1 << 16),
    Number("gemmMBlocks", "m_blocks", 1, 1 << 16),
    Number("gemmKBlocks", "k_blocks", 1, 1 << 16),
    Number("gemmNBlocks", "n_blocks", 1, 1 << 16),
    Number("macBits", "mac_bits", 8, 64),
    # One instruction of each launch ends it, and a page of 4096 bytes holds 64.
    Number("numInstr", "instructions_per_launch", 2, 64),
    Number("numKernels", "kernel_count", 1, 1024),
)


def choice_of(options: Options, key: str, known: Mapping, absent: str | None = None) -> str:
    """A key's value, one of those known, by whichever spelling.

    Raises:
        ImageError: it is another one.
    """
    text = str(options.get(key, absent))
    if SPELLINGS.get(text, text) not in known:
        raise ImageError(f"{options.where(key)}{key} is {text!r}, expected {' or '.join(known)}")
    return SPELLINGS.get(text, text)


def number_of(options: Options, number: Number, absent: int) -> int:
    """A key's value as a whole number.

    Raises:
        ImageError: it is none, or out of range.
    """
    text = str(options.get(number.key, absent))
    # int() would also take underscores and the digits of other scripts.
    value = int(text) if re.fullmatch(r"[+-]?[0-9]{1,18}", text) else None
    if value is None or not number.minimum <= value <= number.maximum:
        raise ImageError(
            f"{options.where(number.key)}{number.key} is {text!r}, expected a whole number "
            f"from {number.minimum} to {number.maximum}"
        )
    return value


def flag_of(options: Options, key: str) -> bool:
    """Whether a key's value is 1; false where the key is missing.

    Raises:
        ImageError: it is neither 0 nor 1.
    """
    return bool(number_of(options, Number(key, key, 0, 1), 0))
