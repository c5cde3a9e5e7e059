"""What may be asked of softmax by tables: implementation, formats and sizes, and their checks."""

import numbers
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from xfblas.checks import require_names, shown
from xfblas.errors import InvalidValueError

FLOAT = "float"
#: By tables, in the order of the instruction's kinds.
IMPLEMENTATIONS = ("stable", "latency", "legacy", "argmax")
AUTO = "auto"
#: What the unit holds: entries of a table, their bits, and bits of what looks one up.
MOST_ENTRIES, ENTRY_BITS, INDEX_BITS, SUM_BITS = 4096, 18, 24, 32
DEFAULT_SIZE = MOST_ENTRIES
_WIDEST = {
    "exp_table": ENTRY_BITS, "inv_table": ENTRY_BITS, "inp_norm": INDEX_BITS,
    "inv_inp": INDEX_BITS, "accum": SUM_BITS,
}  # fmt: skip

#: Width, integer bits, and as hls4ml has them rounding, overflow and saturation bits.
_FORMAT = r"(?:ap_)?(u?)fixed<(\d+),(-?\d+)(?:,(\w+)(?:,(\w+)(?:,0)?)?)?>"


@dataclass(frozen=True)
class Fixed:
    """A fixed-point format, as ``fixed<width,integer>`` or ``ufixed<width,integer>``.

    Attributes:
        width: bits, a sign included.
        integer: of these left of the point, the sign included.
        signed: whether there is a sign.
    """

    width: int
    integer: int
    signed: bool = False

    @property
    def magnitude(self) -> int:
        """Bits without the sign."""
        return self.width - self.signed

    @property
    def fraction(self) -> int:
        """Bits right of the point; below 0 where the last ones left of it are missing too."""
        return self.width - self.integer

    @property
    def largest(self) -> float:
        """The largest value."""
        return (2**self.magnitude - 1) / 2.0**self.fraction

    def __str__(self) -> str:
        return f"{'' if self.signed else 'u'}fixed<{self.width},{self.integer}>"


@dataclass(frozen=True)
class SoftmaxSettings:
    """How a softmax is computed.

    Attributes:
        implementation: one of :data:`IMPLEMENTATIONS`.
        exp_table, inv_table: formats of the tables' entries, at most 18 bits.
        inp_norm: of the logits as the exp table is looked up with them, at most 24 bits.
        inv_inp: of the sum as the inv table is looked up with it, at most 24 bits.
        accum: of the sum of exponentials, at most 32 bits.
        exp_table_size, inv_table_size: entries, a power of two up to 4,096.

    A format that is None is chosen for the model: see
    :mod:`~xfblas.quantization.softmax_choice`.
    """

    implementation: str
    exp_table: Fixed | None = None
    inv_table: Fixed | None = None
    inp_norm: Fixed | None = None
    inv_inp: Fixed | None = None
    accum: Fixed | None = None
    exp_table_size: int = DEFAULT_SIZE
    inv_table_size: int = DEFAULT_SIZE

    @classmethod
    def of(cls, given: Any, name: str = "softmax") -> "SoftmaxSettings | None":
        """Settings from a name, or from a dict with ``implementation`` and more; None for float.

        Args:
            given: such as ``"stable"``, or ``{"implementation": "stable", "exp_table":
                "fixed<18,8>", "table_size": 1024}``; None for float.
            name: of the argument.

        Raises:
            InvalidValueError: there is no such implementation or setting, or it has no such value.
        """
        if given is None:
            return None
        if isinstance(given, SoftmaxSettings):
            return given
        settings = {"implementation": given} if isinstance(given, str) else given
        if not isinstance(settings, Mapping):
            raise InvalidValueError(
                f"{name} is {shown(given)}, expected {', '.join((FLOAT, *IMPLEMENTATIONS))}, or a "
                "dict with an implementation"
            )
        settings = dict(settings)
        known = [field.name for field in fields(cls)] + ["table_size"]
        require_names(name, settings, known)
        implementation = settings.pop("implementation", "stable")
        choices = (FLOAT, *IMPLEMENTATIONS)
        if not isinstance(implementation, str) or implementation not in choices:
            raise InvalidValueError(
                f"{name} is {shown(implementation)}, expected one of {', '.join(choices)}"
            )
        size = settings.pop("table_size", DEFAULT_SIZE)
        sizes = {"exp_table_size": size, "inv_table_size": size}
        sizes |= {key: settings.pop(key) for key in sizes if key in settings}
        sizes = {key: _size(f"{name}: {key}", value) for key, value in sizes.items()}
        formats = {key: _fixed(f"{name}: {key}", key, value) for key, value in settings.items()}
        if implementation == FLOAT:
            if len(given) > 1 and isinstance(given, Mapping):
                raise InvalidValueError(f"{name} is {shown(given)}, but float has no tables")
            return None
        found = cls(implementation, **formats, **sizes)
        found._check(name)
        return found

    @property
    def is_signed(self) -> bool:
        """Whether the exp table is looked up with numbers of either sign."""
        return self.implementation in ("latency", "legacy")

    def _check(self, name: str) -> None:
        if self.inp_norm is not None and self.is_signed and not self.inp_norm.signed:
            raise InvalidValueError(
                f"{name}: inp_norm is {self.inp_norm}, expected fixed<...>: {self.implementation} "
                "looks up numbers of either sign"
            )
        for key, size in (("inp_norm", self.exp_table_size), ("inv_inp", self.inv_table_size)):
            form = getattr(self, key)
            if form is None:
                continue
            bits = form.width if key == "inp_norm" and self.is_signed else form.magnitude
            if size > 2**bits:
                raise InvalidValueError(
                    f"{name}: a table of {size} entries is looked up with the {bits} bits of "
                    f"{key}, {form}: expected at most {2**bits} entries"
                )


def _size(name: str, value: Any) -> int:
    is_size = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not is_size or not 2 <= value <= MOST_ENTRIES or int(value).bit_count() != 1:
        raise InvalidValueError(
            f"{name} is {shown(value)}, expected a power of two from 2 to {MOST_ENTRIES}"
        )
    return int(value)


def _fixed(name: str, key: str, value: Any) -> Fixed | None:
    if value is None or (isinstance(value, str) and value == AUTO):
        return None
    text = "".join(value.split()) if isinstance(value, str) else ""
    found = re.fullmatch(_FORMAT, text)
    most = _WIDEST[key]
    if found is None:
        raise InvalidValueError(f"{name} is {shown(value)}, expected such as 'fixed<18,8>'")
    unsigned, width, integer, rounding, overflow = found.groups()
    if rounding not in (None, "RND") or overflow not in (None, "SAT"):
        raise InvalidValueError(
            f"{name} is {shown(value)}, expected RND and SAT: the unit rounds and saturates"
        )
    form = Fixed(int(width), int(integer), not unsigned)
    if not 2 <= form.width <= most or not -16 <= form.integer <= most:
        raise InvalidValueError(
            f"{name} is {shown(value)}, expected 2 to {most} bits, of which -16 to {most} are "
            "left of the point"
        )
    return form
