"""The control registers by name, read from the header that the C drivers include."""

import re
from pathlib import Path

HEADER = Path(__file__).parent / "sources" / "xfblas_registers.h"

#: Numbers by the names of the header.
REGISTERS = {
    name: int(value, 16)
    for name, value in re.findall(
        r"^#define (XFBLAS_\w+) (0x[0-9a-f]+)\b", HEADER.read_text(), re.MULTILINE
    )
}
