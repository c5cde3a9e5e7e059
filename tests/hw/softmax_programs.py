"""Random Softmax instructions with what they must leave in memory."""

import numpy as np
import oracle
from kernels import OK, SOFTMAX
from random_programs import integers, with_stride


def byte(value):
    return value % 256


def words_of(fields):
    """The words post, prelu and formats of an instruction."""
    f = fields
    post = f["kind"] | f["exp_bits"] << 8 | f["inv_table_bits"] << 16 | byte(f["scale_shift"]) << 24
    prelu = f["norm_bits"] | byte(f["accum_shift"]) << 8 | f["accum_bits"] << 16
    return post, prelu | byte(f["inv_shift"]) << 24, f["inv_bits"] | byte(f["result_shift"]) << 8


def random_fields(rng):
    """Any fields that the unit takes, mostly such as make sense."""
    kind = int(rng.integers(4))
    exp_bits, inv_table_bits = (int(bits) for bits in rng.choice([0, 1, 5, 8, 10], 2))
    wild = rng.random() < 0.2

    def shift(least, most):
        return int(rng.integers(-20, 48) if wild else rng.integers(least, most))

    return {
        "kind": kind,
        "exp_bits": exp_bits,
        "inv_table_bits": inv_table_bits,
        "norm_bits": int(rng.integers(exp_bits, 25)),
        "accum_bits": int(rng.integers(0, 33)),
        "inv_bits": int(rng.integers(inv_table_bits, 25)),
        "scale_shift": int(rng.integers(48) if wild else rng.integers(0, 20)),
        "accum_shift": shift(-2, 6),
        "inv_shift": shift(-2, 6),
        "result_shift": abs(shift(0, 24)) if kind == 3 else shift(0, 24),
        "offset": int(rng.choice([0, 0, 5, -(2**31), 2**31 - 1, 98301])),
    }


class RandomSoftmax:
    def __init__(self, rng, kernel, program):
        bits = kernel.dtype.itemsize * 8
        word = kernel.word_bytes // kernel.dtype.itemsize
        classes = int(rng.choice([1, 2, 3, 10, word - 1, word, word + 1, 2 * word + 1]))
        windows = int(rng.choice([1, 1, 1, 2, 5]))
        m = int(rng.choice([1, 2, 3, 9]))
        columns = classes + int(rng.choice([0, 0, 1, -classes % word]))
        fields = random_fields(rng)
        a = integers(rng, kernel.dtype, (m, classes * windows))
        tables = [
            rng.integers(0, 2**20, 1 << fields[name]).astype(np.int32)
            for name in ("exp_bits", "inv_table_bits")
        ]
        multipliers = rng.integers(0, 2 ** int(rng.integers(1, 19)), classes).astype(np.int32)
        full_a, lda = with_stride(rng, a, word)
        full_c, self.ldc = with_stride(rng, integers(rng, kernel.dtype, (m, columns)), word)
        self.kernel, self.program, self.expected = kernel, program, full_c.copy()
        self.c_page = program.place(full_c)
        parameters = program.place(np.concatenate([*tables, multipliers]))
        self.describe = {"m": m, "classes": classes, "windows": windows, "n": columns, **fields}
        self.slot = program.instruction(SOFTMAX, program.place(full_a), parameters, self.c_page)
        post, prelu, formats = words_of(fields)
        program.words[-1][5:] = [
            *(m, classes * windows, columns, lda, classes, self.ldc),
            *(fields["offset"] % 2**32, post, prelu, 0, formats),
        ]
        self.expected[:, :columns] = 0
        for row in range(m):
            self.expected[row, :classes] = oracle.softmax_row(
                a[row].tolist(),
                oracle.SOFTMAX[fields["kind"]],
                *(table.tolist() for table in tables),
                multipliers.tolist(),
                fields,
                bits,
            )

    def check(self):
        """Compares all of C's rows, and what lies between them."""
        assert self.program.status(self.slot) == OK, self.describe
        rows = len(self.expected)
        got = self.program.read(self.c_page, self.kernel.dtype, rows, self.ldc)
        np.testing.assert_array_equal(got, self.expected, str(self.describe))
