"""The numbers of an xclbin file that have names: kinds of sections, modes, memories, blocks.

The numbers are those of AMD's public ``xclbin.h``.
"""

from enum import IntEnum

from xfblas.errors import InvalidValueError

LARGEST_KIND = 2**32 - 1


class SectionKind(IntEnum):
    """What a section holds, named as ``xclbinutil`` names it."""

    BITSTREAM = 0
    CLEARING_BITSTREAM = 1
    EMBEDDED_METADATA = 2
    FIRMWARE = 3
    DEBUG_DATA = 4
    SCHED_FIRMWARE = 5
    MEM_TOPOLOGY = 6
    CONNECTIVITY = 7
    IP_LAYOUT = 8
    DEBUG_IP_LAYOUT = 9
    DESIGN_CHECK_POINT = 10
    CLOCK_FREQ_TOPOLOGY = 11
    MCS = 12
    BMC = 13
    BUILD_METADATA = 14
    KEYVALUE_METADATA = 15
    USER_METADATA = 16
    DNA_CERTIFICATE = 17
    PDI = 18
    BITSTREAM_PARTIAL_PDI = 19
    PARTITION_METADATA = 20
    EMULATION_DATA = 21
    SYSTEM_METADATA = 22
    SOFT_KERNEL = 23
    FLASH = 24
    AIE_METADATA = 25
    GROUP_TOPOLOGY = 26
    GROUP_CONNECTIVITY = 27
    SMARTNIC = 28
    AIE_RESOURCES = 29
    OVERLAY = 30
    VENDER_METADATA = 31  # spelled so in xclbin.h
    AIE_PARTITION = 32
    IP_METADATA = 33
    AIE_RESOURCES_BIN = 34
    AIE_TRACE_METADATA = 35


class Mode(IntEnum):
    """What an image is built for: a card (the first four) or an emulation."""

    FLAT = 0
    PR = 1
    TANDEM_STAGE2 = 2
    TANDEM_STAGE2_WITH_PR = 3
    HW_EMU = 4
    SW_EMU = 5
    HW_EMU_PR = 6


class MemoryType(IntEnum):
    """Kind of a memory bank."""

    DDR3 = 0
    DDR4 = 1
    DRAM = 2
    STREAMING = 3
    PREALLOCATED_GLOB = 4
    ARE = 5
    HBM = 6
    BRAM = 7
    URAM = 8
    STREAMING_CONNECTION = 9
    HOST = 10
    PS_KERNEL = 11


class BlockType(IntEnum):
    """Kind of an entry of IP_LAYOUT; only KERNEL and PS_KERNEL are compute units."""

    MB = 0
    KERNEL = 1
    DNASC = 2
    DDR4_CONTROLLER = 3
    MEM_DDR4 = 4
    MEM_HBM = 5
    MEM_HBM_ECC = 6
    PS_KERNEL = 7


def name_of(number: int, names: type[IntEnum]) -> str:
    """The name of a number, or for one that has none the number itself: ``unknown (77)``."""
    try:
        return names(number).name
    except ValueError:
        return f"unknown ({number})"


def section_kind(text: str) -> int:
    """The kind that a name such as ``BITSTREAM``, or a number, stands for.

    Raises:
        InvalidValueError: neither a name that is known nor a number of 32 bits.
    """
    if text.upper() in SectionKind.__members__:
        return SectionKind[text.upper()]
    if text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= LARGEST_KIND:
        return int(text)
    raise InvalidValueError(
        f"section kind is {text!r}, expected a number or a name such as BITSTREAM or PDI"
    )
