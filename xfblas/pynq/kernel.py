"""The kernel of an overlay, by its registers: found, checked, started and waited for."""

import time
from typing import Any

from xfblas.errors import ExecutionError, InvalidValueError
from xfblas.export_c.registers import REGISTERS

#: What the block designs of ``hw/zynq`` call the kernels.
KERNELS = {"fcnMaster": False, "fcnStream": True}


def _number(name: str) -> int:
    return REGISTERS[f"XFBLAS_{name}"]


def _register(name: str) -> int:
    return _number(f"REGISTER_{name}")


_START, _DONE, _IDLE = (_number(f"CONTROL_{bit}") for bit in ("START", "DONE", "IDLE"))
#: Bytes that the DMA of a stream top moves at once.
MOST_TRANSFERRED = _number("DMA_MOST_BYTES")


class Kernel:
    """The control registers of a Zynq top.

    Args:
        overlay: pynq's.
        timeout: seconds that a run may take.

    Attributes:
        dma: pynq's AXI DMA of a stream top, else None.
    """

    def __init__(self, overlay: Any, timeout: float):
        self._timeout, self._is_stuck = timeout, False
        name, is_stream = _found(overlay)
        self._ip = getattr(overlay, name)
        self.dma = None
        if is_stream:
            self.dma = getattr(overlay, "axi_dma_0", None)
            if self.dma is None:
                raise InvalidValueError(
                    f"the bitstream has the stream top {name} and no axi_dma_0 beside it"
                )

    def run(self, address: int, rows: int) -> None:
        """Runs the program at an address of the memory on so many rows.

        Raises:
            ExecutionError: it did not end in time.
        """
        self.start(address, rows)
        self.wait()

    def require_idle(self) -> None:
        """Raises an ExecutionError while a run that was given up may still write to memory."""
        if self._is_stuck and not self._ip.read(_register("CONTROL")) & _IDLE:
            raise ExecutionError("the kernel has not ended since: load the bitstream again")
        self._is_stuck = False

    def start(self, address: int, rows: int) -> None:
        """Begins a run."""
        for base in ("READ_BASE", "WRITE_BASE"):
            self._ip.write(_register(f"{base}_LOW"), address & 0xFFFFFFFF)
            self._ip.write(_register(f"{base}_HIGH"), address >> 32)
        self._ip.write(_register("AMOUNT"), rows)
        self._ip.write(_register("CONTROL"), _START)

    def wait(self) -> None:
        """Waits until the run has ended; reading CONTROL clears DONE."""
        end = time.monotonic() + self._timeout
        while not self._ip.read(_register("CONTROL")) & _DONE:
            if time.monotonic() > end:
                self._is_stuck = True
                raise ExecutionError(
                    f"the kernel did not end within {self._timeout:g} s: load the bitstream again"
                )


def _found(overlay: Any) -> tuple[str, bool]:
    """The kernel's name in the block design, and whether it is the stream top."""
    described = overlay.ip_dict
    for name, entry in described.items():
        kind = str(entry.get("type", "")).split(":")
        if len(kind) > 2 and kind[2] in KERNELS:
            _require_offsets(name, entry.get("registers", {}))
            return name, KERNELS[kind[2]]
    raise InvalidValueError(
        f"the bitstream has no kernel of xfblas, expected {' or '.join(KERNELS)}: it has "
        f"{', '.join(described) or 'nothing'}"
    )


def _require_offsets(name: str, registers: Any) -> None:
    """Raises unless the registers that the .hwh file describes are where the drivers take them."""
    for port, wanted in (
        ("amount", "AMOUNT"),
        ("rd_1", "READ_BASE_LOW"),
        ("wr_1", "WRITE_BASE_LOW"),
    ):
        found = registers.get(port, {}).get("address_offset")
        if found is not None and found != _register(wanted):
            raise InvalidValueError(
                f"register {port} of {name} is at {found:#x}, expected {_register(wanted):#x}: the "
                "bitstream was built by another release"
            )
