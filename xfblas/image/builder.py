"""Builds an image: kernels, memory banks and the wires between them, from one configuration."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from xfblas.errors import InvalidValueError
from xfblas.files import write_bytes

from .built_here import record
from .configuration import ENGINES, Configuration
from .container import CONFIGURATION_NAME, Container, Section
from .element_types import ELEMENT_TYPES
from .kernel import CONTROL_PORT, POINTER, UNIT_RANGE, Argument, Instance, Kernel, Port
from .kinds import Mode, SectionKind
from .metadata import Metadata, encode_metadata
from .sections import (
    ComputeUnit,
    Connection,
    MemoryBank,
    encode_connectivity,
    encode_ip_layout,
    encode_memory_topology,
)

FIRST_UNIT_ADDRESS = 0x1400000
MEMORY_PORT = "M_AXI_GMEM"
#: The engine of an image whose configuration tells a streaming network.
STREAM = "Stream"
ARGUMENTS = ("rd", "wr")  # of every kernel: both point at page 0 of the compute unit's memory
FIRST_ARGUMENT_OFFSET = 0x10
POINTER_BYTES = 8
#: Of XRT's metadata, which has no word for an int8.
POINTERS = {"short": "short*", "float": "float*", "int8": "char*"}
TARGETS = {Mode.SW_EMU: "csim", Mode.HW_EMU: "hw_em", Mode.HW_EMU_PR: "hw_em"}


@dataclass(frozen=True)
class ImageSpecification:
    """What an image is built from.

    Attributes:
        configuration: says which engines there are, and how many compute units of each.
        platform: name of the platform, up to 63 ASCII characters.
        banks: memory banks; the first belongs to the first compute unit, and so on.
        part: the FPGA as v++ names it, for the metadata.
        clock_mhz: clock of the kernels, in MHz.
        library: the kernels' code, in ``sw_emu`` a shared library; None leaves BITSTREAM out.
        mode: see :class:`~xfblas.image.kinds.Mode`.
        extra_sections: written after the others.
        prefix: of the configuration's keys, ``BLAS_`` or ``GEMX_``.
    """

    configuration: Configuration
    platform: str
    banks: tuple[MemoryBank, ...]
    part: str = ""
    clock_mhz: float = 300.0
    library: bytes | None = None
    mode: int = Mode.SW_EMU
    extra_sections: tuple[Section, ...] = ()
    prefix: str = "BLAS_"

    @property
    def configuration_text(self) -> str:
        """The image's config_info.dat."""
        return self.configuration.to_text(self.prefix)

    @property
    def kernels(self) -> tuple[Kernel, ...]:
        """The kernels, each with its compute units, in the order of their addresses."""
        kernels, address = [], FIRST_UNIT_ADDRESS
        engines = sorted(self.configuration.engines, key=ENGINES.index)
        if self.configuration.network is not None:
            engines.append(STREAM)
        for engine in engines:
            kernel, instances = kernel_name(engine), []
            for number in range(1, self.configuration.kernel_count + 1):
                instances.append(Instance(f"{kernel}_{number}", address))
                address += UNIT_RANGE
            kernels.append(self._kernel(kernel, tuple(instances)))
        return tuple(kernels)

    def _kernel(self, name: str, instances: tuple[Instance, ...]) -> Kernel:
        # Vitis HLS leaves a reserved word of four bytes after each argument.
        stride = POINTER_BYTES + 4
        arguments = tuple(
            Argument(
                index=index,
                name=argument,
                port=MEMORY_PORT,
                qualifier=POINTER,
                offset=FIRST_ARGUMENT_OFFSET + stride * index,
                size=POINTER_BYTES,
                type=POINTERS[self.configuration.data_type],
            )
            for index, argument in enumerate(ARGUMENTS)
        )
        ports = (
            Port(MEMORY_PORT, "master", self.configuration.word_bits),
            Port(CONTROL_PORT, "slave", 32),
        )
        return Kernel(name, ports, arguments, instances)

    @property
    def compute_units(self) -> tuple[ComputeUnit, ...]:
        """The compute units of all kernels."""
        return tuple(
            ComputeUnit(kernel.name, instance.name, instance.base_address)
            for kernel in self.kernels
            for instance in kernel.instances
        )

    @property
    def connections(self) -> tuple[Connection, ...]:
        """Both arguments of each compute unit lead to its own bank."""
        units = range(len(self.compute_units))
        return tuple(Connection(a, unit, unit) for unit in units for a in range(len(ARGUMENTS)))


