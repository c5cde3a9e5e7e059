"""Random programs: shapes, leading dimensions, fields, flags, extreme values and both layouts."""

import numpy as np
import oracle
from kernels import (
    A_PACKED,
    B_PACKED,
    BIAS_ROW,
    OK,
    OPCODES,
    PAGE,
    ROUND,
    SATURATE,
    TABLE,
    Program,
    pack,
)

#: How many of the Fcn engine's instructions are Softmax.
SOFTMAX_SHARE = 0.15
#: And of the others, how many walk feature maps: convolutions, pooling, depthwise convolutions.
MAP_SHARE = 0.3


def awkward(rng, tile, strip):
    """A size that is likely to fall on or beside an edge of the hardware."""
    edges = [1, 2, strip - 1, strip, strip + 1, tile - 1, tile, tile + 1, 2 * tile + 1]
    size = rng.choice(edges) if rng.random() < 0.7 else rng.integers(1, 2 * tile + 2)
    return max(1, int(size))


def integers(rng, dtype, shape):
    """Small values, any values, or the extremes, which overflow what can overflow."""
    info = np.iinfo(dtype)
    kind = rng.integers(4)
    if kind == 0:
        return rng.integers(-3, 4, shape).astype(dtype)
    if kind == 1:
        return rng.choice(np.array([info.min, info.max, -1, 0, 1], dtype), shape)
    if kind == 2:
        return np.full(shape, info.min, dtype)
    return rng.integers(info.min, info.max, shape, dtype, endpoint=True)


