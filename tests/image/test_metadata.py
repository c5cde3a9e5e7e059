"""The XML that describes the kernels."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xfblas.errors import ImageError
from xfblas.image.builder import build_container
from xfblas.image.images import SPECIFICATIONS
from xfblas.image.kinds import SectionKind
from xfblas.image.metadata import (
    Argument,
    Instance,
    Kernel,
    Metadata,
    Port,
    decode_metadata,
    encode_metadata,
)
from xfblas.image.sections import decode_ip_layout

# As v++ writes it, shortened: other elements, two clocks, addresses of several spellings, and
# attributes that are missing or empty.
OF_VPP = b"""<?xml version="1.0" encoding="UTF-8"?>
<project name="blas">
  <platform vendor="xilinx" boardid="u200" name="gen3x16_xdma_2" featureRomTime="0">
    <version major="2" minor="0"/>
    <board name="xilinx.com:au200:1.0" vendor="xilinx.com" fpga="xcu200-fsgd2104-2-e"/>
    <host architecture="x86_64"/>
    <device name="fpga0" fpgaDevice="virtexuplus:xcu200:fsgd2104:-2:e" addrWidth="0">
      <core name="OCL_REGION_0" target="bitstream" type="clc_region" clockFreq="0MHz">
        <kernelClocks>
          <clock port="KERNEL_CLK" frequency="500.000000MHz"/>
          <clock port="DATA_CLK" frequency="242.5MHz"/>
          <clock port="OTHER" frequency=""/>
        </kernelClocks>
        <kernel name="blasKernel" language="ip_c" vlnv="xilinx.com:hls:blasKernel:1.0">
          <module name="blasKernel"/>
          <port name="M_AXI_GMEMM" mode="master" dataWidth="512" base=""/>
          <port name="in" mode="read_only" dataWidth="" portType="stream"/>
          <arg name="p_DdrRd" addressQualifier="1" id="0" port="M_AXI_GMEMM" size="0x8"
               offset="0x10" hostOffset="0x0" hostSize="0x8" type="ap_uint&lt;512>*"/>
          <arg name="in" addressQualifier="4" id="" port="in" offset="08"/>
          <instance name="blasKernel_0"><addrRemap base="0x1800000" range="0x10000"/></instance>
          <instance name="blasKernel_1"/>
        </kernel>
      </core>
    </device>
  </platform>
</project>
"""

texts = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=8)
sizes = st.integers(0, 2**64 - 1)
kernels = st.builds(
    Kernel,
    name=texts,
    ports=st.tuples(st.builds(Port, texts, st.sampled_from(["master", "slave"]), sizes)),
    arguments=st.tuples(st.builds(Argument, sizes, texts, texts, sizes, sizes, sizes, texts)),
    instances=st.lists(st.builds(Instance, texts, sizes), max_size=3).map(tuple),
)
clocks = st.tuples(texts, st.integers(1, 10**6).map(float))
metadata = st.builds(
    Metadata,
    platform=texts,
    part=texts,
    target=texts,
    clocks=st.lists(clocks, max_size=2).map(tuple),
    kernels=st.lists(kernels, max_size=3).map(tuple),
)


@given(metadata)
def test_metadata_come_back(metadata):
    assert decode_metadata(encode_metadata(metadata)) == metadata


def test_what_vpp_writes_is_read():
    found = decode_metadata(OF_VPP + b"\0\0\0")
    assert found.platform == "gen3x16_xdma_2"
    assert found.part == "virtexuplus:xcu200:fsgd2104:-2:e"
    assert found.target == "bitstream"
    assert found.clocks == (("KERNEL_CLK", 500.0), ("DATA_CLK", 242.5))
    assert found.clock_mhz == 242.5
    (kernel,) = found.kernels
    assert kernel.ports == (Port("M_AXI_GMEMM", "master", 512), Port("in", "read_only", 0))
    assert kernel.arguments == (
        Argument(0, "p_DdrRd", "M_AXI_GMEMM", 1, 0x10, 8, "ap_uint<512>*"),
        Argument(0, "in", "in", 4, 0, 0, ""),
    )
    assert kernel.instances == (
        Instance("blasKernel_0", 0x1800000),
        Instance("blasKernel_1", 0),
    )


def test_an_empty_document_has_no_kernels():
    found = decode_metadata(b"<project/>")
    assert found == Metadata("", "", "", (), ())
    assert found.clock_mhz is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<project><plat",
        b"not xml",
        b"\xff\xfe\x00",
        b'<?xml version="1.0" encoding="nonsense"?><project/>',
        b'<?xml version="1.0" encoding="utf-7"?><project/>',
        b"<project>&undefined;</project>",
    ],
)
def test_what_is_no_xml_is_named(content):
    with pytest.raises(ImageError, match="FILE, section 2 is not the XML"):
        decode_metadata(content, "FILE, section 2")


@pytest.mark.parametrize("name", SPECIFICATIONS)
def test_kernels_of_our_images_are_what_xrt_needs(name):
    container = build_container(SPECIFICATIONS[name])
    xml = container.section(SectionKind.EMBEDDED_METADATA).data
    layout = decode_ip_layout(container.section(SectionKind.IP_LAYOUT).data)
    addresses = {}
    for kernel in decode_metadata(xml).kernels:
        ports = {port.name: port.mode for port in kernel.ports}
        assert ports == {"M_AXI_GMEM": "master", "S_AXI_CONTROL": "slave"}
        pointers = [(a.index, a.name, a.port, a.qualifier, a.offset) for a in kernel.arguments]
        assert pointers == [(0, "rd", "M_AXI_GMEM", 1, 0x10), (1, "wr", "M_AXI_GMEM", 1, 0x1C)]
        addresses |= {(kernel.name, i.name): i.base_address for i in kernel.instances}
    assert addresses == {(unit.kernel, unit.name): unit.base_address for unit in layout}
    assert all(port.get("mode") for port in ElementTree.fromstring(xml).iter("port"))
    assert decode_metadata(xml).target == "csim"
