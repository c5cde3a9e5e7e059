"""Random products for the native engine's parts, and how to run them there."""

import ctypes
from dataclasses import dataclass, field

import numpy as np
import oracle
from numpy.lib.stride_tricks import as_strided

LOW_BITS, PROVED, SPILLED, ESTIMATED, SPLIT, TILES, WINOGRAD = range(7)
BLOCK = 64  # of k, the shortest that is spilled: a path that is asked for may take longer ones
OPCODE_GEMM, OPCODE_FCN = 2, 8
ROUND, SATURATE = 1, 2


class Arrays(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("a", "b", "x", "c")),
        *((name, ctypes.c_int64) for name in ("lda", "ldb", "ldx", "ldc")),
    ]


class InstructionSet(bytes):
    """The name of one, as C takes it.

    Attributes:
        has_quads: whether it multiplies bytes, by which sums of 48 bits are estimated.
        has_tiles: whether it has products on tiles.
    """

    has_quads = has_tiles = False

    @property
    def hardest(self):
        """The path of products that no cheaper one can prove."""
        return ESTIMATED if self.has_quads else SPLIT


def in_ordinary_memory(array, leading):
    """A copy whose rows are so many elements apart, with 55 between them."""
    wide = np.full((len(array), leading), 55, array.dtype)
    wide[:, : array.shape[1]] = array
    return wide[:, : array.shape[1]]