def with_stride(rng, matrix, word):
    """The matrix in rows that may be longer than it needs, and their length."""
    rows, columns = matrix.shape
    kind = rng.integers(3)
    stride = columns
    if kind == 1:
        stride = -(-columns // word) * word
    if kind == 2:
        stride = columns + int(rng.integers(0, 2 * word + 2))
    full = integers(rng, matrix.dtype, (rows, stride)) if matrix.dtype.kind == "i" else None
    if full is None:
        full = rng.standard_normal((rows, stride)).astype(matrix.dtype)
    full[:, :columns] = matrix
    return full, stride


def random_entries(rng, bits):
    """A table's words: smooth, anything that entries hold, or with bits above these."""
    kind = rng.integers(3)
    if kind == 0:
        return np.cumsum(rng.integers(-(2**bits) // 64, 2**bits // 64, 513)).astype(np.int32)
    reach = 2**17 if kind == 1 else 2**31
    return rng.integers(-reach, reach, 513).astype(np.int32)


def random_epilogue(rng, kernel, program):
    """Fields by the names of Program.instruction, and the function that they stand for or None."""
    how = {
        "flags": int(rng.choice([0, ROUND, SATURATE, ROUND | SATURATE])),
        "post": (
            int(rng.choice([0, 1, 3, 65535, rng.integers(65536)])),
            int(rng.choice([0, 1, 8, 15, 47, 48, 63, 64, 255, rng.integers(48)])),
        ),
        "prelu": (
            int(rng.choice([0, 1, 2, -512, 511, rng.integers(-512, 512)])),
            int(rng.choice([0, 1, 6, 31, rng.integers(32)])),
        ),
    }
    function, bits = None, kernel.dtype.itemsize * 8
    is_fcn = kernel.engine == "fcn"
    if is_fcn and rng.random() < 0.2:
        source, target = (int(f) for f in rng.integers(0, bits, 2))
        which = int(rng.integers(1, 3))
        function = (oracle.tanh, oracle.sigmoid)[which - 1](bits, source, target)
        how["flags"] |= which << 8
        how["formats"] = source | target << 8
    elif is_fcn and rng.random() < 0.2:
        entries, groups = random_entries(rng, bits), int(rng.integers(1, 4))
        function = oracle.table(bits, groups, entries)
        how.update(formats=groups, table=program.place(entries), flags=how["flags"] | TABLE)
    return how, function


def oracle_fields(how, function):
    """The same as the oracle names them."""
    flags = how["flags"]
    return {
        **{"post": how["post"], "prelu": how["prelu"], "function": function},
        **{"round": bool(flags & ROUND), "saturate": bool(flags & SATURATE)},
    }


class RandomProduct:
    """One random Fcn or Gemm instruction with what it must leave in memory."""

    def __init__(self, rng, kernel, program, largest=None):
        k = kernel.constants
        word = k["word_bytes"] // kernel.dtype.itemsize
        self.kernel, self.program = kernel, program
        limit = largest or 1 << 30
        m = min(limit, awkward(rng, k["tile_rows"], k["array_rows"]))
        n = min(limit, awkward(rng, k["tile_columns"], k["array_columns"]))
        depth = min(limit, awkward(rng, k["chunk"], word))
        a = integers(rng, kernel.dtype, (m, depth))
        b = integers(rng, kernel.dtype, (depth, n))
        is_fcn = kernel.engine == "fcn"
        flags = 0
        self.describe = dict(m=m, k=depth, n=n)

        x_page, ldx, x = 0, 0, None
        full_c, ldc = with_stride(rng, integers(rng, kernel.dtype, (m, n)), word)
        c_page = program.place(full_c)
        kind = rng.integers(4)
        if kind == 1:
            x = integers(rng, kernel.addend, (m, n))
        elif kind == 2:
            x = integers(rng, kernel.addend, (1, n))
            flags |= BIAS_ROW
        if x is not None:
            full_x, ldx = with_stride(rng, x, max(1, k["word_bytes"] // kernel.addend.itemsize))
            x_page = program.place(full_x)
        elif kind == 3 and not is_fcn:
            x, x_page, ldx = full_c[:, :n].copy(), c_page, ldc  # C = A*B + C

        full_a, lda = with_stride(rng, a, word)
        full_b, ldb = with_stride(rng, b, word)
        if rng.random() < 0.4:
            full_a, lda = pack(a.T, k["tile_rows"], k["array_rows"]), 0
            flags |= A_PACKED
        if rng.random() < 0.4:
            full_b, ldb = pack(b, k["tile_columns"], k["array_columns"]), 0
            flags |= B_PACKED

        how, function = random_epilogue(rng, kernel, program)
        flags |= how["flags"]
        self.slot = program.instruction(
            OPCODES[kernel.engine],
            program.place(full_a),
            program.place(full_b),
            c_page,
            x_page,
            m,
            depth,
            n,
            lda,
            ldb,
            ldc,
            ldx,
            **{**how, "flags": flags},
        )
        self.describe.update(how, lda=lda, ldb=ldb, ldc=ldc, ldx=ldx, flags=flags, x_page=x_page)
        self.c_page, self.ldc = c_page, ldc
        self.expected = full_c.copy()
        self.expected[:, :n] = oracle.fcn(
            a,
            b,
            x,
            **oracle_fields(how, function) | ({} if is_fcn else {"prelu": (1, 0)}),
        )

    def check(self):
        """Compares all of C's rows, and what lies between them."""
        assert self.program.status(self.slot) == OK, self.describe
        rows = self.expected.shape[0]
        got = self.program.read(self.c_page, self.kernel.dtype, rows, self.ldc)
        if not np.array_equal(got, self.expected):
            row, column = np.argwhere(got != self.expected)[0]
            raise AssertionError(
                f"C[{row}, {column}] is {got[row, column]}, expected "
                f"{self.expected[row, column]}: {self.describe}"
            )


class RandomVectorProduct:
    """One random Gemv instruction with what it must leave in memory."""

    def __init__(self, rng, kernel, program):
        k = kernel.constants
        word = k["word_bytes"] // kernel.dtype.itemsize
        m = awkward(rng, k["vector_rows"], word)
        n = awkward(rng, k["vector_chunk"], word)
        a, x, y = (integers(rng, kernel.dtype, shape) for shape in ((m, n), n, m))
        full_a, lda = with_stride(rng, a, word)
        # What follows y in its page must stay as it is.
        self.expected = np.concatenate([oracle.gemv(a, x, y), integers(rng, kernel.dtype, 7)])
        self.page = program.place(np.concatenate([y, self.expected[m:]]))
        self.kernel, self.program = kernel, program
        self.describe = dict(m=m, n=n, lda=lda)
        self.slot = program.instruction(
            OPCODES["gemv"],
            program.place(full_a),
            program.place(np.concatenate([x, integers(rng, kernel.dtype, word)])),
            self.page,
            m=m,
            k=n,
            lda=lda,
        )

    def check(self):
        assert self.program.status(self.slot) == OK, self.describe
        got = self.program.read(self.page, self.kernel.dtype, 1, self.expected.size)[0]
        assert np.array_equal(got, self.expected), self.describe


def run(kernel, seed, count, per_launch=8, maps_alone=False):
    """Runs `count` random instructions, several in a launch, and checks every one of them."""
    rng = np.random.default_rng(seed)
    is_gemv = kernel.engine == "gemv"
    has_softmax = kernel.engine == "fcn" and kernel.dtype.kind == "i"

    def make(*given):
        if has_softmax and not maps_alone and rng.random() < SOFTMAX_SHARE:
            from softmax_programs import RandomSoftmax

            return RandomSoftmax(*given)
        if has_softmax and (maps_alone or rng.random() < MAP_SHARE):
            from map_programs import RandomMap

            return RandomMap(*given)
        return (RandomVectorProduct if is_gemv else RandomProduct)(*given)

    # The largest matrix of Gemv has 1025 rows of 8193, and some elements between them.
    pages = per_launch * 5120 if is_gemv else 8192
    for first in range(0, count, per_launch):
        program = Program(pages)
        products = [make(rng, kernel, program) for _ in range(min(per_launch, count - first))]
        end = program.next_page * PAGE
        kernel.run(program.finish())
        for product in products:
            product.check()
        assert not program.memory[end:].any(), "the kernel wrote behind the last matrix"
