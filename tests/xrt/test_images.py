"""Images that do not fit, or are damaged: an error that names both sides, and no crash of XRT."""

import os
import struct
import subprocess
import sys

import pytest

from xfblas.image.container import Section, read
from xfblas.image.kinds import Mode, SectionKind

from . import kernels
from .conftest import PROGRAMS

OTHER_PLATFORM = "xilinx_u55c_gen3x16_xdma_3_202210_1"


def changed(image, path, *without, **replaced):
    """A copy of an image without some sections, or with other content in them."""
    container = read(image)
    sections = []
    for section in container.sections:
        kind = SectionKind(section.kind).name
        if kind in without:
            continue
        data = replaced.get(kind, section.data)
        sections.append(Section(section.kind, section.name, data))
    container.sections = sections
    path.write_bytes(container.serialize())
    return path


@pytest.fixture
def opened(emulate, tmp_path):
    """The line that tells what opening an image gives."""

    def line(image, **keywords):
        return emulate("open.py", image, **keywords).strip()

    return line


def test_good_image(opened, moody_image):
    assert opened(moody_image) == "opened 2"


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        (Mode.FLAT, "was built for a card (mode FLAT), but XCL_EMULATION_MODE is sw_emu"),
        (Mode.PR, "was built for a card (mode PR), but XCL_EMULATION_MODE is sw_emu"),
        (Mode.HW_EMU, "was built for hardware emulation (hw_emu) (mode HW_EMU), but"),
        (Mode.HW_EMU_PR, "(mode HW_EMU_PR), but XCL_EMULATION_MODE is sw_emu"),
        (17, "has mode 17, expected 0 to 6"),
    ],
)
def test_wrong_mode(opened, tmp_path, moody_library, mode, words):
    image = kernels.write_image(tmp_path / "wrong.xclbin", moody_library, mode=mode)
    line = opened(image)
    assert line.startswith(f"ImageError: {image} ")
    assert words in line


def test_emulation_image_for_a_card(moody_image):
    """Outside of the emulation the same image would be given to a card."""
    command = [sys.executable, PROGRAMS / "open.py", moody_image]
    environment = {k: v for k, v in os.environ.items() if k != "XCL_EMULATION_MODE"}
    line = subprocess.run(command, env=environment, capture_output=True, text=True).stdout
    assert "was built for software emulation (sw_emu) (mode SW_EMU)" in line
    assert "XCL_EMULATION_MODE is not set, which means a card" in line
    assert "xfblas emu -- program" in line


def test_other_platform(opened, tmp_path, moody_library):
    image = kernels.write_image(tmp_path / "other.xclbin", moody_library, platform=OTHER_PLATFORM)
    line = opened(image)
    assert f"was built for platform {OTHER_PLATFORM}, but the emulated card is a xilinx" in line
    assert opened(image, options=["--platform", OTHER_PLATFORM]) == "opened 2"


def test_no_kernel(opened, tmp_path):
    image = kernels.write_image(tmp_path / "none.xclbin", None)
    assert "carries no kernel: its BITSTREAM is missing" in opened(image)


def test_no_library(opened, tmp_path, moody_image):
    image = changed(moody_image, tmp_path / "text.xclbin", BITSTREAM=b"no library " * 99)
    assert "carries no kernel library for this CPU" in opened(image)


def test_library_of_another_engine(opened, tmp_path, gemm_image):
    gemm = next(s.data for s in read(gemm_image).sections if s.kind == SectionKind.BITSTREAM)
    image = kernels.write_image(tmp_path / "engine.xclbin", gemm)
    assert "its kernel library has no xfblas_run_fcnKernel" in opened(image)


def test_damaged_library(emulate, tmp_path, moody_image):
    """It has the right name in it, but cannot be loaded: told by the first run."""
    library = b"\x7fELF" + bytes(1000) + b"xfblas_run_fcnKernel\0"
    image = changed(moody_image, tmp_path / "damaged.xclbin", BITSTREAM=library)
    output = emulate("first_run.py", image)
    assert "the image's kernel library cannot be loaded" in output


