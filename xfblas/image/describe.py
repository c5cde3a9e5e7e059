"""What an image holds, as plain data: for ``xfblas xclbin info`` and for programs."""

from collections.abc import Sequence

from xfblas.errors import ImageError

from .builder import STREAM, kernel_name
from .configuration import ENGINES, Configuration, parse_options
from .container import Container
from .kinds import BlockType, MemoryType, Mode, SectionKind, name_of
from .metadata import Metadata, decode_metadata
from .sections import (
    ComputeUnit,
    Connection,
    MemoryBank,
    decode_connectivity,
    decode_ip_layout,
    decode_memory_topology,
)

ENGINE_OF_KERNEL = {kernel_name(engine): engine for engine in (*ENGINES, STREAM)}
#: What IP_LAYOUT has where there is no address.
NO_ADDRESS = 2**64 - 1


def describe(container: Container, source: str = "the image") -> dict:
    """What an image holds, as dicts, lists, texts and numbers that JSON can hold.

    Sections that an image lacks give empty lists and None; addresses are hexadecimal texts, None
    for kernels of the processor (PS), which have no registers.

    Raises:
        ImageError: a section is damaged; names ``source`` and the section.
    """
    banks = _decoded(container, SectionKind.MEM_TOPOLOGY, decode_memory_topology, source) or []
    blocks = _decoded(container, SectionKind.IP_LAYOUT, decode_ip_layout, source) or []
    wires = _decoded(container, SectionKind.CONNECTIVITY, decode_connectivity, source) or []
    metadata = _decoded(container, SectionKind.EMBEDDED_METADATA, decode_metadata, source)
    configuration = _configuration(container, source)
    for wire in wires:
        if not (0 <= wire.ip < len(blocks) and 0 <= wire.memory < len(banks)):
            raise ImageError(
                f"{source}, section CONNECTIVITY: {wire} points outside the {len(blocks)} "
                f"entries of IP_LAYOUT and the {len(banks)} of MEM_TOPOLOGY"
            )
    return {
        "platform": container.platform,
        "uuid": str(container.uuid),
        "mode": name_of(container.mode, Mode),
        "timestamp": container.timestamp,
        "version": ".".join(map(str, container.version)),
        "clock_mhz": metadata.clock_mhz if metadata else None,
        "engines": _engines(blocks, configuration),
        "kernels": _kernels(metadata),
        "compute_units": _compute_units(blocks, wires, banks),
        "memory_banks": [_memory_bank(bank) for bank in banks],
        "configuration": configuration.words() if configuration else None,
        "sections": [
            {"kind": section.kind_name, "name": section.name, "size_bytes": len(section.data)}
            for section in container.sections
        ],
    }


def _decoded(container: Container, kind: SectionKind, decode, source: str):
    section = container.section(kind)
    # Writers may list a section that is not there, with no bytes.
    if section is None or not section.data:
        return None
    return decode(section.data, f"{source}, section {kind.name}")


def _configuration(container: Container, source: str) -> Configuration | None:
    text = container.configuration_text
    if text is None:
        return None
    options = parse_options(text, f"{source} (the configuration it carries)")
    return Configuration.from_options(options)


def _engines(blocks: Sequence[ComputeUnit], configuration: Configuration | None) -> list[str]:
    named = {ENGINE_OF_KERNEL[b.kernel] for b in blocks if b.kernel in ENGINE_OF_KERNEL}
    # The public library builds one kernel for all engines; only its configuration tells them.
    return sorted(named or (configuration.engines if configuration else ()))


def _kernels(metadata: Metadata | None) -> list[dict]:
    kernels = metadata.kernels if metadata else ()
    return [
        {
            "name": kernel.name,
            "arguments": [{"name": a.name, "type": a.type} for a in kernel.arguments],
        }
        for kernel in kernels
    ]


def _compute_units(
    blocks: Sequence[ComputeUnit], wires: Sequence[Connection], banks: Sequence[MemoryBank]
) -> list[dict]:
    units = []
    for index, block in enumerate(blocks):
        if not block.is_kernel:
            continue
        reached = dict.fromkeys(banks[wire.memory].tag for wire in wires if wire.ip == index)
        units.append(
            {
                "name": block.name or block.kernel,
                "kernel": block.kernel,
                "type": name_of(block.type, BlockType),
                "engine": ENGINE_OF_KERNEL.get(block.kernel),
                "base_address": _address(block.base_address),
                "banks": list(reached),
            }
        )
    return units


def _address(address: int) -> str | None:
    return None if address == NO_ADDRESS else f"{address:#x}"


def _memory_bank(bank: MemoryBank) -> dict:
    return {
        "tag": bank.tag,
        "type": name_of(bank.type, MemoryType),
        "size_bytes": bank.size_bytes,
        "base_address": f"{bank.base_address:#x}",
        "used": bank.used,
    }
