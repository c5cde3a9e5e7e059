"""The street-scene U-Net in Keras, of any width: as published, its original, and a separable one.

An encoder of 3x3 convolutions with max pooling between (the convolutional part of VGG16), and a
decoder that doubles height and width four times, each time beside the encoder's map of that size.
"""

import math

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.scoring.keras_backends import import_keras

HEIGHT, WIDTH, CHANNELS = 256, 512, 3
#: In the order of labels.
CLASSES = ("person", "car", "road", "background")
#: Channels of the encoder's stages and how many convolutions each has.
STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
DECODER = (512, 256, 128, 64)
#: How the decoder doubles a map: "upsampling" copies pixels and then convolves 2x2, "transposed"
#: convolves so that each pixel becomes 2x2 (the original), "separable" is the first with
#: separable convolutions between the first layer and the head.
VARIANTS = ("upsampling", "transposed", "separable")


def build_unet(
    variant: str = "upsampling", width: float = 1.0, height: int = HEIGHT, image_width: int = WIDTH
):
    """The network as a ``keras.Model`` with weights drawn at random.

    It takes (n, height, image_width, 3) float32, RGB / 127.5 - 1, and gives (n, height,
    image_width, 4) logits.

    Args:
        variant: one of :data:`VARIANTS`.
        width: what channels are multiplied by; 1 is the published network, 1/8 the trained one.
        height, image_width: in pixels, multiples of 16.

    Raises:
        InvalidValueError: there is no such variant, a size is no multiple of 16, or the width
            leaves a stage no whole number of channels.
        NotSupportedError: Keras or its backend is not installed.
    """
    _check(variant, width, height, image_width)
    keras = import_keras("building a U-Net")
    layers = keras.layers

    def convolution(x, filters, size, name, separable=variant == "separable"):
        kind = layers.SeparableConv2D if separable else layers.Conv2D
        start = dict.fromkeys(
            ("depthwise_initializer", "pointwise_initializer")
            if separable
            else ("kernel_initializer",),
            "he_normal",
        )
        return kind(filters, size, padding="same", activation="relu", name=name, **start)(x)

    x = inputs = keras.Input((height, image_width, CHANNELS), name="image")
    skips = []
    for stage, (filters, count) in enumerate(STAGES, 1):
        for index in range(1, count + 1):
            # Three channels have nothing to separate.
            plain = {"separable": False} if stage == index == 1 else {}
            x = convolution(x, _scaled(filters, width), 3, f"block{stage}_conv{index}", **plain)
        if stage < len(STAGES):
            skips.append(x)
            x = layers.MaxPooling2D(2, name=f"block{stage}_pool")(x)
    for stage, filters in enumerate(DECODER, 1):
        filters = _scaled(filters, width)
        if variant == "transposed":
            x = layers.Conv2DTranspose(filters, 2, 2, activation="relu", name=f"up{stage}")(x)
        else:
            x = layers.UpSampling2D(2, interpolation="nearest", name=f"up{stage}")(x)
            x = convolution(x, filters, 2, f"up{stage}_conv0")
        x = layers.Concatenate(name=f"up{stage}_skip")([skips.pop(), x])
        for index in (1, 2):
            x = convolution(x, filters, 3, f"up{stage}_conv{index}")
    outputs = layers.Conv2D(len(CLASSES), 3, padding="same", name="head")(x)
    return keras.Model(inputs, outputs, name=f"unet_{variant}")


def _check(variant, width, height, image_width):
    if variant not in VARIANTS:
        raise InvalidValueError(f"variant {variant!r} is unknown, expected one of {VARIANTS}")
    for name, value in (("height", height), ("image_width", image_width)):
        if value < 16 or value % 16:
            raise InvalidValueError(f"{name} is {value}, expected a multiple of 16")
    if not (width > 0 and all(float(filters * width).is_integer() for filters in DECODER)):
        raise InvalidValueError(
            f"width is {width}, expected a factor that leaves whole numbers of the channels "
            f"{DECODER}"
        )


def _scaled(filters: int, width: float) -> int:
    return int(filters * width)


def preprocess(images):
    """What the network takes of 8-bit RGB: float32 from -1 to 1."""
    return np.asarray(images, np.float32) / np.float32(127.5) - np.float32(1)


def convolutions(model) -> list:
    """The model's layers that convolve, in their order; a separable one is one of them."""
    layers = import_keras("counting convolutions").layers
    kinds = (layers.Conv2D, layers.Conv2DTranspose, layers.SeparableConv2D)
    return [layer for layer in model.layers if isinstance(layer, kinds)]


def multiplications(model) -> int:
    """Multiply-accumulates (MAC) of one image; an operation count (OP) is twice as large."""
    return sum(map(_of_layer, convolutions(model)))


def _of_layer(layer) -> int:
    """Each weight of a kernel is used once for each pixel of the map that it slides over."""
    layers = import_keras("counting convolutions").layers
    transposed = isinstance(layer, layers.Conv2DTranspose)
    pixels = math.prod((layer.input if transposed else layer.output).shape[1:3])
    return pixels * sum(
        math.prod(weight.shape) for weight in layer.weights if len(weight.shape) > 1
    )
