"""What of pynq the driver uses, over the register-level model: owns memory and counts calls."""

import ctypes
import sys
import types
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "export_c"))

import projects

ADDRESS = 0x7_0000_0000
SIZE = 1 << 22


class Buffer(np.ndarray):
    """As pynq.allocate gives it."""

    def flush(self):
        self.board.calls["flush"] += 1

    def invalidate(self):
        self.board.calls["invalidate"] += 1

    def freebuffer(self):
        self.board.calls["free"] += 1

    def __array_finalize__(self, other):
        self.board = getattr(other, "board", None)

    @property
    def device_address(self):
        return ADDRESS + self.ctypes.data - self.board.memory.ctypes.data


class Registers:
    def __init__(self, board, read, write):
        self._board, self._read, self._write = board, read, write

    def read(self, offset):
        self._board.calls["read"] += 1
        return self._read(self._board.model, offset)

    def write(self, offset, value):
        self._board.calls["write"] += 1
        self._write(self._board.model, offset, value)


class Channel:
    """A direction of the DMA, as pynq drives its registers."""

    def __init__(self, registers, base, address, length):
        self._registers, self._places = registers, (base, address, length)

    def transfer(self, array, start=0, nbytes=0):
        base, address, length = self._places
        place = array.device_address + start
        self._registers.write(base, 1)
        self._registers.write(address, place & 0xFFFFFFFF)
        self._registers.write(address + 4, place >> 32)
        self._registers.write(length, nbytes)

    def wait(self):
        status = self._registers.read(self._places[0] + 4)
        if not status & 2:
            raise RuntimeError(f"the DMA channel has status {status:#x}")


class Board:
    """A board with a model of the kernel; ``module`` takes the place of pynq."""

    def __init__(self, folder, top="master", dtype="short", registers=None):
        built = projects.register_model(top, dtype)
        path = Path(folder) / f"model-{top}-{dtype}.so"
        projects.run(["g++", "-shared", "-o", path, built])
        self.library = library = ctypes.CDLL(str(path))
        library.xfblas_model_open.restype = ctypes.c_void_p
        library.xfblas_model_open.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint64]
        types_of = {"read": [ctypes.c_uint32], "write": [ctypes.c_uint32, ctypes.c_uint32]}
        for name, arguments in types_of.items():
            for suffix in ("", "_dma"):
                function = getattr(library, f"xfblas_model_{name}{suffix}")
                function.argtypes = [ctypes.c_void_p, *arguments]
                function.restype = ctypes.c_uint32 if name == "read" else None
        library.xfblas_model_set_fault.argtypes = [ctypes.c_void_p, ctypes.c_int]
        self.calls = Counter()
        raw = np.full(SIZE + 4096, 0xA5, np.uint8)
        first = -raw.ctypes.data % 4096
        self.memory = raw[first : first + SIZE].view(Buffer)
        self.memory.board = self
        self.model = library.xfblas_model_open(self.memory.ctypes.data, SIZE, ADDRESS)
        kernel = "fcnStream" if top == "stream" else "fcnMaster"
        self.ip_dict = {
            "xfblas_0": {"type": f"xfblas:hls:{kernel}:1.0", "registers": registers or {}}
        }
        self.top = top
        self.room = SIZE
        board = self

        class Overlay:
            def __init__(self, bitfile, download=True):
                board.calls["overlay"] += 1
                board.bitfile, board.download = bitfile, download
                self.ip_dict = board.ip_dict
                self.xfblas_0 = Registers(
                    board, library.xfblas_model_read, library.xfblas_model_write
                )
                if board.top == "stream":
                    dma = Registers(
                        board, library.xfblas_model_read_dma, library.xfblas_model_write_dma
                    )
                    self.axi_dma_0 = types.SimpleNamespace(
                        sendchannel=Channel(dma, 0x00, 0x18, 0x28),
                        recvchannel=Channel(dma, 0x30, 0x48, 0x58),
                    )

        def allocate(shape, dtype):
            board.calls["allocate"] += 1
            if np.prod(shape) > board.room:
                raise RuntimeError("Failed to allocate memory!")
            return board.memory[: shape[0]]

        self.module = types.ModuleType("pynq")
        self.module.Overlay, self.module.allocate = Overlay, allocate

    def fault(self, number):
        self.library.xfblas_model_set_fault(self.model, number)
