"""Random operations over feature maps, with what the oracle says of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import oracle

from xfblas.device.map_walk import MapWalk

SIZES = (1, 1, 2, 3, 4, 5, 7, 8, 9, 13)
CHANNELS = (1, 1, 2, 3, 3, 4, 5, 7, 8, 12, 16, 31, 33, 64)
WIDTHS = (1, 2, 3, 4, 7, 15, 16, 17, 33, 48, 49, 64, 100)


def pair(rng, *choices):
    return tuple(int(rng.choice(choices)) for _ in range(2))


def elements(rng, shape, dtype):
    """Full range, small, extremes only, or all the most negative."""
    info = np.iinfo(dtype)
    kind = rng.integers(5)
    if kind < 2:
        return rng.integers(info.min, info.max + 1, shape).astype(dtype)
    if kind == 2:
        return rng.integers(-3, 4, shape).astype(dtype)
    if kind == 3:
        return rng.choice(np.array([info.min, -1, 0, 1, info.max], dtype), shape)
    return np.full(shape, info.min, dtype)


def epilogue(rng, bits):
    """Fields of an instruction as the oracle takes them, and as a compute unit does."""
    post = (int(rng.integers(1, 65536)), int(rng.choice([0, 3, 15, 17, 24, 31, 32, 40])))
    prelu = [(1, 0), (0, 0), (int(rng.integers(-512, 512)), int(rng.integers(32)))][rng.integers(3)]
    flags = {"round": bool(rng.integers(2)), "saturate": bool(rng.integers(4))}
    expected = {"post": post, "prelu": prelu, **flags}
    fields = {"post_scale": post[0], "post_shift": post[1], **flags}
    fields |= {"prelu_scale": prelu[0], "prelu_alpha": prelu[1]}
    kind = rng.integers(8)
    if kind < 2:
        name = ("tanh", "sigmoid")[kind]
        fraction = (int(rng.integers(bits)), int(rng.integers(bits)))
        expected["function"] = getattr(oracle, name)(bits, *fraction)
        fields |= {"activation": name, "fraction_bits": fraction}
    elif kind == 2:
        groups = int(rng.integers(1, 4))
        entries = rng.integers(-(2**17), 2**17, 513).astype(np.int32)
        expected["function"] = oracle.table(bits, groups, entries)
        fields |= {"activation": "table", "table": entries, "groups": groups}
    return expected, fields


@dataclass
class Case:
    """One operation: maps (frames, height, width, all channels) in, and where its result lies."""

    kind: str
    maps: np.ndarray
    first_channel: int
    channels: int
    walk: dict[str, Any]
    b: np.ndarray | None
    x: np.ndarray | None
    expected_fields: dict[str, Any]
    fields: dict[str, Any]
    target: np.ndarray  # what C's map holds before, (frames, rows, columns, channels)
    first: tuple[int, int] = (0, 0)
    step: tuple[int, int] = (1, 1)
    target_channel: int = 0
    is_shared: bool = False  # C is other channels of A's map

    @property
    def n(self):
        return self.channels if self.b is None else self.b.shape[1]

    def expected(self):
        """C's map after the operation."""
        source = self.maps[..., self.first_channel : self.first_channel + self.channels]
        if self.kind == "convolution":
            c = oracle.convolution(source, self.b, self.walk, self.x, **self.expected_fields)
        elif self.kind == "depthwise":
            c = oracle.depthwise(source, self.b, self.walk, self.x, **self.expected_fields)
        else:
            c = oracle.pooled(source, self.walk, self.kind)
        found = self.target.copy()
        (y, x), (dy, dx) = self.first, self.step
        rows, columns = c.shape[1:3]
        channels = slice(self.target_channel, self.target_channel + self.n)
        found[
            :, y : y + (rows - 1) * dy + 1 : dy, x : x + (columns - 1) * dx + 1 : dx, channels
        ] = c
        return found

    def map_walk(self, first_a=0, first_c=0):
        _, height, width, pixel_a = self.maps.shape
        _, rows, columns, pixel_c = self.target.shape
        pixel = self.first[0] * columns + self.first[1]
        return MapWalk(
            height,
            width,
            self.channels,
            **self.walk,
            frames=len(self.maps),
            first_a=first_a + self.first_channel,
            first_c=first_c + pixel * pixel_c + self.target_channel,
            pixel_a=pixel_a,
            pixel_c=self.step[1] * pixel_c,
            row_c=self.step[0] * columns * pixel_c,
            frame_c=rows * columns * pixel_c,
        )

    def run(self, unit):
        """The result, computed by a compute unit."""
        a = unit.send(self.maps.reshape(-1, self.maps.shape[-1]))
        c = a if self.is_shared else unit.send(self.target.reshape(-1, self.target.shape[-1]))
        walk = self.map_walk()
        b = None if self.b is None else unit.send(self.b, packed=self.kind == "convolution")
        x = None if self.x is None else unit.send(self.x)
        fields = dict(self.fields)
        if "table" in fields:
            fields["table"] = unit.send_table(fields["table"])
        if self.kind == "convolution":
            unit.convolve(a, b, c, walk, x, **fields)
        else:
            unit.window(self.kind, a, c, walk, b, x, **fields)
        found = c.read().reshape(self.target.shape)
        unit.clear()
        return found


