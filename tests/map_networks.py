"""Networks over feature maps by hand, and what the oracle says of each step."""

import numpy as np
import oracle

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


def traced(network: MapNetwork, x: np.ndarray) -> dict[str, np.ndarray]:
    """What each step computes for frames of floats, by the oracle."""
    offset = 0 if network.input_offset is None else network.input_offset
    integers = np.rint((x.astype(np.float64) - offset) * network.input_scale)
    limit, bits = network.input_limit, 8 * network.dtype.itemsize
    maps = {
        stored.name: np.zeros((len(x), stored.height, stored.width, stored.channels), network.dtype)
        for stored in network.maps
    }
    maps[network.input][:] = np.clip(integers, -limit, limit)
    found = {}
    for step in network.steps:
        first, channels = step.source.first_channel, step.source.channels
        source = maps[step.source.map][..., first : first + channels]
        walk = vars(step.walk)
        fields = {}
        if step.weights is not None:
            fields = {"post": step.epilogue.post, "prelu": step.epilogue.prelu}
            fields |= {"round": network.round, "saturate": network.saturate}
            activation = step.epilogue.activation or {}
            if activation.get("activation") == "table":
                groups = activation["groups"]
                fields["function"] = oracle.table(bits, groups, step.epilogue.entries)
            elif activation:
                function = getattr(oracle, activation["activation"])
                fields["function"] = function(bits, *activation["fraction_bits"])
        if isinstance(step, ConvolutionStep):
            c = oracle.convolution(source, step.weights, walk, step.bias, **fields)
        elif step.kind == "depthwise":
            c = oracle.depthwise(source, step.weights, walk, step.bias, **fields)
        else:
            c = oracle.pooled(source, walk, step.kind)
        (y, x0), (dy, dx) = step.target.first, step.target.step
        first = step.target.first_channel
        maps[step.target.map][:, y::dy, x0::dx, first : first + c.shape[-1]][
            :, : c.shape[1], : c.shape[2]
        ] = c
        found[step.name] = c
    return found


def outputs(network: MapNetwork, x: np.ndarray) -> np.ndarray:
    """The network's output in float64."""
    final = {}
    for step in network.steps:
        final.setdefault(step.target.map, []).append((step, traced(network, x)[step.name]))
    (step, elements), *_ = final[network.output.map]
    assert len(final[network.output.map]) == 1 and step.target.first_channel == 0
    first = network.output.first_channel
    elements = elements[..., first : first + network.output.channels].astype(np.float64)
    values = (elements - network.output_zero) / network.output_scale.astype(np.float64)
    if not network.softmax:
        return values
    powers = np.exp(values - values.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def little_unet(dtype, height=16, width=24, channels=8, classes=4, seed=0) -> MapNetwork:
    """Two levels: convolutions of all kinds, pooling, upsampling, transposed placement and
    concatenation, with a softmax at the end.
    """
    rng = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    bits = 8 * dtype.itemsize
    maps, steps = [], []

    def stored(name, rows, columns, count):
        maps.append(StoredMap(name, rows, columns, count))

    def convolution(name, source, target, walk, n, step_kind=ConvolutionStep, **epilogue):
        taps = walk.kernel[0] * walk.kernel[1]
        rows = taps * (source.channels if step_kind is ConvolutionStep else 1)
        largest = (1 << (bits - 1)) - 1
        weights = rng.integers(-largest // 4, largest // 4, (rows, n)).astype(dtype)
        bias = rng.integers(-1000, 1000, (1, n)).astype(np.int32)
        norm = np.sqrt((weights.astype(float) ** 2).sum(0)).max()
        shift = 20
        post = (int(np.clip(round(4 * 2**shift / norm), 1, 65535)), shift)
        fields = MapEpilogue(post, **{"prelu": (0, 0), **epilogue})
        if step_kind is WindowStep:
            steps.append(WindowStep(name, "depthwise", source, target, walk, weights, bias, fields))
        else:
            steps.append(ConvolutionStep(name, source, target, walk, weights, bias, fields))

    h, w, c = height, width, channels
    stored("input", h, w, 3)
    stored("first", h, w, c)
    stored("joined", h, w, 2 * c)  # the upsampled half, then the skip
    stored("pooled", h // 2, w // 2, c)
    stored("deep", h // 2, w // 2, 2 * c)
    stored("separate", h // 2, w // 2, 2 * c)
    stored("last", h, w, c)
    stored("result", h, w, classes)
    same = {"padding": (1, 1)}
    convolution(
        "first", MapSlice("input", 3), MapPlacement("first"), Walk((3, 3), (h, w), **same), c
    )
    convolution(
        "skip", MapSlice("first", c), MapPlacement("joined", c), Walk((3, 3), (h, w), **same), c
    )
    steps.append(
        WindowStep(
            "pooled", "max", MapSlice("joined", c, c), MapPlacement("pooled"),
            Walk((2, 2), (h // 2, w // 2), stride=(2, 2)),
        )
    )  # fmt: skip
    convolution(
        "deep", MapSlice("pooled", c), MapPlacement("deep"),
        Walk((3, 3), (h // 2, w // 2), **same), 2 * c,
    )  # fmt: skip
    convolution(
        "separate", MapSlice("deep", 2 * c), MapPlacement("separate"),
        Walk((3, 3), (h // 2, w // 2), **same), 2 * c, WindowStep,
    )  # fmt: skip
    half = c // 2
    convolution(
        "up", MapSlice("separate", 2 * c), MapPlacement("joined"),
        Walk((2, 2), (h, w), upsampling=(2, 2)), half,
    )  # fmt: skip
    for y in (0, 1):
        for x in (0, 1):
            convolution(
                f"transposed {y} {x}", MapSlice("separate", 2 * c),
                MapPlacement("joined", half, (y, x), (2, 2)),
                Walk((2, 1), (h // 2, w // 2)), c - half,
            )  # fmt: skip
    convolution(
        "last", MapSlice("joined", 2 * c), MapPlacement("last"), Walk((3, 3), (h, w), **same), c,
        prelu=(1, 0), activation={"activation": "tanh", "fraction_bits": (bits - 4, bits - 1)},
    )  # fmt: skip
    convolution(
        "result", MapSlice("last", c), MapPlacement("result"), Walk((1, 1), (h, w)), classes,
        prelu=(1, 0),
    )  # fmt: skip
    limit = (1 << (bits - 1)) - 1
    return MapNetwork(
        "little", dtype, tuple(maps), tuple(steps), "input", MapSlice("result", classes),
        np.array([limit / 3, limit / 2, limit / 4]), np.array([0.25, 0.0, -0.5]), limit,
        np.full(classes, limit / 8, np.float32), output_zero=3, softmax=True,
    )  # fmt: skip