@dataclass
class Problem:
    """C = finish(a @ b + x); x is (m, n), (1, n) or None."""

    a: np.ndarray
    b: np.ndarray
    x: np.ndarray | None = None
    post: tuple = (1, 0)
    prelu: tuple = (1, 0)
    round: bool = False
    saturate: bool = False
    opcode: int = OPCODE_FCN
    spare: dict = field(default_factory=dict)  # columns behind the rows of a, b, x and c

    def expected(self):
        x = self.x
        return oracle.fcn(
            self.a, self.b, x, post=self.post, prelu=self.prelu, round=self.round,
            saturate=self.saturate,
        )  # fmt: skip

    def sums(self):
        """The exact sums of products, int64."""
        return self.a.astype(np.int64) @ self.b.astype(np.int64)

    def exact_paths(self):
        """The paths that must give the right bytes for this problem."""
        bits = self.a.dtype.itemsize * 8
        paths = []
        needs_low_bits = not self.saturate and self.post[1] <= 32 - bits
        if bits == 8 or needs_low_bits:
            paths.append(LOW_BITS)
        if bits == 8:
            return paths
        if np.abs(self.sums()).max() < 2**31:
            paths.append(PROVED)
        blocks = [
            np.abs(self.a[:, p : p + BLOCK].astype(np.int64) @ self.b[p : p + BLOCK].astype(int))
            for p in range(0, self.a.shape[1], BLOCK)
        ]
        if max(block.max() for block in blocks) < 2**31 - 2**16:
            paths.append(SPILLED)
        # Weights this light leave nothing to refine, and nothing is packed for it.
        is_light = 32768 * np.abs(self.b.astype(np.int64)).sum(axis=0).max() < 2**31 - 1000
        return paths if is_light else [*paths, ESTIMATED, SPLIT]

    def words(self):
        """The instruction, without pages and leading dimensions."""
        m, k, n = len(self.a), self.a.shape[1], self.b.shape[1]
        flags = ROUND * self.round | SATURATE * self.saturate
        prelu = (self.prelu[0] << 6 | self.prelu[1]) & 0xFFFF
        post = self.post[0] << 8 | self.post[1]
        return [self.opcode, 0, 0, 0, 0, m, k, n, 0, 0, 0, 0, post, prelu, flags, 0]

    def to_bytes(self, path=-1):
        """The problem as solve.cpp reads it."""
        c = np.full((len(self.a), self.b.shape[1]), 77, self.a.dtype)
        operands = [self.a, self.b, self.x, c]
        spares = [self.spare.get(name, 0) for name in "abxc"]
        wide = [
            None if array is None else in_ordinary_memory(array, array.shape[1] + spare).base
            for array, spare in zip(operands, spares, strict=True)
        ]
        leading = [0 if array is None else array.shape[1] for array in wide]
        if self.x is not None and len(self.x) == 1:
            leading[2] = 0
        contents = [b"" if array is None else array.tobytes() for array in wide]
        numbers = [path, self.a.itemsize, *map(len, contents), *leading]
        header = np.array(numbers, np.int64).tobytes() + np.array(self.words(), "u4").tobytes()
        return header + b"".join(contents)

    def run(self, library, isa, path=-1, place=in_ordinary_memory):
        """(C, how many blocks took each path); place(array, leading dimension) copies operands."""
        m, n = len(self.a), self.b.shape[1]
        operands = {"a": self.a, "b": self.b, "x": self.x}
        operands["c"] = np.full((m, n), 77, self.a.dtype)
        arrays, kept = Arrays(), {}
        for name, array in operands.items():
            if array is None:
                continue
            leading = array.shape[1] + self.spare.get(name, 0)
            kept[name] = place(array, leading)
            setattr(arrays, name, kept[name].ctypes.data)
            setattr(arrays, "ld" + name, 0 if name == "x" and len(array) == 1 else leading)
        words = (ctypes.c_uint32 * 16)(*self.words())
        counts = (ctypes.c_uint64 * (WINOGRAD + 1))()
        bytes_ = self.a.dtype.itemsize
        status = library.run_product(isa, path, bytes_, ctypes.byref(arrays), words, counts)
        assert status == 0
        c = kept["c"]
        between = as_strided(c, (m - 1, c.strides[0] // bytes_))[:, n:]
        assert (between == 55).all(), "wrote behind a row of C"
        return c, list(counts)


def random_elements(generator, shape, dtype):
    """Elements of one kind: anything, small, non-negative, extremes, or all the most negative."""
    info = np.iinfo(dtype)
    kind = generator.integers(6)
    if kind == 0:
        return generator.integers(-3, 4, shape).astype(dtype)
    if kind == 1:
        values = np.array([info.min, info.min + 1, -1, 0, 1, info.max - 1, info.max], dtype)
        return generator.choice(values, shape)
    if kind == 2:
        return np.full(shape, info.min, dtype)
    if kind == 3:
        return np.maximum(generator.normal(0, info.max / 60, shape), 0).astype(dtype)
    return generator.integers(info.min, info.max + 1, shape).astype(dtype)


def random_size(generator, most):
    """Sizes around vectors, tiles, panels and blocks, or any."""
    if generator.integers(3) == 0:
        return int(generator.integers(1, most + 1))
    edges = [1, 2, 3, 8, 9, 16, 17, 36, 47, 48, 49, 72, 96, 97, 255, 256, 257, 512, 513]
    return int(generator.choice([size for size in edges if size <= most]))


def random_problem(generator, dtype):
    m, k, n = (random_size(generator, most) for most in (80, 600, 160))
    a, b = random_elements(generator, (m, k), dtype), random_elements(generator, (k, n), dtype)
    opcode = int(generator.choice([OPCODE_GEMM, OPCODE_FCN]))
    x_type = dtype if opcode == OPCODE_GEMM else np.int32
    x = random_elements(generator, (int(generator.choice([1, m])), n), x_type)
    problem = Problem(a, b, x if generator.integers(3) else None, opcode=opcode)
    problem.spare = {name: int(generator.integers(0, 40)) for name in "abxc"}
    if opcode == OPCODE_FCN:
        shift = generator.choice([0, 1, 8, 15, 16, 17, 18, 24, 31, 32, 33, 46, 47, 48, 49, 63, 255])
        scale = generator.choice([0, 1, 2, 255, 32767, 32768, 65535])
        problem.post = (int(scale), int(shift))
        problem.round, problem.saturate = map(bool, generator.integers(2, size=2))
        prelus = [(1, 0), (0, 0), (410, 11), (-512, 3), (511, 0), (3, 31)]
        problem.prelu = prelus[generator.integers(len(prelus))]
    return problem
