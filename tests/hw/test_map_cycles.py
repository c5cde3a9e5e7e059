"""The closed formula of what walks feature maps agrees with the run of the dataflow, within 5 %."""

from dataclasses import dataclass

import numpy as np
import pytest
from kernels import B_PACKED, BIAS_ROW, OPCODES, WINDOW, Program
from map_programs import KINDS, map_words

#: Sizes of a layer, whose frame is cut so that a run takes a second at most.
BOARDS = [("u250", "int8"), ("u250", "short"), ("u50", "int8"), ("kv260", "short")]


@dataclass
class Layer:
    shape: tuple
    channels: int
    n: int
    kernel: tuple = (3, 3)
    output: tuple = None
    stride: tuple = (1, 1)
    padding: tuple = (1, 1)
    upsampling: tuple = (1, 1)
    lda: int = 0
    ldc: int = 0
    frames: int = 1
    a_first: int = 0
    rows_of_x: bool = False
    kind: str = ""

    def cycles(self, kernel, formula):
        """Of the run, and of the formula; of zeros, because cycles do not depend on values."""
        program, dtype = Program(65536), kernel.dtype
        output = self.output or self.shape
        lda, ldc = self.lda or self.channels, self.ldc or self.n
        pixels, taps = output[0] * output[1], self.kernel[0] * self.kernel[1]
        m, k = self.frames * pixels, taps * self.channels
        walk = {"kernel": self.kernel, "stride": self.stride, "dilation": (1, 1), "fill": 0}
        walk |= {"padding": self.padding, "upsampling": self.upsampling, "output": output}
        places = {"c_row": output[1] * ldc, "c_frame": pixels * ldc, "a_first": self.a_first}
        before = map_words(walk, self.shape, self.channels, **places)
        size_of_a = self.a_first + self.frames * self.shape[0] * self.shape[1] * lda
        columns = -(-self.n // kernel.array_columns) * kernel.array_columns
        sizes = [size_of_a, k * columns, m * ldc]
        a, b, c = (program.place(np.zeros(size, dtype)) for size in sizes)
        rows = pixels if self.rows_of_x else 1
        x = program.place(np.zeros(rows * self.n, kernel.addend))
        words = {"a": a, "c": c, "m": m, "n": self.n, "lda": lda, "ldc": ldc}
        weighs = {"b": b, "x": x, "ldb": self.n, "ldx": self.n, "flags": BIAS_ROW * (rows == 1)}
        if not self.kind:
            words |= {"opcode": OPCODES["fcn"], "k": k, **weighs}
            words["flags"] |= B_PACKED
        else:
            words |= {"opcode": WINDOW, "k": KINDS.index(self.kind)}
            words |= weighs if self.kind == "depthwise" else {"post": (0, 0), "prelu": (0, 0)}
        program.words.append(before)
        slot = program.instruction(**words)
        kernel.run(program.finish())
        assert program.status(slot) == 0
        start, end = (int(stamp) for stamp in program.stamps(slot))
        return end - start, formula(kernel, program.words[slot], before)


def check(kernel, formula, layers, tolerance=0.05):
    for layer in layers:
        run, model = layer.cycles(kernel, formula)
        print(layer, run, model, f"{100 * (model - run) / run:+.1f} %")
        assert model == pytest.approx(run, rel=tolerance), layer


@pytest.mark.sampled("u250-int8")
@pytest.mark.parametrize("board, dtype", BOARDS)
def test_layers_of_a_u_net(kernel_of, formula, board, dtype):
    layers = [
        Layer((8, 256), 3, 64),
        Layer((8, 256), 64, 64, ldc=128),
        Layer((4, 128), 128, 64, (2, 2), (8, 256), padding=(0, 0), upsampling=(2, 2)),
        Layer((12, 256), 64, 4),
        Layer((16, 32), 512, 256),
        Layer((8, 64), 1024, 256),
        Layer((16, 256), 64, 64, (2, 2), (8, 128), (2, 2), (0, 0), kind="max"),
    ]
    check(kernel_of("fcn", dtype, board), formula, layers)


@pytest.mark.sampled("u250-int8")
@pytest.mark.parametrize("board, dtype", BOARDS)
def test_other_layers(kernel_of, formula, board, dtype):
    """Whole words, strides, frames of one pixel, addends for each pixel, and the window unit."""
    layers = [
        Layer((32, 32), 64, 128, output=(16, 16), stride=(2, 2)),
        Layer((14, 14), 256, 256, (1, 1), padding=(0, 0)),
        Layer((7, 7), 64, 128, (7, 7), (1, 1), padding=(0, 0), frames=50),
        Layer((16, 128), 64, 64, rows_of_x=True),
        Layer((16, 64), 512, 512, (2, 2), (8, 32), (2, 2), (0, 0), kind="max"),
        Layer((32, 64), 128, 128, (2, 2), (16, 32), (2, 2), (0, 0), kind="average"),
        Layer((16, 64), 128, 128, kind="depthwise"),
        Layer((16, 64), 32, 32, kind="depthwise"),
        Layer((7, 7), 512, 512, (7, 7), (1, 1), padding=(0, 0), frames=4, kind="average"),
    ]
    check(kernel_of("fcn", dtype, board), formula, layers)


@pytest.mark.sampled("u250-int8")
@pytest.mark.parametrize("board, dtype", BOARDS)
def test_pixels_that_are_not_whole_words(kernel_of, formula, board, dtype):
    layers = [
        Layer((16, 16), 100, 70),
        Layer((16, 16), 100, 70, lda=200, a_first=100, ldc=140),
        Layer((28, 28), 3, 32, (7, 7), (14, 14), (2, 2), (3, 3)),
        Layer((16, 64), 100, 100, kind="depthwise"),
    ]
    check(kernel_of("fcn", dtype, board), formula, layers, 0.1)
