"""Random convolutions and windows over feature maps: a Map and what follows it."""

import numpy as np
import oracle
from kernels import B_PACKED, BIAS_ROW, MAP, OK, OPCODES, WINDOW, pack
from random_programs import awkward, integers, oracle_fields, random_epilogue, with_stride

KINDS = ("max", "average", "depthwise")


def pair(low, high):
    return low % 2**16 | high % 2**16 << 16


def map_words(walk, shape, channels, *, a_first=0, c_first=0, c_row=0, c_frame=0):
    """The sixteen words of a Map instruction; shape: (height, width) of the map."""
    up = walk["upsampling"]
    fields = [pair(*walk[name]) for name in ("kernel", "stride", "dilation", "padding", "output")]
    head = [MAP, pair(*shape), channels | up[0] << 16 | up[1] << 24, *fields]
    return [*head, a_first, c_first, c_row, c_frame, pair(walk["fill"], 0), 0, 0, 0]


def random_walk(rng, dtype, shape, most_pixels):
    """How a map of a shape is walked: mostly as networks do, sometimes as nobody would."""
    wild = rng.random() < 0.3
    common = {"kernel": [1, 2, 3, 3, 5], "stride": [1, 1, 1, 2, 3], "dilation": [1, 1, 1, 2]}
    odd = {"kernel": [1, 2, 4, 7], "stride": [1, 5, 40, 1000], "dilation": [1, 3, 9, 5000]}
    walk = {
        name: tuple(int(one) for one in rng.choice((odd if wild else common)[name], 2))
        for name in common
    }
    walk["upsampling"] = tuple(int(up) for up in rng.choice([1, 1, 1, 1, 2, 3], 2))
    paddings = [-9, -1, 0, 1, 2, 30, 400] if wild else [-1, 0, 0, 1, 1, 2]
    walk["padding"] = tuple(int(padding) for padding in rng.choice(paddings, 2))
    kind = rng.integers(4)
    if kind == 0:  # as much as the map has, and more
        output = [
            max(1, (size * up + padding) // stride + int(rng.integers(3)))
            for size, up, stride, padding in zip(
                shape, *(walk[name] for name in ("upsampling", "stride", "padding")), strict=True
            )
        ]
    else:
        output = [int(size) for size in rng.integers(1, 10, 2)]
    columns = min(output[1], most_pixels)
    walk["output"] = (max(1, min(output[0], most_pixels // columns)), columns)
    info = np.iinfo(dtype)
    walk["fill"] = int(rng.choice([0, 0, 1, -1, info.min, info.max]))
    return walk


class RandomMap:
    """A map, a walk over it, and a convolution, a pooling or a depthwise convolution."""

    def __init__(self, rng, kernel, program, kind=None):
        self.kernel, self.program = kernel, program
        word = kernel.word_bytes // kernel.dtype.itemsize
        kind = kind or str(rng.choice(["convolution"] * 3 + [*KINDS]))
        sizes = [1, 2, 3, word - 1, word, word, word + 1, 2 * word, 3 * word + 1]
        if kind != "convolution":
            sizes += [9 * word, 17 * word + 3]
        channels = int(rng.choice(sizes))
        shape = tuple(int(rng.choice([1, 2, 3, 5, 8, 13, 20])) for _ in range(2))
        frames = int(rng.choice([1, 1, 2, 3]))
        walk = random_walk(rng, kernel.dtype, shape, max(1, 150 // frames))
        while kind == "convolution" and np.prod(walk["kernel"]) * channels > 400:
            channels = max(1, channels // 2)
        n = awkward(rng, kernel.tile_columns, kernel.array_columns)
        n = n if kind == "convolution" else channels
        taps, (out_y, out_x) = int(np.prod(walk["kernel"])), walk["output"]

        lda, a_first = self.slice_of(rng, channels, word)
        full = integers(rng, kernel.dtype, (frames, *shape, lda))
        maps = full[..., :channels]
        a = np.concatenate([integers(rng, kernel.dtype, a_first), full.ravel()])
        a_page = program.place(a[: a.size - (lda - channels)])

        ldc, c_first = self.slice_of(rng, n, word)
        ldc *= int(rng.choice([1, 1, 2]))  # every second column
        c_row = self.apart(rng, (out_x - 1) * ldc + n, out_x * ldc)
        c_frame = self.apart(rng, (out_y - 1) * c_row + (out_x - 1) * ldc + n, out_y * c_row)
        row, frame = c_row * (out_y > 1), c_frame * (frames > 1)
        places = c_first + sum(
            np.arange(size).reshape(-1, *[1] * behind) * step
            for size, step, behind in (
                *((frames, frame, 3), (out_y, row, 2)),
                *((out_x, ldc, 1), (n, 1, 0)),
            )
        )
        before = integers(rng, kernel.dtype, int(places.max()) + 1 + int(rng.integers(0, 40)))
        self.expected, self.c_page = before.copy(), program.place(before)

        if kind == "convolution":
            words, found = self.convolution(rng, maps, walk, taps * channels, n)
        else:
            words, found = self.window(rng, maps, walk, kind, taps, channels)
        self.expected[places] = found
        m = frames * out_y * out_x
        words |= {"a": a_page, "c": self.c_page, "m": m, "n": n, "lda": lda, "ldc": ldc}
        program.words.append(
            map_words(
                walk,
                shape,
                channels,
                **{"a_first": a_first, "c_first": c_first, "c_row": row, "c_frame": frame},
            )
        )
        self.slot = program.instruction(**words)
        self.describe = {"kind": kind, "frames": frames, "shape": shape, "channels": channels}
        self.describe |= {"c_row": row, "c_frame": frame, "c_first": c_first, "a_first": a_first}
        self.describe |= {**walk, **words}

    @staticmethod
    def slice_of(rng, channels, word):
        """Elements from pixel to pixel, and before the first: channels that are others'."""
        kind = rng.integers(4)
        if kind == 0:
            return channels, 0
        if kind == 1:
            return -(-channels // word) * word, word * int(rng.integers(3))
        # Far apart: a burst for each pixel costs less than what lies between.
        apart = int(rng.integers(0, 30 * word if kind == 2 else word))
        return channels + apart, int(rng.integers(0, 2 * word))

    @staticmethod
    def apart(rng, least, usual):
        return usual if rng.random() < 0.6 else least + int(rng.integers(0, 50))

    def convolution(self, rng, maps, walk, k, n):
        kernel, program = self.kernel, self.program
        word = kernel.word_bytes // kernel.dtype.itemsize
        b = integers(rng, kernel.dtype, (k, n))
        how, function = random_epilogue(rng, kernel, program)
        full_b, ldb = with_stride(rng, b, word)
        if rng.random() < 0.4:
            full_b, ldb = pack(b, kernel.tile_columns, kernel.array_columns), 0
            how["flags"] |= B_PACKED
        pixels = int(np.prod(walk["output"]))
        rows = int(rng.choice([0, 1, pixels]))
        x, has_row = None, rows == 1 and (pixels > 1 or rng.random() < 0.5)
        words = {"opcode": OPCODES["fcn"], "b": program.place(full_b), "k": k, "ldb": ldb}
        if rows:
            x = integers(rng, kernel.addend, (rows, n))
            full_x, ldx = with_stride(rng, x, max(1, kernel.word_bytes // kernel.addend.itemsize))
            words |= {"x": program.place(full_x), "ldx": ldx}
            how["flags"] |= BIAS_ROW * has_row
        found = oracle.convolution(maps, b, walk, x, **oracle_fields(how, function))
        return words | how, found

    def window(self, rng, maps, walk, kind, taps, channels):
        kernel, program = self.kernel, self.program
        words = {"opcode": WINDOW, "k": KINDS.index(kind), "post": (0, 0), "prelu": (0, 0)}
        if kind != "depthwise":
            return words, oracle.pooled(maps, walk, kind)
        word = kernel.word_bytes // kernel.dtype.itemsize
        b = integers(rng, kernel.dtype, (taps, channels))
        how, function = random_epilogue(rng, kernel, program)
        how["flags"] |= BIAS_ROW
        full_b, ldb = with_stride(rng, b, word)
        words |= {"b": program.place(full_b), "ldb": ldb}
        x = None
        if rng.random() < 0.7:
            x = integers(rng, kernel.addend, (1, channels))
            words |= {"x": program.place(x), "ldx": channels}
        found = oracle.depthwise(maps, b, walk, x, **oracle_fields(how, function))
        return words | how, found

    def check(self):
        """Compares all of C, and what lies between its pixels."""
        assert self.program.status(self.slot - 1) == OK, self.describe
        assert self.program.status(self.slot) == OK, self.describe
        got = self.program.read(self.c_page, self.kernel.dtype, 1, len(self.expected))[0]
        np.testing.assert_array_equal(got, self.expected, str(self.describe))
