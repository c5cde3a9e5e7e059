"""Operations over feature maps as callers queue them: the oracle's bytes."""

import map_cases
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from targets import examples

import xfblas

SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module", params=[np.int16, np.int8])
def unit(request):
    with xfblas.open(engine="Fcn", dtype=request.param) as device:
        yield device.compute_units[0]


def check(unit, seed, kind):
    rng = np.random.default_rng(seed)
    case = map_cases.random_case(rng, unit.device.dtype, kind)
    np.testing.assert_array_equal(case.run(unit), case.expected(), f"{seed}: {case}")


@examples(400)
@given(seed=SEEDS)
def test_convolutions(unit, seed):
    check(unit, seed, "convolution")


@examples(200)
@given(seed=SEEDS)
def test_depthwise_convolutions(unit, seed):
    check(unit, seed, "depthwise")


@examples(200)
@given(seed=SEEDS)
def test_pooling(unit, seed):
    check(unit, seed, "max" if seed % 2 else "average")


@examples(120)
@given(seed=SEEDS)
def test_upsampled_maps_of_many_channels(unit, seed):
    """Where the native engine multiplies each pixel once, if sums fit 32 bits."""
    rng = np.random.default_rng(seed)
    case = map_cases.random_case(rng, unit.device.dtype, "convolution")
    channels, n = int(rng.choice([16, 20, 64])), int(rng.choice([1, 16, 50, 64, 130]))
    shape = (len(case.maps), *map_cases.pair(rng, 1, 3, 9, 20), channels)
    case.maps = map_cases.elements(rng, shape, unit.device.dtype)
    case.first_channel, case.channels, case.is_shared = 0, channels, False
    case.walk |= {
        "upsampling": map_cases.pair(rng, 1, 2, 2, 3),
        "kernel": map_cases.pair(rng, 1, 2, 2, 3),
        "stride": map_cases.pair(rng, 1, 1, 2),
        "output": map_cases.pair(rng, 1, 5, 18, 40),
    }
    taps = case.walk["kernel"][0] * case.walk["kernel"][1]
    case.b = map_cases.elements(rng, (taps * channels, n), unit.device.dtype)
    if unit.device.dtype == np.int16 and seed % 3:
        case.b >>= 8  # whose sums fit
    (rows, columns), pixels = case.walk["output"], 1 if seed % 2 else np.prod(case.walk["output"])
    case.x = rng.integers(-(2**31), 2**31, (pixels, n)).astype(np.int32)
    case.target = np.zeros((len(case.maps), rows, columns, n), unit.device.dtype)
    case.first, case.step, case.target_channel = (0, 0), (1, 1), 0
    np.testing.assert_array_equal(case.run(unit), case.expected(), f"{seed}: {case}")


@examples(60)
@example(seed=1)
@example(seed=2)
@given(seed=SEEDS)
def test_three_by_three_of_many_channels(unit, seed):
    """Where the native engine takes a quarter of the products in int8."""
    rng = np.random.default_rng(seed)
    dtype = unit.device.dtype
    case = map_cases.random_case(rng, dtype, "convolution")
    channels, n = int(rng.choice([32, 64, 256, 320])), int(rng.choice([24, 64, 65, 130]))
    frames, rows, columns = int(rng.choice([1, 3])), *map_cases.pair(rng, 3, 9, 16, 21)
    padding = map_cases.pair(rng, 0, 1, 2, 4)
    case.maps = map_cases.elements(rng, (frames, rows, columns, channels), dtype)
    case.first_channel, case.channels, case.is_shared = 0, channels, False
    output = tuple(
        size + pad + int(rng.integers(pad + 1)) - 2
        for size, pad in zip((rows, columns), padding, strict=True)
    )
    case.walk |= {
        "kernel": (3, 3), "output": output, "stride": (1, 1), "upsampling": (1, 1),
        "dilation": (1, 1), "padding": padding,
    }  # fmt: skip
    case.b = map_cases.elements(rng, (9 * channels, n), dtype)
    if seed % 3 == 0:  # the largest sums
        case.maps[:], case.b[:] = np.iinfo(dtype).min, np.iinfo(dtype).min
    pixels = 1 if seed % 2 else np.prod(output)
    case.x = rng.integers(-(2**31), 2**31, (pixels, n)).astype(np.int32)
    case.target = np.full((frames, *output, n + 2), 55, dtype)
    case.first, case.step, case.target_channel = (0, 0), (1, 1), 1
    np.testing.assert_array_equal(case.run(unit), case.expected(), f"{seed}: {case}")