def random_walk(rng, height, width, dtype):
    info = np.iinfo(dtype)
    kernel = pair(rng, 1, 1, 2, 3, 3, 4, 5)
    walk = {
        "kernel": kernel,
        "stride": pair(rng, 1, 1, 1, 2, 3, 7),
        "dilation": pair(rng, 1, 1, 1, 2, 3),
        "padding": pair(rng, 0, 0, 1, 1, 2, -1, -2, 14),
        "upsampling": pair(rng, 1, 1, 1, 2, 3),
        "fill": int(rng.choice([0, info.min, info.max, 5])),
    }
    output = []
    for size, k, stride, dilation, pad, up in zip(
        (height, width), *list(walk.values())[:5], strict=True
    ):
        valid = (size * up + 2 * pad - dilation * (k - 1) - 1) // stride + 1
        output.append(int(np.clip(valid if rng.integers(4) else rng.integers(1, 9), 1, 24)))
    return {**walk, "output": tuple(output)}


def random_case(rng, dtype, kind) -> Case:
    """An operation of a kind, of awkward sizes."""
    bits, frames = 8 * np.dtype(dtype).itemsize, int(rng.choice([1, 1, 2, 3]))
    height, width = pair(rng, *SIZES)
    channels = int(rng.choice(CHANNELS))
    walk = random_walk(rng, height, width, dtype)
    rows, columns = walk["output"]
    taps = walk["kernel"][0] * walk["kernel"][1]
    b = x = None
    expected_fields, fields = {}, {}
    if kind == "convolution":
        b = elements(rng, (taps * channels, int(rng.choice(WIDTHS))), dtype)
    elif kind == "depthwise":
        b = elements(rng, (taps, channels), dtype)
    n = channels if b is None else b.shape[1]
    if b is not None:
        expected_fields, fields = epilogue(rng, bits)
        per_pixel = kind == "convolution" and rng.integers(3) == 0
        if rng.integers(4):
            size = (rows * columns if per_pixel else 1, n)
            x = rng.integers(-(2**31), 2**31, size).astype(np.int32)
    before, behind = (int(rng.choice([0, 0, 1, 16])) for _ in range(2))
    is_shared = (
        ((height, width) == (rows, columns) or rng.integers(8) == 0)
        and rows <= height
        and columns <= width
        and rng.integers(2)
    )
    if is_shared:
        behind += n
    maps = elements(rng, (frames, height, width, before + channels + behind), dtype)
    case = Case(kind, maps, before, channels, walk, b, x, expected_fields, fields, maps)
    if is_shared:
        case.is_shared, case.target_channel = True, before + channels
        return case
    case.step = pair(rng, 1, 1, 2, 3)
    case.first = tuple(int(rng.integers(by)) for by in case.step)
    case.target_channel = int(rng.choice([0, 0, 3]))
    shape = tuple(
        at + (size - 1) * by + 1 + int(rng.integers(2))
        for at, size, by in zip(case.first, (rows, columns), case.step, strict=True)
    )
    spare = int(rng.choice([0, 0, 5]))
    case.target = elements(rng, (frames, *shape, case.target_channel + n + spare), dtype)
    return case
