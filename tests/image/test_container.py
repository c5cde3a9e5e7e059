"""The container: places of the fields, round trips, and every kind of bad file."""

import struct
from contextlib import suppress
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xfblas.errors import ImageError, InvalidValueError
from xfblas.image.container import Container, Section, parse, read
from xfblas.image.describe import describe
from xfblas.image.kinds import SectionKind, name_of, section_kind

HEADER_BYTES, ENTRY_BYTES = 456, 40

latin_text = st.text(st.characters(codec="latin-1", exclude_characters="\0"), max_size=16)
sections = st.builds(Section, st.integers(0, 2**32 - 1), latin_text, st.binary(max_size=40))
containers = st.builds(
    Container,
    platform=latin_text,
    sections=st.lists(sections, max_size=6),
    mode=st.integers(0, 2**16 - 1),
    uuid=st.uuids(),
    timestamp=st.integers(0, 2**64 - 1),
    version=st.tuples(*[st.integers(0, 255)] * 2, st.integers(0, 2**16 - 1)),
    feature_rom_timestamp=st.integers(0, 2**64 - 1),
    feature_rom_uuid=st.binary(min_size=16, max_size=16),
    action_mask=st.integers(0, 2**16 - 1),
    unique_id=st.integers(0, 2**64 - 1),
    debug_binary=st.binary(min_size=16, max_size=16),
    signature_length=st.integers(-(2**31), 2**31 - 1),
    reserved=st.binary(min_size=28, max_size=28),
    key_block=st.binary(min_size=256, max_size=256),
    trailer=st.binary(max_size=40),
)


def changed(image: bytes, offset: int, form: str, value) -> bytes:
    """The image with one field set to another value."""
    field = struct.pack("<" + form, value)
    return image[:offset] + field + image[offset + len(field) :]


def test_fields_lie_where_xclbin_h_has_them():
    uuid = UUID("00112233-4455-6677-8899-aabbccddeeff")
    container = Container(
        "platform_1",
        [Section(6, "first", b"abc"), Section(77, "", b"12345678"), Section(6, "", b"")],
        uuid=uuid,
        timestamp=9,
        unique_id=5,
    )
    data = container.serialize()
    assert data[:8] == b"xclbin2\0"
    assert struct.unpack_from("<i", data, 8) == (-1,)
    assert data[12:40] == b"\xff" * 28
    assert struct.unpack_from("<Q", data, 296) == (5,)
    assert struct.unpack_from("<QQQ", data, 304) == (len(data), 9, 0)
    assert struct.unpack_from("<HBBHH", data, 328) == (0, 2, 13, 5, 0)
    assert data[352:416] == b"platform_1".ljust(64, b"\0")
    assert data[416:432] == uuid.bytes
    assert struct.unpack_from("<I", data, 448) == (3,)
    entries = [struct.unpack_from("<I16s4xQQ", data, 456 + 40 * i) for i in range(3)]
    assert entries == [
        (6, b"first".ljust(16, b"\0"), 576, 3),
        (77, bytes(16), 584, 8),
        (6, bytes(16), 592, 0),
    ]
    assert data[576:] == b"abc\0\0\0\0\0" + b"12345678"


@given(containers)
def test_any_container_comes_back_as_it_was(container):
    data = container.serialize()
    assert parse(data) == container
    assert parse(data).serialize() == data


def test_sections_in_any_order_with_gaps_and_a_signature_are_read():
    data = Container("p", [Section(0, "", b"A" * 8), Section(99, "", b"B" * 8)]).serialize()
    first, second = 456, 496
    swapped = changed(changed(data, first + 24, "Q", 544), second + 24, "Q", 536)
    longer = changed(swapped + bytes(24), 304, "Q", len(swapped) + 16)
    container = parse(longer + b"signature")
    assert [section.data for section in container.sections] == [b"B" * 8, b"A" * 8]
    assert container.trailer == bytes(8) + b"signature"


def test_two_sections_of_a_kind_are_both_kept():
    kind = SectionKind.SOFT_KERNEL
    two = [Section(kind, "one", b"1"), Section(kind, "two", b"2")]
    container = parse(Container("p", two).serialize())
    assert container.sections_of(kind) == two
    assert container.section(kind) == two[0]
    assert container.section(kind, "two") == two[1]
    assert container.section(kind, "three") is None


def test_unknown_kinds_are_shown_by_number():
    container = parse(Container("p", [Section(4711, "mine", b"x")]).serialize())
    assert container.sections[0].kind_name == "unknown (4711)"
    assert name_of(26, SectionKind) == "GROUP_TOPOLOGY"


def test_kinds_by_name_and_number():
    assert section_kind("bitstream") == 0
    assert section_kind("4711") == 4711
    for text in ("NOTHING", "-1", "4294967296", "9" * 5000, "", "\u0662"):
        with pytest.raises(InvalidValueError, match="section kind is"):
            section_kind(text)


