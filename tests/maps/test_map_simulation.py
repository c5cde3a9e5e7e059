"""The simulation of steps over maps against the oracle, field by field."""

import numpy as np
import oracle
import pytest

from xfblas.quantization.map_steps import (
    ConvolutionStep,
    MapEpilogue,
    MapNetwork,
    MapPlacement,
    MapSlice,
    StoredMap,
    Walk,
    WindowStep,
)
from xfblas.quantization.maps.simulation import simulate_maps


def network(step, given, result, dtype):
    scale = np.ones(given.channels)
    output = MapSlice(result.name, result.channels)
    numbers = (scale, None, int(np.iinfo(dtype).max), np.ones(result.channels, np.float32))
    return MapNetwork("n", np.dtype(dtype), (given, result), (step,), given.name, output, *numbers)


@pytest.mark.parametrize("dtype", [np.int8, np.int16])
@pytest.mark.parametrize("kind", ["convolution", "max", "average", "depthwise"])
def test_random_walks(generator, dtype, kind):
    """Windows of all sizes, beyond the map too, between other channels and at every other pixel."""
    limits = np.iinfo(dtype)
    for _ in range(25):
        pick = generator.integers
        height, width, channels = pick(1, 8), pick(1, 8), pick(1, 5)
        fields = {
            name: tuple(int(one) for one in pick(low, high, 2))
            for name, low, high in (
                ("kernel", 1, 4),
                ("stride", 1, 4),
                ("dilation", 1, 3),
                ("padding", -2, 4),
                ("upsampling", 1, 3),
                ("output", 1, 6),
            )
        }
        fill = int(pick(limits.min, limits.max + 1))
        first, more = int(pick(0, 3)), int(pick(0, 3))
        given = StoredMap("given", int(height), int(width), int(channels) + first + more)
        taps = fields["kernel"][0] * fields["kernel"][1]
        outputs = int(pick(1, 5)) if kind == "convolution" else int(channels)
        rows = taps * int(channels) if kind == "convolution" else taps
        weights = pick(limits.min, limits.max + 1, (rows, outputs)).astype(dtype)
        pixels = fields["output"][0] * fields["output"][1]
        each = kind == "convolution" and bool(pick(0, 2))
        bias = pick(-(2**20), 2**20, (pixels if each else 1, outputs)).astype(np.int32)
        post, prelu = (int(pick(1, 300)), int(pick(0, 24))), (int(pick(-200, 200)), int(pick(0, 9)))
        step_by = tuple(int(one) for one in pick(1, 3, 2))
        place = MapPlacement("result", int(pick(0, 3)), (1, 0), step_by)
        sizes = [1 + n * by for n, by in zip(fields["output"], step_by, strict=True)]
        result = StoredMap("result", *sizes, outputs + place.first_channel + 1)
        walk = Walk(fill=fill, **fields)
        ends = (MapSlice("given", int(channels), first), place, walk)
        epilogue = MapEpilogue(post, prelu)
        if kind == "convolution":
            step = ConvolutionStep("s", *ends, weights, bias, epilogue)
        elif kind == "depthwise":
            step = WindowStep("s", kind, *ends, weights, bias, epilogue)
        else:
            step = WindowStep("s", kind, *ends)
        shape = (2, given.height, given.width, given.channels)
        maps = pick(limits.min, limits.max + 1, shape).astype(dtype)
        own = maps[..., first : first + int(channels)]
        numbers = {"post": post, "prelu": prelu, "round": True, "saturate": True}
        walked = {**fields, "fill": fill}
        if kind == "convolution":
            expected = oracle.convolution(own, weights, walked, bias, **numbers)
        elif kind == "depthwise":
            expected = oracle.depthwise(own, weights, walked, bias, **numbers)
        else:
            expected = oracle.pooled(own, walked, kind)
        found = simulate_maps(network(step, given, result, dtype), maps)
        y, x = (
            slice(start, start + (n - 1) * by + 1, by)
            for start, n, by in zip(place.first, fields["output"], step_by, strict=True)
        )
        written = slice(place.first_channel, place.first_channel + outputs)
        np.testing.assert_array_equal(found[:, y, x, written], expected)
        found[:, y, x, written] = 0
        assert not found.any()
