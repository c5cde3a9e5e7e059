"""A kernel of an image: its ports, its arguments and its compute units."""

from dataclasses import dataclass

POINTER, SCALAR = 1, 0  # values of addressQualifier
CONTROL_PORT = "S_AXI_CONTROL"
CONTROL_RANGE = 0x1000  # bytes of control registers in one compute unit
UNIT_RANGE = 0x10000  # bytes of address space from one compute unit to the next


@dataclass(frozen=True)
class Port:
    """An AXI port of a kernel: ``mode`` is ``master`` or ``slave``, ``data_width`` in bits."""

    name: str
    mode: str
    data_width: int


@dataclass(frozen=True)
class Argument:
    """An argument of a kernel.

    Attributes:
        qualifier: 1 is a pointer to device memory, 0 a scalar.
        offset: of its control register, in bytes.
        size: in bytes.
    """

    index: int
    name: str
    port: str
    qualifier: int
    offset: int
    size: int
    type: str


@dataclass(frozen=True)
class Instance:
    """A compute unit of a kernel, and the address of its control registers."""

    name: str
    base_address: int


@dataclass(frozen=True)
class Kernel:
    """A kernel with its ports, arguments and compute units."""

    name: str
    ports: tuple[Port, ...]
    arguments: tuple[Argument, ...]
    instances: tuple[Instance, ...]
