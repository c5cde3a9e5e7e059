"""The fixed places of an xclbin file: struct axlf and its section headers, all little-endian.

The sizes and offsets are those of AMD's public ``xclbin.h``.
"""

import struct
from typing import NamedTuple

from xfblas.errors import InvalidValueError

MAGIC = b"xclbin2\0"
ALIGNMENT = 8  # of every section's data
LARGEST_SECTION_COUNT = 0x10000  # XCLBIN_MAX_NUM_SECTION
HEADER = struct.Struct("<8si28s256sQQQQHBBHH16s64s16s16sI4x")
ENTRY = struct.Struct("<I16s4xQQ")


class Header(NamedTuple):
    """The first 456 bytes, in the order of the file."""

    magic: bytes
    signature_length: int
    reserved: bytes
    key_block: bytes
    unique_id: int
    length: int  # offset 304
    timestamp: int
    feature_rom_timestamp: int
    version_patch: int
    version_major: int
    version_minor: int
    mode: int  # offset 332
    action_mask: int
    feature_rom_uuid: bytes
    platform: bytes  # offset 352
    uuid: bytes  # offset 416
    debug_binary: bytes
    section_count: int  # offset 448


class Entry(NamedTuple):
    """The header of one section, 40 bytes."""

    kind: int
    name: bytes
    offset: int
    size: int


def pack(header: Header, entries: list[Entry]) -> bytes:
    """The header and the table of sections.

    Raises:
        InvalidValueError: a number does not fit its place.
    """
    try:
        return HEADER.pack(*header) + b"".join(ENTRY.pack(*entry) for entry in entries)
    except struct.error as error:
        raise InvalidValueError(f"a number does not fit an xclbin file: {error}") from None


def aligned(size: int) -> int:
    """A size in bytes, rounded up to where the next section may begin."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def text_of(field: bytes) -> str:
    """The text in a field of fixed size, up to its first zero byte."""
    # Latin-1 reads every byte, so that a damaged name is shown and written back as it was.
    return field.split(b"\0", 1)[0].decode("latin-1")


def field_of(what: str, text: str, size: int) -> bytes:
    """A text for a field of fixed size; struct fills it up with zero bytes.

    Raises:
        InvalidValueError: the text has more than ``size`` characters, or others than Latin-1.
    """
    encoded = text.encode("latin-1", errors="replace")
    if len(encoded) > size or text_of(encoded) != text:
        raise InvalidValueError(f"{what} is {text!r}, expected up to {size} Latin characters")
    return encoded
