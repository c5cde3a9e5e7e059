"""The steps of the U-Net of street scenes: 256 x 512 pixels of three channels, four classes."""

import numpy as np

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

HEIGHT, WIDTH, CLASSES = 256, 512, 4
ENCODER = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


class Builder:
    """Maps and steps, one after the other; weights of zeros that take no memory."""

    def __init__(self, dtype):
        self.dtype, self.maps, self.steps = np.dtype(dtype), [], []

    def stored(self, name, level, channels):
        self.maps.append(StoredMap(name, HEIGHT >> level, WIDTH >> level, channels))

    def convolution(self, name, source, target, level, n, kernel=3, up=1):
        output, padding = (HEIGHT >> level, WIDTH >> level), ((kernel - 1) // 2,) * 2
        walk = Walk((kernel, kernel), output, padding=padding, upsampling=(up, up))
        weights = np.broadcast_to(self.dtype.type(0), (kernel**2 * source.channels, n))
        bias = np.broadcast_to(np.int32(0), (1, n))
        step = ConvolutionStep(name, source, target, walk, weights, bias, MapEpilogue())
        self.steps.append(step)

    def pool(self, name, source, target, level):
        walk = Walk((2, 2), (HEIGHT >> level, WIDTH >> level), stride=(2, 2))
        self.steps.append(WindowStep(name, "max", source, MapPlacement(target), walk))


def street_unet(dtype=np.int8) -> MapNetwork:
    """The network of the app, quantized; a skip lies in the second half of what is joined."""
    net = Builder(dtype)
    net.stored("image", 0, 3)
    source = MapSlice("image", 3)
    for level, (channels, count) in enumerate(ENCODER):
        is_last = level == len(ENCODER) - 1
        for index in range(count):
            name = f"encoder {level} {index}"
            if index + 1 == count and not is_last:
                net.stored(f"joined {level}", level, 2 * channels)
                target = MapPlacement(f"joined {level}", channels)
                after = MapSlice(target.map, channels, channels)
            else:
                net.stored(name, level, channels)
                target, after = MapPlacement(name), MapSlice(name, channels)
            net.convolution(name, source, target, level, channels)
            source = after
        if not is_last:
            net.stored(f"pooled {level}", level + 1, channels)
            net.pool(f"pool {level}", source, f"pooled {level}", level + 1)
            source = MapSlice(f"pooled {level}", channels)
    for level in reversed(range(len(ENCODER) - 1)):
        channels, joined = ENCODER[level][0], f"joined {level}"
        net.convolution(f"up {level}", source, MapPlacement(joined), level, channels, 2, 2)
        source = MapSlice(joined, 2 * channels)
        for index in range(2):
            name = f"decoder {level} {index}"
            net.stored(name, level, channels)
            net.convolution(name, source, MapPlacement(name), level, channels)
            source = MapSlice(name, channels)
    net.stored("classes", 0, CLASSES)
    net.convolution("head", source, MapPlacement("classes"), 0, CLASSES)
    scales, limit = np.ones(3), int(np.iinfo(net.dtype).max)
    return MapNetwork(
        *("street U-Net", net.dtype, tuple(net.maps), tuple(net.steps), "image"),
        *(MapSlice("classes", CLASSES), scales, None, limit, np.ones(CLASSES, np.float32)),
    )
