"""EMBEDDED_METADATA: the XML by which the Xilinx Runtime finds kernels and their arguments."""

import re
from dataclasses import dataclass
from xml.etree import ElementTree

from xfblas.errors import ImageError

from .kernel import (
    CONTROL_PORT,
    CONTROL_RANGE,
    UNIT_RANGE,
    Argument,
    Instance,
    Kernel,
    Port,
)


@dataclass(frozen=True)
class Metadata:
    """What the XML says.

    Attributes:
        platform: its name; images of v++ give only its last part here.
        part: the FPGA, such as ``virtexuplus:xcu250:figd2104:-2L:e``.
        target: ``bitstream`` (a card), ``hw_em`` or ``csim``, as v++ names them.
        clocks: name and MHz of each clock.
        kernels: in the order of the file.
    """

    platform: str
    part: str
    target: str
    clocks: tuple[tuple[str, float], ...]
    kernels: tuple[Kernel, ...]

    @property
    def clock_mhz(self) -> float | None:
        """The clock of the kernels; None where none is given."""
        # Where both are there, KERNEL_CLK is the second, faster one that few kernels use.
        clocks = dict(self.clocks)
        first = next(iter(clocks.values()), None)
        return clocks.get("DATA_CLK", clocks.get("KERNEL_CLK", first))


def encode_metadata(metadata: Metadata) -> bytes:
    """The content of EMBEDDED_METADATA."""
    project = ElementTree.Element("project", name="xfblas")
    platform = _add(
        project,
        "platform",
        vendor="xilinx",
        boardid="xfblas",
        name=metadata.platform,
        featureRomTime=0,
    )
    _add(platform, "version", major=0, minor=0)
    device = _add(platform, "device", name="fpga0", fpgaDevice=metadata.part, addrWidth=0)
    core = _add(
        device,
        "core",
        name="OCL_REGION_0",
        target=metadata.target,
        type="clc_region",
        clockFreq="0MHz",
        numComputeUnits=sum(len(kernel.instances) for kernel in metadata.kernels),
    )
    clocks = _add(core, "kernelClocks")
    for name, frequency in metadata.clocks:
        _add(clocks, "clock", port=name, frequency=f"{frequency:.6f}MHz")
    for kernel in metadata.kernels:
        _add_kernel(core, kernel)
    ElementTree.indent(project)
    return ElementTree.tostring(project, encoding="UTF-8", xml_declaration=True)


def _add_kernel(core: ElementTree.Element, kernel: Kernel):
    element = _add(
        core,
        "kernel",
        name=kernel.name,
        language="c",
        type="pl",
        hwControlProtocol="ap_ctrl_hs",
        interrupt="true",
        workGroupSize=1,
    )
    for port in kernel.ports:
        _add(
            element,
            "port",
            name=port.name,
            mode=port.mode,
            range="0xFFFFFFFF" if port.mode == "master" else f"{CONTROL_RANGE:#x}",
            dataWidth=port.data_width,
            portType="addressable",
            base="0x0",
        )
    for argument in kernel.arguments:
        _add(
            element,
            "arg",
            name=argument.name,
            addressQualifier=argument.qualifier,
            id=argument.index,
            port=argument.port,
            size=f"{argument.size:#x}",
            offset=f"{argument.offset:#x}",
            hostOffset="0x0",
            hostSize=f"{argument.size:#x}",
            type=argument.type,
        )
    for instance in kernel.instances:
        _add(
            _add(element, "instance", name=instance.name),
            "addrRemap",
            base=f"{instance.base_address:#x}",
            range=f"{UNIT_RANGE:#x}",
            port=CONTROL_PORT,
        )


def decode_metadata(data: bytes, source: str = "EMBEDDED_METADATA") -> Metadata:
    """What EMBEDDED_METADATA says; what a file lacks is left empty or 0.

    Raises:
        ImageError: the content is no XML; ``source`` names it.
    """
    try:
        # Some writers pad the text with zero bytes.
        project = ElementTree.fromstring(data.rstrip(b"\0"))
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ImageError(f"{source} is not the XML it should be: {error}") from error
    platform, device, core = (project.find(f".//{tag}") for tag in ("platform", "device", "core"))
    return Metadata(
        platform=_text(platform, "name"),
        part=_text(device, "fpgaDevice"),
        target=_text(core, "target"),
        clocks=tuple(_clocks(project)),
        kernels=tuple(_kernel(element) for element in project.iter("kernel")),
    )


def _kernel(element: ElementTree.Element) -> Kernel:
    return Kernel(
        name=_text(element, "name"),
        ports=tuple(
            Port(_text(port, "name"), _text(port, "mode"), _integer(port, "dataWidth"))
            for port in element.findall("port")
        ),
        arguments=tuple(
            Argument(
                index=_integer(argument, "id"),
                name=_text(argument, "name"),
                port=_text(argument, "port"),
                qualifier=_integer(argument, "addressQualifier"),
                offset=_integer(argument, "offset"),
                size=_integer(argument, "size"),
                type=_text(argument, "type"),
            )
            for argument in element.findall("arg")
        ),
        instances=tuple(
            Instance(_text(instance, "name"), _integer(instance.find("addrRemap"), "base"))
            for instance in element.findall("instance")
        ),
    )


def _clocks(project: ElementTree.Element):
    for clock in project.iter("clock"):
        frequency = re.match(r"([0-9]{1,9}(\.[0-9]{1,9})?)\s*MHz", _text(clock, "frequency"))
        if frequency and float(frequency[1]) > 0:
            yield _text(clock, "port"), float(frequency[1])


def _add(parent: ElementTree.Element, tag: str, **attributes) -> ElementTree.Element:
    texts = {name: str(value) for name, value in attributes.items()}
    return ElementTree.SubElement(parent, tag, texts)


def _text(element: ElementTree.Element | None, name: str) -> str:
    return "" if element is None else element.get(name, "")


def _integer(element: ElementTree.Element | None, name: str) -> int:
    try:
        return int(_text(element, name), 0)
    except ValueError:
        return 0