def test_same_content_gives_the_same_bytes_and_other_content_another_uuid():
    def written(**changes):
        return replace(Container("p", [Section(0, "", b"ab"), Section(1, "", b"c")]), **changes)

    data = written().serialize()
    assert data == written().serialize()
    assert parse(data).timestamp == 0
    uuid = parse(data).uuid
    assert parse(written(timestamp=5).serialize()).uuid == uuid
    for changes in (
        {"platform": "q"},
        {"mode": 4},
        {"sections": [Section(0, "", b"aX"), Section(1, "", b"c")]},
        {"sections": [Section(0, "", b"a"), Section(1, "", b"bc")]},
        {"sections": [Section(0, "n", b"ab"), Section(1, "", b"c")]},
        {"sections": [Section(0, "", b"ab"), Section(2, "", b"c")]},
    ):
        assert parse(written(**changes).serialize()).uuid != uuid


def test_the_build_time_is_taken_from_the_environment(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert parse(Container("p").serialize()).timestamp == 1_700_000_000
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "now")
    with pytest.raises(InvalidValueError, match="SOURCE_DATE_EPOCH is 'now'"):
        Container("p").serialize()


@pytest.mark.parametrize(
    "container",
    [
        Container("p" * 65),
        Container("\u4e2d"),
        Container("\udc80"),
        Container("with\0zero"),
        Container("p", [Section(0, "n" * 17, b"")]),
        Container("p", [Section(2**32, "", b"")]),
        Container("p", [Section(-1, "", b"")]),
        Container("p", timestamp=-1),
        Container("p", mode=2**16),
        Container("p", version=(256, 0, 0)),
    ],
)
def test_what_does_not_fit_is_refused(container):
    with pytest.raises(InvalidValueError):
        container.serialize()


def test_every_truncation_is_refused(image):
    for size in range(len(image)):
        with pytest.raises(ImageError):
            parse(image[:size])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "file.xclbin is empty, expected an xclbin2 file"),
        (b"xclb", "file.xclbin is truncated: it has 4 bytes, expected at least 456"),
        (b"xclbin2\0", "it has 8 bytes, expected at least 456"),
        (b"xclbin0\0" + bytes(500), "begins with b'xclbin0.x00', expected b'xclbin2.x00'"),
        (b"\x7fELF" + bytes(500), "file.xclbin is not an xclbin2 file"),
        (b"\0" * 1000, "is not an xclbin2 file"),
    ],
)
def test_foreign_and_empty_files_are_named(tmp_path, content, message):
    path = tmp_path / "file.xclbin"
    path.write_bytes(content)
    with pytest.raises(ImageError, match=message):
        read(path)


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(ImageError, match=r"cannot read .*none.xclbin: No such file"):
        read(tmp_path / "none.xclbin")
    with pytest.raises(ImageError, match=r"cannot read .*: it is no regular file"):
        read(tmp_path)


def test_damaged_headers_say_what_was_found(image):
    size, first = len(image), HEADER_BYTES
    for data, message in (
        (changed(image, 304, "Q", size + 1), f"has {size} bytes, expected at least {size + 1}"),
        (changed(image, 304, "Q", 2**64 - 1), "is truncated"),
        (changed(image, 304, "Q", 0), "counts 8 sections, but there is room for 0"),
        (changed(image, 304, "Q", HEADER_BYTES + 8 * ENTRY_BYTES - 1), "there is room for 7"),
        (changed(image, 448, "I", 2**32 - 1), "counts 4294967295 sections"),
        (changed(image, first + 24, "Q", size - 1), r"section 0 \(EMBEDDED_METADATA\) has"),
        (changed(image, first + 24, "Q", 2**64 - 1), "at offset 18446744073709551615"),
        (changed(image, first + 24, "Q", 0), "at offset 0, expected within 776"),
        (changed(image, first + 32, "Q", 2**64 - 1), "has 18446744073709551615 bytes"),
        (changed(image, first + 72, "Q", 2000), "its sections overlap"),
    ):
        with pytest.raises(ImageError, match=message):
            parse(data, "file.xclbin")


def test_a_section_count_above_the_limit_is_refused():
    count = 0x10001
    data = Container("p", [Section(0, "", b"")] * count).serialize()
    with pytest.raises(ImageError, match=f"counts {count} sections"):
        parse(data)


@given(st.data())
def test_damaged_bytes_give_nothing_but_image_errors(image, data):
    damaged = bytearray(image)
    for _ in range(data.draw(st.integers(1, 4))):
        # Half of the flips in the header and the table of sections, where most can go wrong.
        last = data.draw(st.sampled_from([HEADER_BYTES + 8 * ENTRY_BYTES, len(image)]))
        bit = data.draw(st.integers(0, 8 * last - 1))
        damaged[bit // 8] ^= 1 << bit % 8
    damaged = bytes(damaged[: data.draw(st.integers(0, len(image)) | st.just(len(image)))])
    with suppress(ImageError):
        describe(parse(damaged))


@given(st.binary(max_size=800))
def test_random_bytes_after_the_magic_give_nothing_but_image_errors(noise):
    with suppress(ImageError):
        describe(parse(b"xclbin2\0" + noise))
