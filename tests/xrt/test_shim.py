"""The stub mends the one build that has the defect, and leaves every other library as it is."""

import os
import subprocess
import sys

import pytest

from xfblas.emulation import build

from . import kernels

# A library with the two symbols that the stub looks at: the code is given byte by byte, and the
# device's buffer and size lie at the offsets that Debian's build has in its code here.
LIBRARY = """
#include <cstdint>
#include <map>
struct Object { uint32_t tag = %(tag)s; char before[0x200 - 4] = {}; void* buffer = nullptr;
                uint64_t size = %(size)s; char after[64] = {}; };
static Object object;
namespace xclcpuemhal2 {
std::map<unsigned, void*> devices = {{0, &object}};
}
asm(".globl _ZN12xclcpuemhal29CpuemShim10alloc_voidEm\\n"
    "_ZN12xclcpuemhal29CpuemShim10alloc_voidEm: .byte %(code)s\\n .zero 128\\n");
extern "C" uint64_t buffer_size() { return object.size; }
extern "C" int has_buffer() { return object.buffer != nullptr; }
"""
LOAD_SIZE = [0x48, 0x8B, 0x87, 0x08, 0x02, 0, 0]  # mov 0x208(%rdi),%rax
STORE_BUFFER = [0x48, 0x89, 0x83, 0x00, 0x02, 0, 0]  # mov %rax,0x200(%rbx)
STORE_OTHER = [0x48, 0x89, 0x83, 0x40, 0x02, 0, 0]
NOTHING = [0x90] * 5
PACKET = 65536
CASES = {
    "defect": (LOAD_SIZE + NOTHING + STORE_BUFFER, "0x586C0C6C", 0, PACKET + (1 << 20)),
    "mended upstream": (LOAD_SIZE + STORE_BUFFER + NOTHING + STORE_BUFFER, "0x586C0C6C", 0, 0),
    "other code": (NOTHING * 4, "0x586C0C6C", 0, 0),
    "other members": (LOAD_SIZE + STORE_OTHER, "0x586C0C6C", 0, 0),
    "other object": (LOAD_SIZE + STORE_BUFFER, "0x12345678", 0, 0),
    "buffer in use": (LOAD_SIZE + STORE_BUFFER, "0x586C0C6C", 77, 77),
}
LOAD = """
import ctypes, sys
ctypes.CDLL(sys.argv[1])
library = ctypes.CDLL(sys.argv[2])
library.buffer_size.restype = ctypes.c_uint64
print(library.buffer_size(), library.has_buffer())
"""


@pytest.mark.parametrize("case", CASES)
def test_stub(tmp_path, case):
    code, tag, size, expected = CASES[case]
    source = LIBRARY % {"code": ",".join(map(str, code)), "tag": tag, "size": size}
    library = kernels.compile_library(source, tmp_path / "fake.so")
    environment = os.environ | {
        "XFBLAS_EMULATION_SHIM": str(library),
        "SW_EMU_PACKET_SIZE": str(PACKET),
    }
    command = [sys.executable, "-c", LOAD, build.build().stub, library]
    output = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout.split()
    assert output == [str(expected), "1" if expected > 77 else "0"]
