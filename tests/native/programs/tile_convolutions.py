"""tile_convolutions.py CASE SEED: convolutions of a shape against the oracle, and the ways taken.

For a process of its own, since an instruction set is chosen once in it.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import map_cases

import xfblas

#: What a case is besides (height, width, channels), (kernel rows and columns), n.
PLAIN = {
    "stride": (1, 1), "dilation": (1, 1), "padding": (1, 1), "upsampling": (1, 1), "fill": 0,
}  # fmt: skip
BYTE, WORD = 128, 32768

#: name: shape of the map, kernel, n, what differs from PLAIN, output rows and columns.
SHAPES = {
    "runs of whole steps": ((5, 19, 64), (3, 3), 70, {}, (5, 19)),
    "padded runs": ((4, 40, 33), (3, 3), 33, {"fill": -128}, (4, 40)),
    "one row of the kernel": ((1, 50, 40), (1, 5), 17, {"padding": (0, 2)}, (1, 50)),
    "strides and dilation": (
        (9, 40, 48), (2, 3), 20, {"stride": (2, 2), "dilation": (3, 1)}, (4, 20),
    ),
    "windows side by side": (
        (9, 60, 32), (3, 3), 20, {"stride": (4, 5), "dilation": (1, 2), "fill": 127}, (2, 11),
    ),
    "several tasks": ((13, 200, 64), (3, 3), 16, {"padding": (2, 2)}, (15, 200)),
    "pixels": ((6, 9, 50), (1, 1), 40, {"padding": (0, 0)}, (6, 9)),
    "upsampled, by taps": (
        (5, 17, 64), (2, 2), 49, {"upsampling": (2, 2), "padding": (0, 0)}, (10, 34),
    ),
    "upsampled by 3, by taps": (
        (3, 40, 128), (3, 3), 16, {"upsampling": (3, 3), "fill": 5}, (9, 120),
    ),
    "upsampled, odd channels": (
        (5, 17, 40), (2, 2), 20, {"upsampling": (2, 2), "padding": (0, 0)}, (10, 34),
    ),
    "k beyond a block": ((3, 8, 4096), (3, 3), 3, {}, (3, 8)),
    "a run beyond a block": ((2, 9, 16400), (2, 3), 2, {"padding": (0, 0)}, (1, 8)),
    # What leaves most of each tile empty.
    "few columns": ((9, 7, 64), (3, 3), 20, {}, (9, 7)),
    "short runs": ((9, 40, 3), (3, 3), 20, {}, (9, 40)),
}  # fmt: skip
ON_VECTORS = ("few columns", "short runs")

#: Size of the elements of A and of B, then post scale, shift, saturate.
KINDS = [
    (np.int8, BYTE, BYTE, 3, 9, True),
    (np.int8, BYTE, BYTE, 1, 0, False),
    (np.int16, WORD, WORD, 3, 33, True),
    (np.int16, WORD, WORD, 1, 16, False),
    (np.int16, WORD, WORD, 1, 0, False),
    (np.int16, BYTE, WORD, 5, 24, True),
    (np.int16, WORD, BYTE, 5, 24, True),
    (np.int16, BYTE, BYTE, 77, 17, True),
    (np.int16, BYTE, 3, 9, 8, True),
]


def elements(generator, size, shape, dtype):
    """Of all sizes below, with both ends among them."""
    found = generator.integers(-size, size, shape)
    found.ravel()[:: max(1, found.size // 7)] = -size
    found.ravel()[1 :: max(2, found.size // 7)] = size - 1
    return found.astype(dtype)


def case_of(generator, name, kind):
    """One convolution, whose input and output are some channels of wider maps."""
    (height, width, channels), kernel, n, fields, output = SHAPES[name]
    dtype, a, b, scale, shift, saturate = kind
    walk = {**PLAIN, **fields, "kernel": kernel, "output": output}
    before, behind, frames = (int(generator.choice([0, 3])) for _ in range(3))
    maps = elements(
        generator, a, (1 + frames // 3, height, width, before + channels + behind), dtype
    )
    weights = elements(generator, b, (kernel[0] * kernel[1] * channels, n), dtype)
    pixels = int(generator.choice([1, np.prod(output)]))
    x = generator.integers(-(2**31), 2**31, (pixels, n)).astype(np.int32)
    prelu = [(1, 0), (0, 0), (-410, 11)][generator.integers(3)]
    flags = {"round": bool(generator.integers(2)), "saturate": saturate}
    expected = {"post": (scale, shift), "prelu": prelu, **flags}
    given = {"post_scale": scale, "post_shift": shift, **flags}
    given |= {"prelu_scale": prelu[0], "prelu_alpha": prelu[1]}
    target = np.full((len(maps), *output, n + behind), 55, dtype)
    return map_cases.Case(
        "convolution", maps, before, channels, walk, weights, x, expected, given, target
    )


def main(name, seed):
    generator = np.random.default_rng(int(seed))
    for kind in KINDS:
        with xfblas.open(engine="Fcn", dtype=kind[0]) as device:
            case = case_of(generator, name, kind)
            before = xfblas.native_statistics()
            expected = case.expected()
            for _ in range(2):  # the second with memory that holds the first one's map
                found = case.run(device.compute_units[0])
                np.testing.assert_array_equal(found, expected, f"{name}, {kind}")
            after = xfblas.native_statistics()
            print(*(path for path in after if after[path] > before[path]))


if __name__ == "__main__":
    main(*sys.argv[1:])
