"""The "xclbin2" container (struct axlf of AMD's ``xclbin.h``): a header and named sections.

offset 0    magic, signature length, reserved bytes, key block, unique number
offset 304  header: length, times, version, mode, platform, uuid, number of sections
offset 456  one entry of 40 bytes for each section: kind, name, offset, size
then        the sections' data, each at a multiple of 8 bytes
"""

import hashlib
import os
from dataclasses import dataclass, field
from uuid import UUID

from xfblas.errors import ImageError, InvalidValueError

from .kinds import Mode, SectionKind, name_of
from .layout import (
    ENTRY,
    HEADER,
    LARGEST_SECTION_COUNT,
    MAGIC,
    Entry,
    Header,
    aligned,
    field_of,
    pack,
    text_of,
)
from .regular_file import read_regular

CONFIGURATION_NAME = "config_info"
REBUILD = "build or copy the file again"


@dataclass
class Section:
    """One section.

    Attributes:
        kind: a number, known (:class:`~xfblas.image.kinds.SectionKind`) or not.
        name: up to 16 characters; most sections have none.
        data: the content, without the padding that follows it in the file.
    """

    kind: int
    name: str
    data: bytes

    @property
    def kind_name(self) -> str:
        """Name of the section's kind, or its number where it is unknown."""
        return name_of(self.kind, SectionKind)


@dataclass
class Container:
    """An xclbin file in memory.

    Attributes:
        platform: the platform the image is for, up to 64 characters.
        sections: in the order of the file; a kind may appear more than once.
        mode: see :class:`~xfblas.image.kinds.Mode`.
        uuid: None takes one from the content, the same for the same content.
        timestamp: seconds since 1970; None takes SOURCE_DATE_EPOCH, or else 0.
        version: major, minor and patch of the tools whose layout this is.
        unique_id: 64 bits by which XRT knows an image again; None takes them from the uuid.
        trailer: what follows the declared length, such as a signature.
    """

    platform: str
    sections: list[Section] = field(default_factory=list)
    mode: int = Mode.SW_EMU
    uuid: UUID | None = None
    timestamp: int | None = None
    version: tuple[int, int, int] = (2, 13, 0)
    feature_rom_timestamp: int = 0
    feature_rom_uuid: bytes = bytes(16)
    action_mask: int = 0
    unique_id: int | None = None
    debug_binary: bytes = bytes(16)
    signature_length: int = -1  # -1 says: not signed
    reserved: bytes = b"\xff" * 28
    key_block: bytes = bytes(256)
    trailer: bytes = b""

    def sections_of(self, kind: int, name: str | None = None) -> list[Section]:
        """The sections of a kind, and with a name only those of that name."""
        return [s for s in self.sections if s.kind == kind and name in (None, s.name)]

    def section(self, kind: int, name: str | None = None) -> Section | None:
        """The first section of a kind, which is the one XRT takes; None where there is none."""
        return next(iter(self.sections_of(kind, name)), None)

    @property
    def configuration_text(self) -> str | None:
        """The config_info.dat that the image carries; None where it carries none."""
        carried = self.section(SectionKind.USER_METADATA, CONFIGURATION_NAME)
        return None if carried is None else carried.data.decode("utf-8", errors="replace")

    def serialize(self) -> bytes:
        """The bytes of the file, the same for the same container.

        Raises:
            InvalidValueError: a field is too large or too long for its place in the file.
        """
        timestamp = _build_time() if self.timestamp is None else self.timestamp
        uuid = self._content_uuid() if self.uuid is None else self.uuid
        unique_id = self.unique_id
        if unique_id is None:
            unique_id = int.from_bytes(uuid.bytes[:8], "little")

        position = aligned(HEADER.size + ENTRY.size * len(self.sections))
        entries, contents = [], []
        for section in self.sections:
            name = field_of("section name", section.name, 16)
            entries.append(Entry(section.kind, name, position, len(section.data)))
            contents.append(section.data.ljust(aligned(len(section.data)), b"\0"))
            position += len(contents[-1])
        major, minor, patch = self.version
        header = Header(
            magic=MAGIC,
            signature_length=self.signature_length,
            reserved=self.reserved,
            key_block=self.key_block,
            unique_id=unique_id,
            length=position,
            timestamp=timestamp,
            feature_rom_timestamp=self.feature_rom_timestamp,
            version_patch=patch,
            version_major=major,
            version_minor=minor,
            mode=self.mode,
            action_mask=self.action_mask,
            feature_rom_uuid=self.feature_rom_uuid,
            platform=field_of("platform", self.platform, 64),
            uuid=uuid.bytes,
            debug_binary=self.debug_binary,
            section_count=len(entries),
        )
        table = pack(header, entries)
        return table.ljust(aligned(len(table)), b"\0") + b"".join(contents) + self.trailer

    def _content_uuid(self) -> UUID:
        digest = hashlib.sha256(f"{self.platform}\0{self.mode}".encode(errors="replace"))
        for section in self.sections:
            # The lengths keep a byte that moves from one section to the next from being lost.
            title = f"\0{section.kind}\0{section.name}\0{len(section.data)}\0"
            digest.update(title.encode(errors="replace") + section.data)
        return UUID(bytes=digest.digest()[:16])


