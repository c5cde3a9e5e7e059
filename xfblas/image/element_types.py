"""The element types of images, each with all that follows from it: the one table of them.

A, B and C of an image are of one type, X of the same or of a wider one.
"""

from typing import NamedTuple


class ElementType(NamedTuple):
    """A type by its name in config_info.dat and on command lines.

    Attributes:
        dtype: numpy's name of it.
        bytes: of an element.
        c_type: what the kernels' sources call it.
        addends: types that X may have, the default first; none where it is a type of X alone.
        mac_bits: that the engines keep of a sum.
        update_interval: cycles between two additions to one sum of the array: a float adder is
            pipelined, that of int16 stands in the multiplier, behind a register of its own.
        adder_interval: the same where an adder of its own follows the products.
    """

    dtype: str
    bytes: int
    c_type: str
    addends: tuple[str, ...] = ()
    mac_bits: int = 0
    update_interval: int = 0
    adder_interval: int = 0


ELEMENT_TYPES = {
    "short": ElementType("int16", 2, "int16_t", ("int32_t", "short"), 48, 3, 2),
    "float": ElementType("float32", 4, "float", ("float",), 48, 8, 8),
    "int8": ElementType("int8", 1, "int8_t", ("int32_t", "int8"), 32, 2, 2),
}
X_TYPES = {**ELEMENT_TYPES, "int32_t": ElementType("int32", 4, "int32_t")}
#: Names of the types by numpy's.
NAMES = {element.dtype: name for name, element in ELEMENT_TYPES.items()}


def type_name(text: str) -> str:
    """The name of a type given by this or by numpy's; what is neither stays as it is."""
    return NAMES.get(text, text)


#: Other spellings in public files, of types of elements and of X.
SPELLINGS = {"int": "int32_t", "int16_t": "short", "int8_t": "int8"}
