"""Images that are built, and what they say about themselves."""

import json
from dataclasses import replace

import pytest

from xfblas.errors import ImageError, InvalidValueError
from xfblas.image.builder import build_container, build_image
from xfblas.image.configuration import Configuration
from xfblas.image.container import Container, Section, parse, read
from xfblas.image.describe import describe
from xfblas.image.images import SPECIFICATIONS, memory_banks, specification, write_images
from xfblas.image.kinds import BlockType, SectionKind
from xfblas.image.sections import (
    ComputeUnit,
    Connection,
    decode_connectivity,
    decode_memory_topology,
    encode_connectivity,
    encode_ip_layout,
    encode_memory_topology,
)
from xfblas.reporting.text_table import print_tables, tables_of

NAMES = ("default_short", "default_float", "default_int8", "seed_short")
ENGINES = ["Fcn", "Gemm", "Gemv"]


def test_the_images_are_written_with_their_configurations(tmp_path):
    paths = write_images(tmp_path / "new" / "images")
    assert {path.name for path in paths} == {f"{n}.{e}" for n in NAMES for e in ("xclbin", "dat")}
    for name in NAMES:
        image = read(tmp_path / "new" / "images" / f"{name}.xclbin")
        text = (tmp_path / "new" / "images" / f"{name}.dat").read_text()
        assert image.configuration_text == text
        assert text == specification(name).configuration.to_text()


def test_the_bytes_are_reproducible(tmp_path):
    first, second = write_images(tmp_path / "one"), write_images(tmp_path / "two")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    write_images(tmp_path / "one")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_the_images_are_told_apart_by_uuid():
    uuids = {parse(build_container(s).serialize()).uuid for s in SPECIFICATIONS.values()}
    assert len(uuids) == len(SPECIFICATIONS)


@pytest.mark.parametrize(
    ("name", "platform", "units", "gibibytes"),
    [
        ("default_short", "xilinx_u250_gen3x16_xdma_4_1_202210_1", 6, 4),
        ("default_float", "xilinx_u250_gen3x16_xdma_4_1_202210_1", 6, 4),
        ("default_int8", "xilinx_u250_gen3x16_xdma_4_1_202210_1", 6, 4),
        ("seed_short", "xilinx_u200_gen3x16_xdma_2_202110_1", 3, 16),
    ],
)
def test_descriptions(name, platform, units, gibibytes):
    described = describe(parse(build_container(specification(name)).serialize()))
    assert described["platform"] == platform
    assert described["mode"] == "SW_EMU"
    assert described["clock_mhz"] == 300.0
    assert described["engines"] == ENGINES
    assert [bank["size_bytes"] for bank in described["memory_banks"]] == [gibibytes << 30] * units
    banks = [unit["banks"] for unit in described["compute_units"]]
    assert banks == [[f"DDR[{index}]"] for index in range(units)]
    per_engine = units // 3
    assert [unit["name"] for unit in described["compute_units"]] == [
        f"{kernel}_{number}"
        for kernel in ("fcnKernel", "gemmKernel", "gemvKernel")
        for number in range(1, per_engine + 1)
    ]
    assert described["configuration"]["numKernels"] == str(per_engine)
    assert [section["kind"] for section in described["sections"]] == [
        "EMBEDDED_METADATA",
        "MEM_TOPOLOGY",
        "IP_LAYOUT",
        "CONNECTIVITY",
        "GROUP_TOPOLOGY",
        "GROUP_CONNECTIVITY",
        "BUILD_METADATA",
        "USER_METADATA",
    ]
    assert described["sections"][-1]["name"] == "config_info"
    assert json.loads(json.dumps(described)) == described


def test_both_arguments_reach_the_bank_of_the_compute_unit():
    container = build_container(specification("seed_short"))
    wires = decode_connectivity(container.section(SectionKind.CONNECTIVITY).data)
    assert wires == [Connection(argument, unit, unit) for unit in range(3) for argument in (0, 1)]
    for group, table in (
        (SectionKind.GROUP_TOPOLOGY, SectionKind.MEM_TOPOLOGY),
        (SectionKind.GROUP_CONNECTIVITY, SectionKind.CONNECTIVITY),
    ):
        assert container.section(group).data == container.section(table).data


def test_banks_do_not_overlap():
    for wanted in SPECIFICATIONS.values():
        banks = decode_memory_topology(
            build_container(wanted).section(SectionKind.MEM_TOPOLOGY).data
        )
        ends = [bank.base_address + bank.size_bytes for bank in banks]
        assert all(e <= b.base_address for e, b in zip(ends, banks[1:], strict=False))


def test_a_library_becomes_the_bitstream(tmp_path):
    library = b"\x7fELF and more"
    path = build_image(replace(specification("seed_short"), library=library), tmp_path / "i")
    first = read(path).sections[0]
    assert (first.kind, first.data) == (SectionKind.BITSTREAM, library)


