"""Instructions of a step over feature maps, as the words that the engine reads."""

from xfblas.quantization.map_steps import ConvolutionStep, MapNetwork, WindowStep

FCN, MAP, WINDOW = 8, 11, 12
BIAS_ROW, B_PACKED, TABLE = 1 << 2, 1 << 5, 3 << 8
KINDS = ("max", "average", "depthwise")


def instruction_words(
    network: MapNetwork, step: ConvolutionStep | WindowStep
) -> tuple[list[int], list[int]]:
    """A Map and what follows it, for one frame; weights are packed, all pages are made up."""
    source, target = network.map(step.source.map), network.map(step.target.map)
    walk, placed = step.walk, step.target
    first = placed.first[0] * target.width + placed.first[1]
    row = placed.step[0] * target.width * target.channels
    before = [
        MAP,
        _pair(source.height, source.width),
        _pair(step.source.channels, walk.upsampling[0] | walk.upsampling[1] << 8),
        *(_pair(*pair) for pair in (walk.kernel, walk.stride, walk.dilation, walk.padding)),
        _pair(*walk.output),
        step.source.first_channel,
        first * target.channels + placed.first_channel,
        row,
        target.height * target.width * target.channels,
        _pair(walk.fill, 0),
        *[0] * 3,
    ]
    m, taps = walk.output[0] * walk.output[1], walk.kernel[0] * walk.kernel[1]
    lda, ldc = source.channels, placed.step[1] * target.channels
    if step.weights is None:
        channels = step.source.channels
        return before, [WINDOW, 2, 0, 2, 0, m, KINDS.index(step.kind), channels, lda, 0, ldc] + [
            0
        ] * 5
    n = step.weights.shape[1]
    flags = BIAS_ROW * (step.bias is None or len(step.bias) == 1)
    table = step.epilogue is not None and step.epilogue.entries is not None
    prelu, flags, groups = (2, flags | TABLE, 1) if table else (1 << 6, flags, 0)
    x = 0 if step.bias is None else 2
    if isinstance(step, ConvolutionStep):
        head = [FCN, 2, 2, 2, x, m, taps * step.source.channels, n]
        flags |= B_PACKED
    else:
        head = [WINDOW, 2, 2, 2, x, m, KINDS.index(step.kind), n]
    return before, [*head, lda, n, ldc, n, 1 << 8, prelu, flags, groups]


def _pair(low: int, high: int) -> int:
    return low % 2**16 | high % 2**16 << 16