def read(path) -> Container:
    """Reads an xclbin file.

    Raises:
        ImageError: the file cannot be read, is empty, truncated, damaged, or no xclbin file.
    """
    try:
        data = read_regular(path)
    except OSError as error:
        raise ImageError(f"cannot read {path}: {error.strerror or error}") from error
    return parse(data, str(path))


def parse(data: bytes, source: str = "the image") -> Container:
    """Takes the bytes of an xclbin file apart.

    Args:
        data: the whole file.
        source: what errors call it, such as its path.

    Raises:
        ImageError: empty, truncated, damaged, or no xclbin file.
    """
    data = bytes(data)
    if not data:
        raise ImageError(f"{source} is empty, expected an xclbin2 file: {REBUILD}")
    if not MAGIC.startswith(data[: len(MAGIC)]):
        raise ImageError(
            f"{source} is not an xclbin2 file: it begins with {data[: len(MAGIC)]!r}, expected "
            f"{MAGIC!r}; pass what v++ or `xfblas xclbin build` wrote"
        )
    _require_bytes(data, HEADER.size, "the header", source)
    header = Header._make(HEADER.unpack_from(data))
    _require_bytes(data, header.length, "the length in its header", source)
    return Container(
        platform=text_of(header.platform),
        sections=_read_sections(data[: header.length], header.section_count, source),
        mode=header.mode,
        uuid=UUID(bytes=header.uuid),
        timestamp=header.timestamp,
        version=(header.version_major, header.version_minor, header.version_patch),
        feature_rom_timestamp=header.feature_rom_timestamp,
        feature_rom_uuid=header.feature_rom_uuid,
        action_mask=header.action_mask,
        unique_id=header.unique_id,
        debug_binary=header.debug_binary,
        signature_length=header.signature_length,
        reserved=header.reserved,
        key_block=header.key_block,
        trailer=data[header.length :],
    )


def _read_sections(data: bytes, count: int, source: str) -> list[Section]:
    table_end = HEADER.size + ENTRY.size * count
    if count > LARGEST_SECTION_COUNT or table_end > len(data):
        raise ImageError(
            f"{source} is damaged: its header counts {count} sections, but there is room for "
            f"{max(0, len(data) - HEADER.size) // ENTRY.size}: {REBUILD}"
        )
    entries = [
        Entry._make(ENTRY.unpack_from(data, HEADER.size + ENTRY.size * index))
        for index in range(count)
    ]
    for index, entry in enumerate(entries):
        end = entry.offset + entry.size
        if end > len(data) or (entry.size > 0 and entry.offset < table_end):
            kind = name_of(entry.kind, SectionKind)
            raise ImageError(
                f"{source} is damaged: section {index} ({kind}) has {entry.size} bytes at "
                f"offset {entry.offset}, expected within {table_end} to {len(data)}: {REBUILD}"
            )
    # A small file of many sections that overlap would fill the memory.
    if sum(entry.size for entry in entries) > len(data) - table_end:
        raise ImageError(
            f"{source} is damaged: its sections overlap, they have more bytes than the file: "
            f"{REBUILD}"
        )
    return [
        Section(entry.kind, text_of(entry.name), data[entry.offset : entry.offset + entry.size])
        for entry in entries
    ]


def _require_bytes(data: bytes, size: int, what: str, source: str):
    if len(data) < size:
        raise ImageError(
            f"{source} is truncated: it has {len(data)} bytes, expected at least {size} "
            f"({what}): {REBUILD}"
        )


def _build_time() -> int:
    given = os.environ.get("SOURCE_DATE_EPOCH", "0")
    if not (given.isascii() and given.isdigit()):
        raise InvalidValueError(f"SOURCE_DATE_EPOCH is {given!r}, expected seconds since 1970")
    return int(given)