def kernel_name(engine: str) -> str:
    """The kernel that runs an engine: ``Fcn`` is run by ``fcnKernel``."""
    return f"{engine.lower()}Kernel"


def build_container(specification: ImageSpecification) -> Container:
    """The container of an image; csim runs it once ``record`` was told that it was built here.

    Raises:
        InvalidValueError: no engine, a configuration that none runs, fewer banks than compute
            units, a platform name that is too long, a library that is none, or a section that is
            written already.
    """
    _require_usable(specification)
    banks = encode_memory_topology(specification.banks)
    wires = encode_connectivity(specification.connections)
    metadata = Metadata(
        platform=specification.platform,
        part=specification.part,
        target=TARGETS.get(specification.mode, "bitstream"),
        clocks=(("DATA_CLK", specification.clock_mhz),),
        kernels=specification.kernels,
    )
    configuration = specification.configuration_text.encode()
    sections = [
        Section(SectionKind.EMBEDDED_METADATA, "", encode_metadata(metadata)),
        Section(SectionKind.MEM_TOPOLOGY, "", banks),
        Section(SectionKind.IP_LAYOUT, "", encode_ip_layout(specification.compute_units)),
        Section(SectionKind.CONNECTIVITY, "", wires),
        Section(SectionKind.GROUP_TOPOLOGY, "", banks),
        Section(SectionKind.GROUP_CONNECTIVITY, "", wires),
        Section(SectionKind.BUILD_METADATA, "", _build_metadata(specification)),
        Section(SectionKind.USER_METADATA, CONFIGURATION_NAME, configuration),
    ]
    if specification.library is not None:
        sections.insert(0, Section(SectionKind.BITSTREAM, "", specification.library))
    for extra in specification.extra_sections:
        if any((extra.kind, extra.name) == (other.kind, other.name) for other in sections):
            raise InvalidValueError(
                f"section {extra.kind_name} is in the image already: leave it out"
            )
        sections.append(extra)
    return Container(specification.platform, sections, mode=specification.mode)


def build_image(specification: ImageSpecification, path) -> Path:
    """Writes an image; the same specification gives the same bytes. csim runs what was built here.

    Raises:
        InvalidValueError: see :func:`build_container`.
        OSError: the file cannot be written.
    """
    container = build_container(specification)
    write_bytes(path, container.serialize())
    record(container)
    return Path(os.fsdecode(path))


def _build_metadata(specification: ImageSpecification) -> bytes:
    # The shape that xclbinutil and xbutil read; no time and no version of this package, so that
    # the bytes stay the same.
    kernels = [
        {"name": kernel.name, "instances": [{"name": unit.name} for unit in kernel.instances]}
        for kernel in specification.kernels
    ]
    xclbin = {"generated_by": {"name": "xfblas"}, "user_regions": [{"kernels": kernels}]}
    return json.dumps({"build_metadata": {"xclbin": xclbin}}, indent=1).encode()


def _require_runnable(configuration: Configuration):
    """Raises where a key says what the engines do not do."""
    addends = ELEMENT_TYPES[configuration.data_type].addends
    if "Fcn" in configuration.engines and configuration.x_data_type not in addends:
        raise InvalidValueError(
            f"x_data_type is {configuration.x_data_type!r}, but the Fcn engine adds "
            f"{' or '.join(addends)} to {configuration.data_type}"
        )
    bits = ELEMENT_TYPES[configuration.data_type].mac_bits
    if configuration.mac_bits != bits:
        raise InvalidValueError(
            f"mac_bits is {configuration.mac_bits}, but the engines keep {bits} bits of a sum of "
            f"{configuration.data_type}"
        )


def _require_usable(specification: ImageSpecification):
    units = len(specification.compute_units)
    if units == 0:
        raise InvalidValueError(f"engines is empty, expected one of {', '.join(ENGINES)}")
    _require_runnable(specification.configuration)
    if len(specification.banks) < units:
        raise InvalidValueError(
            f"banks has {len(specification.banks)} entries, expected one for each of the "
            f"{units} compute units"
        )
    platform = specification.platform
    if not (0 < len(platform) < 64 and platform.isascii() and platform.isprintable()):
        raise InvalidValueError(f"platform is {platform!r}, expected 1 to 63 ASCII characters")
    if not 0 < specification.clock_mhz < 10_000:
        raise InvalidValueError(
            f"clock_mhz is {specification.clock_mhz}, expected above 0 and below 10000"
        )
    emulated = specification.mode == Mode.SW_EMU and specification.library is not None
    if emulated and not specification.library.startswith(b"\x7fELF"):
        raise InvalidValueError("library is not a shared library (ELF), expected the kernels' .so")