@examples(120)
@example(seed=1)
@example(seed=2)
@example(seed=3)
@given(seed=SEEDS)
def test_sums_that_are_clamped_only(unit, seed):
    """Where the native engine takes whole panels of columns to elements at once."""
    rng = np.random.default_rng(seed)
    case = map_cases.random_case(rng, unit.device.dtype, "convolution")
    n, taps = int(rng.choice([64, 65, 128, 130])), np.prod(case.walk["kernel"])
    case.b = map_cases.elements(rng, (taps * case.channels, n), unit.device.dtype)
    if unit.device.dtype == np.int16 and seed % 3:
        case.b >>= 8  # whose sums fit
    # Most results are within an element.
    size = 1 + np.sqrt(len(case.b)) * case.maps.astype(float).std() * case.b.astype(float).std()
    case.x = rng.integers(-int(size), int(size) + 1, (1, n)).astype(np.int32) if seed % 4 else None
    scale = int(rng.choice([1, 2**15, rng.integers(1, 2**15)]))
    shift = np.log2(size * scale) - 8 * unit.device.dtype.itemsize + 2
    post = (scale, int(np.clip(shift, 17, 32)))
    prelu, rounds = ((1, 0), (0, 0))[seed % 5 == 0], bool(rng.integers(2))
    flags = {"round": rounds, "saturate": True}
    case.expected_fields = {"post": post, "prelu": prelu, **flags}
    case.fields = {"post_scale": post[0], "post_shift": post[1], **flags}
    case.fields |= {"prelu_scale": prelu[0], "prelu_alpha": prelu[1]}
    case.is_shared, case.first, case.step, case.target_channel = False, (0, 0), (1, 1), 3
    shape = (len(case.maps), *case.walk["output"], 3 + n + int(rng.integers(3)))
    case.target = map_cases.elements(rng, shape, unit.device.dtype)
    np.testing.assert_array_equal(case.run(unit), case.expected(), f"{seed}: {case}")


