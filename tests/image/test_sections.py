"""The tables of memories, compute units and wires."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xfblas.errors import ImageError, InvalidValueError
from xfblas.image.kinds import BlockType, MemoryType
from xfblas.image.sections import (
    ComputeUnit,
    Connection,
    MemoryBank,
    decode_connectivity,
    decode_ip_layout,
    decode_memory_topology,
    encode_connectivity,
    encode_ip_layout,
    encode_memory_topology,
)

names = st.text(st.characters(codec="latin-1", exclude_characters="\0:"), min_size=1, max_size=15)
words64 = st.integers(0, 2**64 - 1)
banks = st.builds(
    MemoryBank,
    tag=names,
    size_bytes=words64.map(lambda kibibytes: kibibytes * 1024),
    base_address=words64,
    type=st.integers(0, 255),
    used=st.booleans(),
)
units = st.builds(
    ComputeUnit,
    kernel=names,
    name=st.none() | names | st.just(""),
    base_address=words64,
    type=st.integers(0, 2**32 - 1),
    properties=st.integers(0, 2**32 - 1),
)
indices = st.integers(-(2**31), 2**31 - 1)


def test_memory_topology_has_the_layout_of_xclbin_h():
    banks = [
        MemoryBank("DDR[0]", 4 << 30, 0x4000000000),
        MemoryBank("HBM[1]", 1024, 0, 6, False),
    ]
    assert encode_memory_topology(banks) == (
        struct.pack("<i4x", 2)
        + struct.pack("<BB6xQQ16s", 1, 1, 4 << 20, 0x4000000000, b"DDR[0]")
        + struct.pack("<BB6xQQ16s", 6, 0, 1, 0, b"HBM[1]")
    )


def test_ip_layout_has_the_layout_of_xclbin_h():
    units = [
        ComputeUnit("fcnKernel", "fcnKernel_1", 0x1400000),
        ComputeUnit("ddr", None, 1 << 40),
    ]
    assert encode_ip_layout(units) == (
        struct.pack("<i4x", 2)
        + struct.pack("<IIQ64s", 1, 0, 0x1400000, b"fcnKernel:fcnKernel_1")
        + struct.pack("<IIQ64s", 1, 0, 1 << 40, b"ddr")
    )


def test_connectivity_has_the_layout_of_xclbin_h():
    wires = [Connection(0, 1, 2), Connection(3, 4, 5)]
    assert encode_connectivity(wires) == struct.pack("<7i", 2, 0, 1, 2, 3, 4, 5)


@given(st.lists(banks, max_size=5))
def test_banks_come_back(banks):
    assert decode_memory_topology(encode_memory_topology(banks)) == banks


@given(st.lists(units, max_size=5))
def test_compute_units_come_back(units):
    units.sort(key=lambda unit: unit.base_address)
    assert decode_ip_layout(encode_ip_layout(units)) == units


@given(st.lists(st.builds(Connection, indices, indices, indices), max_size=5))
def test_wires_come_back(wires):
    assert decode_connectivity(encode_connectivity(wires)) == wires


def test_padding_after_the_last_entry_is_ignored():
    banks = [MemoryBank("DDR[0]", 1024, 0)]
    assert decode_memory_topology(encode_memory_topology(banks) + bytes(24)) == banks
    assert decode_memory_topology(bytes(4)) == []


@pytest.mark.parametrize("decode", [decode_memory_topology, decode_ip_layout, decode_connectivity])
def test_damaged_tables_are_named(decode):
    for count in (1, 7, -1, 2**31 - 1, -(2**31)):
        with pytest.raises(ImageError, match=f"FILE, section X is damaged: it counts {count} "):
            decode(struct.pack("<i4x", count), "FILE, section X")
    for size in range(4):
        with pytest.raises(ImageError, match=f"has {size} bytes, expected at least 4"):
            decode(bytes(size))


def test_one_byte_short_is_damaged():
    for decode, data in (
        (decode_memory_topology, encode_memory_topology([MemoryBank("DDR[0]", 1024, 0)] * 2)),
        (decode_ip_layout, encode_ip_layout([ComputeUnit("k", "k_1", 0)] * 2)),
        (decode_connectivity, encode_connectivity([Connection(0, 0, 0)] * 2)),
    ):
        assert len(decode(data)) == 2
        with pytest.raises(ImageError):
            decode(data[:-1])


@pytest.mark.parametrize(
    "bank",
    [
        MemoryBank("t" * 16, 1024, 0),
        MemoryBank("", 1024, 0),
        MemoryBank("\u4e2d", 1024, 0),
        MemoryBank("t", 1000, 0),
        MemoryBank("t", -1024, 0),
        MemoryBank("t", 1024, 2**64),
        MemoryBank("t", 1024, 0, type=256),
    ],
)
def test_banks_that_do_not_fit_are_refused(bank):
    with pytest.raises(InvalidValueError):
        encode_memory_topology([bank])


def test_compute_units_that_do_not_fit_are_refused():
    with pytest.raises(InvalidValueError, match="up to 63"):
        encode_ip_layout([ComputeUnit("k" * 32, "n" * 31, 0)])
    with pytest.raises(InvalidValueError, match="order of their base addresses"):
        encode_ip_layout([ComputeUnit("k", "k_1", 2), ComputeUnit("k", "k_2", 1)])
    with pytest.raises(InvalidValueError):
        encode_connectivity([Connection(2**31, 0, 0)])


def test_only_kernels_are_compute_units():
    assert ComputeUnit("k", "k_1", 0).is_kernel
    assert ComputeUnit("k", "k_1", 0, BlockType.PS_KERNEL).is_kernel
    assert not ComputeUnit("ddr4_mem00", None, 0, BlockType.MEM_DDR4).is_kernel
    assert MemoryBank("t", 0, 0).type == MemoryType.DDR4
