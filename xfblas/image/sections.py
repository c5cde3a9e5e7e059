"""The three tables that say what hardware an image holds: memories, compute units, and wires.

MEM_TOPOLOGY lists memory banks, IP_LAYOUT the compute units, CONNECTIVITY which argument of
which compute unit reaches which bank. GROUP_TOPOLOGY and GROUP_CONNECTIVITY have the same form.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from xfblas.errors import ImageError, InvalidValueError

from .kinds import BlockType, MemoryType
from .layout import field_of, text_of

COUNT = struct.Struct("<i")
BANK = struct.Struct("<BB6xQQ16s")
BLOCK = struct.Struct("<IIQ64s")
WIRE = struct.Struct("<iii")
ALIGNED_START = 8  # entries that hold 64-bit numbers begin after four bytes of padding


@dataclass(frozen=True)
class MemoryBank:
    """A memory of the card.

    Attributes:
        tag: its name, such as ``DDR[0]``; up to 15 characters.
        size_bytes: a multiple of 1024.
        base_address: where it begins in the card's address space.
        type: see :class:`~xfblas.image.kinds.MemoryType`.
        used: whether a compute unit is wired to it.
    """

    tag: str
    size_bytes: int
    base_address: int
    type: int = MemoryType.DDR4
    used: bool = True


@dataclass(frozen=True)
class ComputeUnit:
    """An entry of IP_LAYOUT: a compute unit, or by its type another block of the design.

    Attributes:
        kernel: name of the kernel; of a block that is no compute unit, its whole name.
        name: name of this instance, such as ``fcnKernel_1``; None where the file gives none.
        base_address: of its control registers.
        type: see :class:`~xfblas.image.kinds.BlockType`.
        properties: interrupt and control protocol, as ``xclbin.h`` packs them.
    """

    kernel: str
    name: str | None
    base_address: int
    type: int = BlockType.KERNEL
    properties: int = 0

    @property
    def is_kernel(self) -> bool:
        """Whether the entry is a kernel, of the fabric or of a processor."""
        return self.type in (BlockType.KERNEL, BlockType.PS_KERNEL)


@dataclass(frozen=True)
class Connection:
    """A wire from one argument to one bank.

    Attributes:
        argument: index of the kernel's argument.
        ip: index into IP_LAYOUT.
        memory: index into MEM_TOPOLOGY.
    """

    argument: int
    ip: int
    memory: int


def encode_memory_topology(banks: Iterable[MemoryBank]) -> bytes:
    """The content of MEM_TOPOLOGY.

    Raises:
        InvalidValueError: a tag is too long, or a number out of range.
    """
    rows = []
    for bank in banks:
        if bank.size_bytes % 1024:
            raise InvalidValueError(
                f"memory bank {bank.tag} has {bank.size_bytes} bytes, expected whole KiB (1024)"
            )
        tag = _name("memory bank tag", bank.tag, 16)
        size = bank.size_bytes // 1024
        rows.append((bank.type, bank.used, size, bank.base_address, tag))
    return _encode(BANK, ALIGNED_START, rows, "MEM_TOPOLOGY")


def decode_memory_topology(data: bytes, source: str = "MEM_TOPOLOGY") -> list[MemoryBank]:
    """The banks that MEM_TOPOLOGY lists.

    Raises:
        ImageError: the content is shorter than its count says; ``source`` names it.
    """
    return [
        MemoryBank(text_of(tag), size * 1024, base, kind, bool(used))
        for kind, used, size, base, tag in _decode(BANK, ALIGNED_START, data, source)
    ]


def encode_ip_layout(units: Iterable[ComputeUnit]) -> bytes:
    """The content of IP_LAYOUT, sorted by address as XRT numbers compute units.

    Raises:
        InvalidValueError: ``kernel:name`` is too long, or a number out of range.
    """
    rows = []
    for unit in units:
        full = unit.kernel if unit.name is None else f"{unit.kernel}:{unit.name}"
        name = _name("compute unit name", full, 64)
        rows.append((unit.type, unit.properties, unit.base_address, name))
    if rows != sorted(rows, key=lambda row: row[2]):
        raise InvalidValueError("compute units are not in the order of their base addresses")
    return _encode(BLOCK, ALIGNED_START, rows, "IP_LAYOUT")


def decode_ip_layout(data: bytes, source: str = "IP_LAYOUT") -> list[ComputeUnit]:
    """The compute units and other blocks that IP_LAYOUT lists.

    Raises:
        ImageError: the content is shorter than its count says; ``source`` names it.
    """
    units = []
    for kind, properties, base, full in _decode(BLOCK, ALIGNED_START, data, source):
        kernel, colon, name = text_of(full).partition(":")
        units.append(ComputeUnit(kernel, name if colon else None, base, kind, properties))
    return units


def encode_connectivity(connections: Iterable[Connection]) -> bytes:
    """The content of CONNECTIVITY.

    Raises:
        InvalidValueError: an index does not fit 32 bits.
    """
    rows = [(wire.argument, wire.ip, wire.memory) for wire in connections]
    return _encode(WIRE, COUNT.size, rows, "CONNECTIVITY")


def decode_connectivity(data: bytes, source: str = "CONNECTIVITY") -> list[Connection]:
    """The wires that CONNECTIVITY lists.

    Raises:
        ImageError: the content is shorter than its count says; ``source`` names it.
    """
    return [Connection(*row) for row in _decode(WIRE, COUNT.size, data, source)]


def _encode(entry: struct.Struct, start: int, rows: list[tuple], what: str) -> bytes:
    try:
        content = b"".join(entry.pack(*row) for row in rows)
    except struct.error as error:
        raise InvalidValueError(f"a number does not fit {what}: {error}") from None
    return COUNT.pack(len(rows)).ljust(start, b"\0") + content


def _decode(entry: struct.Struct, start: int, data: bytes, source: str) -> list[tuple]:
    if len(data) < COUNT.size:
        raise ImageError(f"{source} has {len(data)} bytes, expected at least {COUNT.size}")
    (count,) = COUNT.unpack_from(data)
    size = start + entry.size * count
    if count < 0 or (count > 0 and len(data) < size):
        raise ImageError(
            f"{source} is damaged: it counts {count} entries of {entry.size} bytes, but has "
            f"{len(data)} bytes"
        )
    return list(entry.iter_unpack(data[start:size])) if count else []


def _name(what: str, text: str, size: int) -> bytes:
    if not text:
        raise InvalidValueError(f"{what} is empty, expected a name")
    # The last byte stays zero: readers in C rely on it.
    return field_of(what, text, size - 1)