def test_engines_can_be_left_out():
    wanted = specification("default_short")
    gemv = replace(wanted.configuration, engines=frozenset({"Gemv"}), kernel_count=3)
    described = describe(build_container(replace(wanted, configuration=gemv)))
    assert described["engines"] == ["Gemv"]
    assert [u["name"] for u in described["compute_units"]] == [
        *("gemvKernel_1", "gemvKernel_2", "gemvKernel_3")
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"banks": memory_banks(5)}, "banks has 5 entries, expected one for each of the 6"),
        ({"configuration": Configuration("short", "int32_t")}, "engines is empty"),
        ({"platform": "p" * 64}, "platform is"),
        ({"platform": ""}, "platform is ''"),
        ({"platform": "\x01"}, "platform is"),
        ({"platform": "\udc80"}, "platform is"),
        ({"clock_mhz": 0}, "clock_mhz is 0"),
        ({"clock_mhz": float("nan")}, "clock_mhz is nan"),
        ({"library": b"text"}, "library is not a shared library"),
        ({"extra_sections": (Section(SectionKind.IP_LAYOUT, "", b""),)}, "IP_LAYOUT is in the"),
        ({"extra_sections": (Section(77, "", b""),) * 2}, r"unknown \(77\) is in the image"),
    ],
)
def test_what_cannot_be_built_is_named(change, message):
    with pytest.raises(InvalidValueError, match=message):
        build_container(replace(specification("default_short"), **change))


def test_an_unknown_preset_lists_the_known_ones():
    with pytest.raises(InvalidValueError, match="default_int8 or seed_short"):
        specification("default_double")


def test_an_image_without_known_sections_is_described():
    container = Container("p", [Section(SectionKind.MEM_TOPOLOGY, "", b""), Section(77, "x", b"1")])
    described = describe(parse(container.serialize()))
    assert described["engines"] == described["compute_units"] == described["memory_banks"] == []
    assert described["configuration"] is described["clock_mhz"] is None
    assert described["sections"][1] == {"kind": "unknown (77)", "name": "x", "size_bytes": 1}


def test_engines_are_known_by_their_kernels_where_no_configuration_is_carried():
    container = build_container(specification("seed_short"))
    carried = container.section(SectionKind.USER_METADATA)
    container.sections.remove(carried)
    described = describe(container)
    assert (described["engines"], described["configuration"]) == (ENGINES, None)


def test_one_kernel_for_all_engines_is_described_by_the_configuration():
    blocks = [
        ComputeUnit("blasKernel", "blasKernel_1", 0x1800000),
        ComputeUnit("ddr4_mem00", None, 0x2000000, BlockType.MEM_DDR4),
        ComputeUnit("soft", None, 0x3000000, BlockType.PS_KERNEL),
    ]
    container = Container(
        "p",
        [
            Section(SectionKind.MEM_TOPOLOGY, "", encode_memory_topology(memory_banks(1))),
            Section(SectionKind.IP_LAYOUT, "", encode_ip_layout(blocks)),
            Section(SectionKind.CONNECTIVITY, "", encode_connectivity([Connection(0, 0, 0)])),
            Section(SectionKind.USER_METADATA, "other", b"not this one"),
            Section(SectionKind.USER_METADATA, "config_info", b"dataType=short runGemm=1"),
        ],
    )
    described = describe(container)
    assert described["engines"] == ["Gemm"]
    assert [(u["name"], u["engine"]) for u in described["compute_units"]] == [
        *(("blasKernel_1", None), ("soft", None))
    ]


def test_kernels_of_the_processor_have_no_address(capsys):
    blocks = [
        ComputeUnit("blasKernel", "blasKernel_1", 0x1800000),
        ComputeUnit("soft", None, 2**64 - 1, BlockType.PS_KERNEL),
    ]
    container = Container("p", [Section(SectionKind.IP_LAYOUT, "", encode_ip_layout(blocks))])
    described = describe(container)
    assert [u["base_address"] for u in described["compute_units"]] == ["0x1800000", None]
    print_tables(tables_of(described))
    shown = capsys.readouterr().out
    assert "none" in shown and "0xffff" not in shown


@pytest.mark.parametrize(
    ("kind", "name", "data", "message"),
    [
        (SectionKind.MEM_TOPOLOGY, "", b"\x09", "FILE, section MEM_TOPOLOGY has 1 bytes"),
        (SectionKind.IP_LAYOUT, "", b"\x09\0\0\0", "section IP_LAYOUT is damaged: it counts 9"),
        (SectionKind.EMBEDDED_METADATA, "", b"<a", "section EMBEDDED_METADATA is not the XML"),
        (SectionKind.USER_METADATA, "config_info", b"\n x", r"FILE \(.*\) line 2: 'x' is not"),
        (
            SectionKind.CONNECTIVITY,
            "",
            encode_connectivity([Connection(0, 0, 0)]),
            "CONNECTIVITY: Connection.* points outside the 0 entries of IP_LAYOUT",
        ),
    ],
)
def test_damaged_sections_are_named(kind, name, data, message):
    with pytest.raises(ImageError, match=message):
        describe(Container("p", [Section(kind, name, data)]), "FILE")


def test_wires_to_what_is_not_there_are_refused():
    for wire in (Connection(0, -1, 0), Connection(0, 6, 0), Connection(0, 0, 6)):
        container = build_container(specification("default_short"))
        container.section(SectionKind.CONNECTIVITY).data = encode_connectivity([wire])
        with pytest.raises(ImageError, match="points outside the 6 entries of IP_LAYOUT"):
            describe(container)
