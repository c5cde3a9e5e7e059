"""Builds kernel libraries and runs them over a block of memory."""

import ctypes
import dataclasses
import os
import pathlib
import re
import subprocess
import sys

import numpy as np

from xfblas.image.element_types import ELEMENT_TYPES

HW = pathlib.Path(__file__).resolve().parents[2] / "hw"
PAGE = 4096
OPCODES = {"gemv": 1, "gemm": 2, "fcn": 8}
SOFTMAX, MAP, WINDOW = 10, 11, 12
ROUND, SATURATE, BIAS_ROW, A_PACKED, B_PACKED = 1, 2, 4, 16, 32
TANH, SIGMOID, TABLE = 1 << 8, 2 << 8, 3 << 8
OK, UNKNOWN_OPCODE, ZERO_SIZE, LEADING_DIMENSION, OUT_OF_MEMORY, BAD_FIELD = range(6)


def make(*arguments):
    """Runs make in hw/ and shows what it said where that fails."""
    command = ["make", "-C", str(HW), f"PYTHON={sys.executable}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"


class Cycles(ctypes.Structure):
    _fields_ = [("launch", ctypes.c_uint64), ("array", ctypes.c_uint64)]


class Kernel:
    """A kernel library: one engine of one board and element type."""

    def __init__(self, engine, dtype, board="small", variant="", flags="", optimize=""):
        options = [f"PLATFORM={board}", f"ENGINE={engine}", f"DTYPE={dtype}"]
        if variant:
            options += [f"VARIANT={variant}", f"KERNEL_FLAGS={flags}"]
        if optimize:
            options.append(f"OPTIMIZE={optimize}")
        make("lib", *options)
        board_name = pathlib.Path(board).parent.name if "/" in str(board) else board
        self.folder = HW / "build" / "-".join(filter(None, [board_name, engine, dtype, variant]))
        self.path = self.folder / f"lib{engine}Kernel.so"
        self.engine, self.dtype = engine, np.dtype(ELEMENT_TYPES[dtype].dtype)
        header = (self.folder / "xfblas_configuration.hpp").read_text()
        constants = dict(re.findall(r"constexpr int (\w+) = (\d+);", header))
        self.constants = {name: int(value) for name, value in constants.items()}
        library = ctypes.CDLL(str(self.path), mode=os.RTLD_LOCAL | os.RTLD_NOW)
        self.library = library
        self._run = getattr(library, f"xfblas_run_{engine}Kernel")
        self._measure = getattr(library, f"xfblas_measure_{engine}Kernel")

    def __getattr__(self, name):
        try:
            return self.constants[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def addend(self):
        """The type of X."""
        wide = self.engine == "fcn" and self.dtype.kind == "i"
        return np.dtype(np.int32) if wide else self.dtype

    def run(self, memory):
        """Runs the launch that lies in memory, an array of bytes."""
        self._call(self._run, memory)

    def measure(self, memory):
        """The same; returns the cycles of the launch."""
        cycles = Cycles()
        self.report = self._call(self._measure, memory, ctypes.byref(cycles))
        return cycles

    def _call(self, entry, memory, *arguments):
        size = 1 << 20
        message = ctypes.create_string_buffer(size)
        block = memory.ctypes.data_as(ctypes.c_void_p)
        block_bytes = ctypes.c_uint64(memory.nbytes)
        failed = entry(block, block_bytes, *arguments, message, ctypes.c_size_t(size))
        if failed:
            raise RuntimeError(message.value.decode())
        return message.value.decode()


def pack(columns, tile, strip):
    """Lays a matrix of k rows out tile by tile: see the packed layout in hw/include."""
    k, across = columns.shape
    padded = np.zeros((k, -(-across // strip) * strip), columns.dtype)
    padded[:, :across] = columns
    tiles = [padded[:, first : first + tile].ravel() for first in range(0, padded.shape[1], tile)]
    return np.concatenate(tiles)


@dataclasses.dataclass
class Program:
    """A memory image under construction: matrices from page 2 on, instructions in page 0."""

    pages: int = 4096
    memory: np.ndarray = None
    next_page: int = 2
    words: list = dataclasses.field(default_factory=list)

    def __post_init__(self):
        self.memory = np.zeros(self.pages * PAGE, np.uint8)
        self.control(memory_pages=self.pages)

    def control(self, last=0, memory_pages=0):
        self.words.append([0, last, memory_pages] + [0] * 13)

    def place(self, array):
        """Copies an array to new pages and returns the first."""
        page = self.next_page
        raw = np.frombuffer(np.ascontiguousarray(array).tobytes(), np.uint8)
        self.next_page += max(1, -(-raw.size // PAGE))
        assert self.next_page <= self.pages, "the test's memory is too small"
        self.memory[page * PAGE : page * PAGE + raw.size] = raw
        return page

    def instruction(
        self,
        opcode,
        a=0,
        b=0,
        c=0,
        x=0,
        m=0,
        k=0,
        n=0,
        lda=0,
        ldb=0,
        ldc=0,
        ldx=0,
        post=(1, 0),
        prelu=(1, 0),
        flags=0,
        formats=0,
        table=None,
    ):
        """Appends an instruction and returns its slot."""
        self.words.append(
            [
                opcode,
                a,
                b,
                c,
                x,
                m,
                k,
                n,
                lda,
                ldb,
                ldc,
                ldx,
                post[0] << 8 | post[1],
                (prelu[0] << 6 | prelu[1]) & 0xFFFF if table is None else table,
                flags,
                formats,
            ]
        )
        return len(self.words) - 1

    def finish(self):
        """Writes page 0 and returns the memory."""
        assert len(self.words) <= 64
        page = np.array(self.words, dtype=np.uint64).astype(np.uint32)
        if len(self.words) < 64:
            page = np.vstack([page, [[0, 1] + [0] * 14]]).astype(np.uint32)
        self.memory[: page.nbytes] = page.view(np.uint8).ravel()
        return self.memory

    def status(self, slot):
        return int(self.memory[PAGE + slot * 64 + 16 : PAGE + slot * 64 + 20].view(np.uint32)[0])

    def stamps(self, slot):
        return self.memory[PAGE + slot * 64 : PAGE + slot * 64 + 16].view(np.uint64)

    def read(self, page, dtype, rows, stride):
        """A matrix of whole rows from a page on."""
        count = rows * stride
        start = page * PAGE
        return (
            self.memory[start : start + count * np.dtype(dtype).itemsize]
            .view(dtype)
            .reshape(rows, stride)
        )
