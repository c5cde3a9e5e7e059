"""Random programs: shapes, leading dimensions, fields, flags, extreme values and both layouts."""

import numpy as np
import reference
from kernels import (
    A_PACKED,
    B_PACKED,
    BAD_FIELD,
    BIAS_ROW,
    LEADING_DIMENSION,
    OK,
    OPCODES,
    OUT_OF_MEMORY,
    PAGE,
    ROUND,
    SATURATE,
    UNKNOWN_OPCODE,
    ZERO_SIZE,
    Program,
    pack,
)


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
        flags = int(rng.choice([0, ROUND, SATURATE, ROUND | SATURATE]))
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

        post = (
            int(rng.choice([0, 1, 3, 65535, rng.integers(65536)])),
            int(rng.choice([0, 1, 8, 15, 47, 48, 63, 64, 255, rng.integers(48)])),
        )
        prelu = (
            int(rng.choice([0, 1, 2, -512, 511, rng.integers(-512, 512)])),
            int(rng.choice([0, 1, 6, 31, rng.integers(32)])),
        )
        function, formats = None, 0
        bits = kernel.dtype.itemsize * 8
        if is_fcn and rng.random() < 0.2:
            source, target = (int(f) for f in rng.integers(0, bits, 2))
            which = int(rng.integers(1, 3))
            function = (reference.tanh, reference.sigmoid)[which - 1](bits, source, target)
            flags |= which << 8
            formats = source | target << 8
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
            post,
            prelu,
            flags,
            formats,
        )
        self.describe.update(
            lda=lda,
            ldb=ldb,
            ldc=ldc,
            ldx=ldx,
            post=post,
            prelu=prelu,
            flags=flags,
            formats=formats,
            x_page=x_page,
        )
        self.c_page, self.ldc = c_page, ldc
        self.expected = full_c.copy()
        self.expected[:, :n] = reference.fcn(
            a,
            b,
            x,
            post=post,
            prelu=prelu if is_fcn else (1, 0),
            round=bool(flags & ROUND),
            saturate=bool(flags & SATURATE),
            function=function,
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
        self.expected = np.concatenate([reference.gemv(a, x, y), integers(rng, kernel.dtype, 7)])
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


def run(kernel, seed, count, per_launch=8):
    """Runs `count` random instructions, several in a launch, and checks every one of them."""
    rng = np.random.default_rng(seed)
    make = RandomVectorProduct if kernel.engine == "gemv" else RandomProduct
    for first in range(0, count, per_launch):
        program = Program(8192)
        products = [make(rng, kernel, program) for _ in range(min(per_launch, count - first))]
        end = program.next_page * PAGE
        kernel.run(program.finish())
        for product in products:
            product.check()
        assert not program.memory[end:].any(), "the kernel wrote behind the last matrix"


EDGES = [0, 1, 2, 3, 31, 2**15, 2**16, 2**31 - 1, 2**31, 2**32 - 1]


def hostile(rng, opcode, pages):
    """An instruction of which most fields are good, and one or more are not."""
    m, k, n = (int(size) for size in rng.integers(1, 70, 3))
    page = [int(rng.choice([2, 3, pages - 2, pages - 1, rng.integers(2, pages)])) for _ in range(4)]
    page[3] *= int(rng.random() < 0.7)
    strides = [k, n, n, n]
    flags = int(rng.choice([0, ROUND, SATURATE, BIAS_ROW, A_PACKED, B_PACKED, 1 << 8, 2 << 8]))
    words = [opcode, *page, m, k, n, *strides, 1 << 8, 1 << 6, flags, 0x0707]
    for _ in range(int(rng.choice([0, 1, 1, 2, 16]))):
        at = int(rng.integers(16))
        kind = rng.integers(4)
        if kind == 0:
            words[at] = int(rng.choice(EDGES))
        elif kind == 1:
            words[at] = max(0, words[at] + int(rng.choice([-1, 1])))
        elif kind == 2:
            words[at] = int(rng.integers(2**32))
        else:
            words[at] ^= 1 << int(rng.integers(32))
    return [word % 2**32 for word in words]


def rows_status(page, rows, columns, stride, element, pages):
    if stride < columns:
        return LEADING_DIMENSION
    end = page * PAGE + ((rows - 1) * stride + columns) * element
    return OK if page >= 2 and end <= pages * PAGE else OUT_OF_MEMORY


def fields_status(words, kernel):
    post, prelu, flags, formats = words[12:16]
    function, alpha = flags >> 8 & 15, prelu & 63
    scale = (prelu >> 6 & 1023) - (prelu >> 15 & 1) * 1024
    bits, is_fcn = kernel.dtype.itemsize * 8, kernel.engine == "fcn"
    known = ROUND | SATURATE | BIAS_ROW | A_PACKED | B_PACKED | 15 << 8
    good = flags & ~known == 0 and function <= 2 and alpha <= 31
    if kernel.dtype.kind == "f":
        good = good and function == 0 and post == 1 << 8 and (not is_fcn or scale in (0, 1))
    if function:
        good = good and is_fcn and max(formats & 255, formats >> 8) < bits
    return OK if good else BAD_FIELD


def expected_status(words, kernel, pages):
    """The first failure, in the order of the contract; Python's integers cannot overflow."""
    opcode, a, b, c, x, m, k, n, lda, ldb, ldc, ldx = words[:12]
    flags, size = words[14], kernel.dtype.itemsize
    if opcode != OPCODES[kernel.engine]:
        return UNKNOWN_OPCODE
    if kernel.engine == "gemv":
        if min(m, k) == 0:
            return ZERO_SIZE
        checks = [
            rows_status(a, m, k, lda, size, pages),
            rows_status(b, 1, k, k, size, pages),
            rows_status(c, 1, m, m, size, pages),
        ]
        return next((status for status in checks if status), OK)
    if min(m, k, n) == 0:
        return ZERO_SIZE

    def packed(page, across, strip):
        elements = -(-across // strip) * strip * k
        return rows_status(page, 1, elements, elements, size, pages)

    checks = [
        fields_status(words, kernel),
        packed(a, m, kernel.array_rows)
        if flags & A_PACKED
        else rows_status(a, m, k, lda, size, pages),
        packed(b, n, kernel.array_columns)
        if flags & B_PACKED
        else rows_status(b, k, n, ldb, size, pages),
        rows_status(c, m, n, ldc, size, pages),
        rows_status(x, 1 if flags & BIAS_ROW else m, n, ldx, kernel.addend.itemsize, pages)
        if x
        else OK,
    ]
    return next((status for status in checks if status), OK)


def run_hostile(kernel, seed, count, pages=24):
    """Each status is the one expected, and nothing changes but results and what was asked for."""
    rng = np.random.default_rng(seed)
    seen = set()
    for _ in range(count):
        program = Program(pages)
        program.memory[:] = rng.integers(0, 256, program.memory.size, np.uint8)
        opcode = OPCODES[kernel.engine]
        given = [hostile(rng, opcode, pages) for _ in range(int(rng.integers(1, 40)))]
        given = [words for words in given if words[0] != 0]  # that would be a control
        program.words += given
        memory = program.finish()
        before = memory.copy()
        kernel.run(memory)
        statuses = [program.status(slot) for slot in range(1, len(given) + 1)]
        expected = [expected_status(words, kernel, pages) for words in given]
        assert statuses == expected, given
        seen.update(statuses)
        assert np.array_equal(memory[:PAGE], before[:PAGE]), "page 0 changed"
        written = np.zeros(memory.size, bool)
        written[PAGE : 2 * PAGE] = True
        for words, status in zip(given, statuses, strict=True):
            if status == OK:
                mark_result(written, words, kernel)
        assert np.array_equal(memory[~written], before[~written]), "something else changed"
    return seen


def mark_result(written, words, kernel):
    """Marks the bytes of C (of y for Gemv) that an instruction may write."""
    size, start = kernel.dtype.itemsize, words[3] * PAGE
    if kernel.engine == "gemv":
        written[start : start + words[5] * size] = True
        return
    for row in range(words[5]):
        first = start + row * words[10] * size
        written[first : first + words[7] * size] = True