@examples(60)
@given(seed=SEEDS)
def test_few_output_channels(unit, seed):
    """Where the native engine has a kernel's columns side by side, if sums fit 32 bits."""
    rng = np.random.default_rng(seed)
    dtype = unit.device.dtype
    case = map_cases.random_case(rng, dtype, "convolution")
    kernel, n = map_cases.pair(rng, 1, 2, 3, 5), int(rng.choice([1, 3, 4, 5]))
    channels, (rows, columns) = (
        int(rng.choice([3, 16, 33, 64])),
        (4, int(rng.choice([19, 69, 150]))),
    )
    size = int(rng.choice([1, 2]))
    maps = map_cases.elements(rng, (size, rows, columns, channels), dtype)
    case.maps, case.first_channel, case.channels, case.is_shared = maps, 0, channels, False
    case.walk |= {
        "kernel": kernel, "output": (rows, columns), "stride": (1, 1), "upsampling": (1, 1),
        "dilation": (int(rng.choice([1, 2])), 1), "padding": (kernel[0] // 2, kernel[1] // 2),
    }  # fmt: skip
    case.b = map_cases.elements(rng, (kernel[0] * kernel[1] * channels, n), dtype)
    # As the windows of an output have the same weights.
    case.b = np.tile(case.b, int(rng.choice([1, 2, 4])))
    n = case.b.shape[1]
    if dtype == np.int16 and seed % 3:
        case.b >>= 9  # whose sums fit
    pixels = 1 if seed % 2 else rows * columns
    case.x = rng.integers(-(2**31), 2**31, (pixels, n)).astype(np.int32)
    case.target = np.full((size, rows, columns, n + 2), 55, dtype)
    case.first, case.step, case.target_channel = (0, 0), (1, 1), 1
    np.testing.assert_array_equal(case.run(unit), case.expected(), f"{seed}: {case}")


def three_by_three(channels, n, rows, columns, a, b):
    """A convolution whose elements are all a and all b, or random ones for None."""
    rng = np.random.default_rng(channels)
    maps, weights = (
        np.full(shape, value, np.int8)
        if value is not None
        else map_cases.elements(rng, shape, np.int8)
        for shape, value in [((1, rows, columns, channels), a), ((9 * channels, n), b)]
    )
    walk = {
        "kernel": (3, 3), "stride": (1, 1), "dilation": (1, 1), "padding": (1, 1),
        "upsampling": (1, 1), "fill": -128, "output": (rows, columns),
    }  # fmt: skip
    flags = {"round": True, "saturate": True}
    expected, given = {"post": (1, 22), **flags}, {"post_scale": 1, "post_shift": 22, **flags}
    target = np.zeros((1, rows, columns, n), np.int8)
    x = np.arange(n, dtype=np.int32)[np.newaxis]
    return map_cases.Case(
        "convolution", maps, 0, channels, walk, weights, x, expected, given, target
    )


@pytest.mark.native
@pytest.mark.parametrize(
    "shape, is_taken",
    [
        ((32, 24, 8, 12), True),
        ((96, 30, 17, 9), True),
        ((3616, 24, 8, 12), True),
        ((3648, 24, 8, 12), False),  # whose sums need more bits
        ((33, 24, 8, 12), False),
        ((64, 16, 8, 12), False),
        ((64, 64, 4, 20), False),
        ((64, 64, 1, 64), False),
    ],
)
@pytest.mark.parametrize("a, b", [(-128, -128), (127, -128), (None, None)])
def test_which_are_taken_by_winograd(shape, is_taken, a, b):
    case = three_by_three(*shape, a, b)
    with xfblas.open(engine="Fcn", dtype=np.int8, target="native") as device:
        before = xfblas.native_statistics()["winograd"]
        np.testing.assert_array_equal(case.run(device.compute_units[0]), case.expected())
    if not xfblas.native_engine().instruction_set.startswith("amx"):  # whose tiles come first
        assert (xfblas.native_statistics()["winograd"] > before) == is_taken


@pytest.mark.native  # a card holds the image of the other tests
@pytest.mark.parametrize("largest, path", [(40, "proved"), (1500, "spilled"), (32767, None)])
def test_sums_of_more_than_32_bits(largest, path, generator):
    """Every way of adding up, on windows whose runs are padded and whose are not."""
    with xfblas.open(engine="Fcn", dtype=np.int16) as device:
        unit = device.compute_units[0]
        has_quads = xfblas.native_engine().instruction_set in ("amx", "avx512_vnni")
        hardest = "estimated" if has_quads else "split"
        for channels in (33, 64):
            case = map_cases.random_case(np.random.default_rng(5), np.int16, "convolution")
            case.maps = generator.integers(-32768, 32768, (2, 7, 9, channels)).astype(np.int16)
            case.first_channel, case.channels, case.is_shared = 0, channels, False
            case.walk = {
                "kernel": (3, 5), "stride": (1, 2), "dilation": (1, 1), "padding": (1, 2),
                "upsampling": (1, 1), "output": (7, 5), "fill": -32768,
            }  # fmt: skip
            shape = 15 * channels, 70
            case.b = generator.integers(-largest, largest + 1, shape).astype(np.int16)
            case.x = generator.integers(-(2**31), 2**31, (35, 70)).astype(np.int32)
            case.expected_fields = {"post": (3, 33), "saturate": True}
            case.fields = {"post_scale": 3, "post_shift": 33, "saturate": True}
            case.target = np.zeros((2, 7, 5, 70), np.int16)
            case.first, case.step, case.target_channel = (0, 0), (1, 1), 0
            before = xfblas.native_statistics()
            np.testing.assert_array_equal(case.run(unit), case.expected())
            taken = path or hardest
            if device.target == "native":
                assert xfblas.native_statistics()[taken] > before[taken]