@pytest.mark.parametrize("content", [b"", b"xclbin2", os.urandom(20000)], ids=len)
def test_no_image(opened, tmp_path, content):
    image = tmp_path / "none.xclbin"
    image.write_bytes(content)
    line = opened(image)
    assert line.startswith("ImageError: ")
    assert str(image) in line


@pytest.mark.parametrize("percent", [1, 10, 50, 90, 99])
def test_truncated_image(opened, tmp_path, moody_image, percent):
    content = moody_image.read_bytes()
    image = tmp_path / "short.xclbin"
    image.write_bytes(content[: len(content) * percent // 100])
    line = opened(image)
    assert line.startswith("ImageError: ")
    assert str(image) in line


@pytest.mark.parametrize("section", ["IP_LAYOUT", "MEM_TOPOLOGY"])
def test_missing_table(opened, tmp_path, moody_image, section):
    image = changed(moody_image, tmp_path / "less.xclbin", section)
    line = opened(image)
    assert line.startswith("ImageError: ")
    assert f"its {section} is missing" in line


@pytest.mark.parametrize(
    "sections",
    [
        ["EMBEDDED_METADATA"],
        ["CONNECTIVITY", "GROUP_CONNECTIVITY"],
        ["GROUP_CONNECTIVITY", "GROUP_TOPOLOGY"],
    ],
    ids=" ".join,
)
def test_what_only_xrt_reads(opened, tmp_path, moody_image, sections):
    image = changed(moody_image, tmp_path / "less.xclbin", *sections)
    line = opened(image)
    assert "Error: " in line or line == "opened 2"


@pytest.mark.parametrize(
    "metadata", [b"", b"<project><plat", b"<project/>", os.urandom(999)], ids=len
)
def test_damaged_metadata(opened, tmp_path, moody_image, metadata):
    image = changed(moody_image, tmp_path / "xml.xclbin", EMBEDDED_METADATA=metadata)
    assert "Error: " in opened(image)


def with_word(section, index, value):
    """A section's bytes with another 32-bit word."""
    return section[: 4 * index] + struct.pack("<I", value) + section[4 * index + 4 :]


@pytest.mark.parametrize("kind", ["CONNECTIVITY", "GROUP_CONNECTIVITY"])
@pytest.mark.parametrize(
    ("word", "value", "words"),
    [
        (0, 1 << 30, "is truncated or damaged"),
        (4, 27, "connects argument 27 of fcnKernel, which has 2"),
        (5, 2, "connects argument 1 of compute unit 2 to memory bank 0, but there are 2 and 2"),
        (6, 2, "connects argument 1 of compute unit 0 to memory bank 2, but there are 2 and 2"),
        (6, 2**32 - 1, "to memory bank 4294967295"),
    ],
)
def test_connection_that_leads_nowhere(opened, tmp_path, moody_image, kind, word, value, words):
    """XRT reads outside of its tables then. Words: their number, then argument, unit and bank."""
    section = read(moody_image).section(SectionKind[kind]).data
    damaged = {kind: with_word(section, word, value)}
    line = opened(changed(moody_image, tmp_path / "nowhere.xclbin", **damaged))
    assert line.startswith("ImageError: ") and words in line


def test_random_damage(emulate, tmp_path, moody_image, generator):
    """Outside of the kernel's code, anything may be in any byte: never a crash of XRT."""
    content = moody_image.read_bytes()
    library = read(moody_image).section(SectionKind.BITSTREAM).data
    start = content.index(library)
    places = [*range(start), *range(start + len(library), len(content))]
    images = []
    for number in range(60):
        damaged = bytearray(content)
        for place in generator.choice(places, generator.choice([1, 2, 8])):
            value = generator.choice([0, 1, 127, 255, generator.integers(256)])
            damaged[place] = value
        images.append(tmp_path / f"{number}.xclbin")
        images[-1].write_bytes(damaged)
    lines = emulate("open.py", *images).splitlines()
    assert len(lines) >= len(images)
