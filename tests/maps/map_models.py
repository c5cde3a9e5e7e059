"""Convolutional Keras models of every kind of layer, alone among convolutions, and random ones."""

import numpy as np

IMAGE, LINE = (12, 16, 3), (20, 4)
FIRST = {"data_format": "channels_first"}


def shake(model, generator):
    """Random weights of the size that keeps a map's values near 1."""
    values = []
    for weight in model.weights:
        shape = tuple(weight.shape)
        if "variance" in weight.path:
            values.append(generator.uniform(0.5, 2, shape))
        elif "alpha" in weight.path:
            values.append(np.full(shape, generator.uniform(0, 0.4)))
        elif "kernel" in weight.path:
            fan = max(1, int(np.prod(shape[:-1])))
            if "depthwise" in weight.path:
                fan = max(1, int(np.prod(shape[:-2])))
            if "transpose" in weight.path:
                fan = max(1, int(np.prod(shape[:-2])) * shape[-1] // 4)
            values.append(generator.standard_normal(shape) * np.sqrt(2 / fan))
        else:
            values.append(generator.normal(0, 0.3, shape))
    model.set_weights(values)
    return model


def images(model, generator, count=12):
    """Random smooth frames of the model's input, some below 0."""
    shape = (count, *model.inputs[0].shape[1:])
    return generator.normal(0.2, 1, shape).astype(np.float32)


def stacks(L):
    """(input's shape, layers) by name: layers between or around convolutions."""

    def conv(outputs=6, size=3, **more):
        return L.Conv2D(outputs, size, **{"padding": "same", "activation": "relu", **more})

    def line(outputs=6, size=3, **more):
        return L.Conv1D(outputs, size, **{"padding": "same", "activation": "relu", **more})

    def depthwise(size, **more):
        return L.DepthwiseConv2D(size, **more)

    return {
        "same": (IMAGE, [conv(), conv(4, activation=None)]),
        "valid": (IMAGE, [conv(padding="valid"), conv(padding="valid")]),
        "strides": (IMAGE, [conv(strides=2), conv(5, (2, 5), strides=(1, 3))]),
        "stride beyond the kernel": (IMAGE, [conv(5, 2, strides=3, padding="valid"), conv()]),
        "dilation": (IMAGE, [conv(dilation_rate=2), conv(4, dilation_rate=(3, 1))]),
        "one pixel": (IMAGE, [conv(7, 1), conv(1, 1, activation=None)]),
        "even kernels": (IMAGE, [conv(5, 2), conv(5, 4)]),
        "no bias": (IMAGE, [conv(use_bias=False), conv()]),
        "groups": (IMAGE, [conv(8), conv(12, groups=4), conv(4)]),
        "many groups": (IMAGE, [conv(40), conv(40, groups=20), conv(4)]),
        "depthwise": (IMAGE, [conv(), depthwise(3, padding="same"), conv()]),
        "depthwise, strides": (IMAGE, [conv(), depthwise(3, strides=2, activation="relu"), conv()]),
        "depthwise, multiplier": (
            IMAGE,
            [conv(), depthwise(3, depth_multiplier=3, padding="same", activation="relu"), conv()],
        ),
        "depthwise first": (IMAGE, [depthwise(3, padding="same"), conv()]),
        "separable": (
            IMAGE,
            [L.SeparableConv2D(8, 3, padding="same", activation="relu"), conv()],
        ),
        "separable, multiplier": (IMAGE, [conv(), L.SeparableConv2D(8, 3, depth_multiplier=2)]),
        "transposed": (IMAGE, [conv(), L.Conv2DTranspose(5, 2, strides=2), conv()]),
        "transposed, overlapping": (
            IMAGE,
            [L.Conv2DTranspose(5, 3, strides=2, padding="same", activation="relu"), conv()],
        ),
        "transposed, gaps": (IMAGE, [conv(), L.Conv2DTranspose(5, 2, strides=3), conv()]),
        "transposed, wide": (IMAGE, [L.Conv2DTranspose(4, 5, strides=(1, 2)), conv()]),
        "transposed, dilation": (IMAGE, [L.Conv2DTranspose(4, 3, dilation_rate=2), conv()]),
        "transposed, more": (
            IMAGE,
            [L.Conv2DTranspose(4, 3, strides=3, output_padding=1, padding="same"), conv()],
        ),
        "upsampling": (IMAGE, [conv(), L.UpSampling2D(), conv(5, 2)]),
        "upsampling, uneven": (IMAGE, [conv(), L.UpSampling2D((3, 2)), conv(5, 3)]),
        "upsampling twice": (IMAGE, [conv(), L.UpSampling2D(), L.UpSampling2D(), conv(5, 3)]),
        "upsampling, strides": (IMAGE, [conv(), L.UpSampling2D(3), conv(5, 3, strides=2)]),
        "upsampling first": (IMAGE, [L.UpSampling2D(), conv()]),
        "upsampling last": (IMAGE, [conv(), L.UpSampling2D()]),
        "upsampling, normalized": (
            IMAGE,
            [conv(), L.UpSampling2D(), L.BatchNormalization(), conv()],
        ),
        "largest": (IMAGE, [conv(), L.MaxPooling2D(), conv()]),
        "largest, overlapping": (IMAGE, [conv(), L.MaxPooling2D(3, 2, padding="same"), conv()]),
        "largest of linear": (IMAGE, [conv(activation=None), L.MaxPooling2D(3, 1), conv()]),
        "largest first": (IMAGE, [L.MaxPooling2D(2), conv()]),
        "average": (IMAGE, [conv(), L.AveragePooling2D(2), conv()]),
        "average, borders": (IMAGE, [conv(), L.AveragePooling2D(3, 2, padding="same"), conv()]),
        "average of all": (IMAGE, [conv(), L.GlobalAveragePooling2D(), L.Dense(5)]),
        "average, kept": (IMAGE, [conv(), L.GlobalAveragePooling2D(keepdims=True), conv(5, 1)]),
        "largest of all": (IMAGE, [conv(), L.GlobalMaxPooling2D(), L.Dense(5, "relu"), L.Dense(3)]),
        "padding": (IMAGE, [conv(), L.ZeroPadding2D(((1, 0), (2, 3))), conv(padding="valid")]),
        "padding, pooled": (IMAGE, [conv(), L.ZeroPadding2D(1), L.MaxPooling2D(3, 2), conv()]),
        "padding, upsampled": (IMAGE, [conv(), L.ZeroPadding2D(1), L.UpSampling2D(), conv()]),
        "padding, scaled": (IMAGE, [conv(), L.ZeroPadding2D(1), L.BatchNormalization(), conv()]),
        "scaled, padding": (
            IMAGE,
            [conv(), L.BatchNormalization(), L.ZeroPadding2D(1), conv(padding="valid")],
        ),
        "scaled, padding, average": (
            IMAGE,
            [conv(), L.BatchNormalization(), L.ZeroPadding2D(1), L.AveragePooling2D(2), conv()],
        ),
        "cropping": (IMAGE, [conv(), L.Cropping2D(((1, 2), (0, 3))), conv(padding="valid")]),
        "cropping, same": (IMAGE, [conv(), L.Cropping2D(1), conv()]),
        "cropping, padding": (IMAGE, [conv(), L.Cropping2D(1), L.ZeroPadding2D(2), conv()]),
        "padding, cropping": (IMAGE, [conv(), L.ZeroPadding2D(2), L.Cropping2D(1), conv()]),
        "cropping last": (IMAGE, [conv(), L.Cropping2D(2)]),
        "padding last": (IMAGE, [conv(), L.ZeroPadding2D(2)]),
        "normalized after": (
            IMAGE,
            [conv(activation=None), L.BatchNormalization(), L.ReLU(), conv()],
        ),
        "normalized before": (IMAGE, [conv(), L.BatchNormalization(), conv()]),
        "normalized before strides": (
            IMAGE,
            [conv(), L.BatchNormalization(), conv(strides=2, dilation_rate=1), conv()],
        ),
        "normalized first": (IMAGE, [L.BatchNormalization(), conv(), conv()]),
        "normalized last": (IMAGE, [conv(), L.BatchNormalization()]),
        "normalized, pooled": (IMAGE, [conv(), L.BatchNormalization(), L.MaxPooling2D(), conv()]),
        "normalized, depthwise": (
            IMAGE,
            [conv(), L.BatchNormalization(), depthwise(3, padding="same"), conv()],
        ),
        "normalized, transposed": (
            IMAGE,
            [conv(), L.BatchNormalization(), L.Conv2DTranspose(4, 3, strides=2), conv()],
        ),
        "normalized, relu": (IMAGE, [conv(), L.BatchNormalization(), L.ReLU(), conv()]),
        "rescaled": (IMAGE, [L.Rescaling(0.5, offset=-0.25), conv(), conv()]),
        "rescaled, normalized": (
            IMAGE,
            [L.Rescaling(2.0, offset=0.1), L.BatchNormalization(), conv()],
        ),
        "relu6": (IMAGE, [conv(activation=None), L.ReLU(6.0), conv(activation="relu6"), conv()]),
        "relu, capped": (IMAGE, [conv(activation=None), L.ReLU(1.5), conv()]),
        "leaky": (IMAGE, [conv(activation=None), L.LeakyReLU(0.2), conv(activation=None)]),
        "prelu, shared": (
            IMAGE,
            [conv(activation=None), L.PReLU(shared_axes=[1, 2, 3]), conv()],
        ),
        "tanh": (IMAGE, [conv(activation="tanh"), conv(activation=None)]),
        "sigmoid": (IMAGE, [conv(activation="sigmoid"), conv(activation=None)]),
        "elu": (IMAGE, [conv(activation="elu"), conv(activation="gelu"), conv(activation=None)]),
        "swish": (IMAGE, [conv(activation="swish"), L.MaxPooling2D(), conv(activation=None)]),
        "relu of pooled": (IMAGE, [conv(activation=None), L.AveragePooling2D(2), L.ReLU(), conv()]),
        "relu of upsampled": (
            IMAGE,
            [conv(activation=None), L.UpSampling2D(), L.ReLU(), conv()],
        ),
        "dropout": (IMAGE, [conv(), L.SpatialDropout2D(0.5), L.Dropout(0.3), conv()]),
        "flattened": (
            IMAGE,
            [conv(), L.MaxPooling2D(), L.Flatten(), L.Dense(9, "relu"), L.Dense(4)],
        ),
        "flattened, normalized": (
            IMAGE,
            [conv(), L.Flatten(), L.BatchNormalization(), L.Dense(7, "relu"), L.Dense(4)],
        ),
        "flattened last": (IMAGE, [conv(), L.Flatten()]),
        "dense on maps": (IMAGE, [conv(), L.Dense(7, "relu"), conv()]),
        "softmax": (IMAGE, [conv(), conv(4, activation="softmax")]),
        "line": (LINE, [line(), line(4, strides=2, activation=None)]),
        "line, causal": (
            LINE,
            [line(padding="causal"), line(5, 2, padding="causal", dilation_rate=3)],
        ),
        "line, separable": (LINE, [L.SeparableConv1D(6, 3, padding="same"), line()]),
        "line, transposed": (LINE, [line(), L.Conv1DTranspose(5, 4, strides=2), line()]),
        "line, depthwise": (LINE, [line(), L.DepthwiseConv1D(3, padding="same"), line()]),
        "line, pooled": (
            LINE,
            [
                line(),
                L.MaxPooling1D(2),
                line(),
                L.AveragePooling1D(3, 1),
                L.UpSampling1D(2),
                line(),
            ],
        ),
        "line, borders": (LINE, [line(), L.ZeroPadding1D(2), L.Cropping1D((1, 3)), line()]),
        "line, all": (LINE, [line(), L.GlobalAveragePooling1D(), L.Dense(3)]),
        "first": ((3, 12, 16), [conv(**FIRST), L.MaxPooling2D(**FIRST), conv(**FIRST)]),
        "first, normalized": (
            (3, 12, 16),
            [conv(**FIRST), L.BatchNormalization(axis=1), L.UpSampling2D(**FIRST), conv(**FIRST)],
        ),
        "first, flattened": (
            (3, 12, 16),
            [conv(strides=2, **FIRST), L.Flatten(), L.Dense(5, "relu"), L.Dense(3)],
        ),
        "first, flattened in order": (
            (3, 12, 16),
            [conv(strides=2, **FIRST), L.Flatten(**FIRST), L.Dense(5, "relu"), L.Dense(3)],
        ),
        "first, borders": (
            (3, 12, 16),
            [conv(**FIRST), L.ZeroPadding2D(1, **FIRST), conv(padding="valid", **FIRST)],
        ),
        "first, all": (
            (3, 12, 16),
            [conv(**FIRST), L.GlobalAveragePooling2D(**FIRST), L.Dense(4)],
        ),
    }


def graphs(keras):
    """Models with skips, by name."""
    L = keras.layers

    def conv(tensor, outputs=6, size=3, **more):
        return L.Conv2D(outputs, size, **{"padding": "same", "activation": "relu", **more})(tensor)

    def unet(skips="concatenate"):
        tensor = start = keras.Input((16, 24, 3))
        kept = []
        for width in (6, 8):
            tensor = conv(conv(tensor, width), width)
            kept.append(tensor)
            tensor = L.MaxPooling2D()(tensor)
        tensor = conv(tensor, 10)
        for width in (8, 6):
            tensor = conv(L.UpSampling2D()(tensor), width, 2)
            join = L.Concatenate() if skips == "concatenate" else L.Add()
            tensor = conv(join([kept.pop(), tensor]), width)
        return keras.Model(start, conv(tensor, 4, activation="softmax"))

    def residual():
        tensor = start = keras.Input(IMAGE)
        tensor = conv(tensor, 8)
        for index in range(3):
            inner = conv(conv(tensor, 8), 8, activation=None)
            inner = L.BatchNormalization()(inner)
            tensor = L.Activation("relu")(L.Add()([tensor, inner]))
            if index == 0:
                tensor = L.MaxPooling2D()(tensor)
        return keras.Model(start, L.Dense(5)(L.GlobalAveragePooling2D()(tensor)))

    def densely():
        tensor = start = keras.Input(IMAGE)
        tensor = conv(tensor, 6)
        for _ in range(3):
            inner = L.ReLU()(L.BatchNormalization()(tensor))
            tensor = L.Concatenate()([tensor, conv(inner, 4)])
        return keras.Model(start, conv(tensor, 3, activation=None))

    def inception():
        start = keras.Input(IMAGE)
        stem = conv(start, 8, strides=2)
        branches = [conv(stem, 4, 1), conv(conv(stem, 3, 1), 5), L.MaxPooling2D(3, 1, "same")(stem)]
        joined = L.Concatenate()(branches)
        return keras.Model(start, L.Dense(4)(L.Flatten()(conv(joined, 4, 1))))

    def joined_twice():
        start = keras.Input(IMAGE)
        one, two = conv(start, 4), conv(start, 5, activation=None)
        first, second = L.Concatenate()([one, two]), L.Concatenate()([two, start, one])
        return keras.Model(start, conv(L.Add()([conv(first), conv(second)]), 3))

    def upsampled_and_joined():
        start = keras.Input(IMAGE)
        wide = conv(start, 4)
        small = L.UpSampling2D()(conv(L.MaxPooling2D()(wide), 5))
        normal = L.BatchNormalization()(wide)
        return keras.Model(start, conv(L.Concatenate()([small, normal, wide]), 3))

    def arithmetic():
        start = keras.Input(IMAGE)
        one, two = conv(start), conv(start, activation=None)
        three = conv(start, activation="tanh")
        total = L.Subtract()([L.Average()([one, two, three]), L.Add()([two, two])])
        return keras.Model(start, conv(total, 3, activation=None))

    def nested():
        inside = keras.Sequential(
            [keras.Input((12, 16, 6)), L.Conv2D(6, 3, padding="same"), L.ReLU()], name="inside"
        )
        start = keras.Input(IMAGE)
        tensor = inside(conv(start))
        return keras.Model(start, conv(inside(tensor), 4))

    def cropped_skip():
        start = keras.Input(IMAGE)
        wide = conv(start)
        inner = conv(conv(wide, padding="valid"), padding="valid")
        joined = L.Concatenate()([L.Cropping2D(2)(wide), inner])
        return keras.Model(start, conv(joined, 3))

    def first():
        start = keras.Input((3, 12, 16))
        one = conv(start, **FIRST)
        two = L.UpSampling2D(**FIRST)(conv(L.MaxPooling2D(**FIRST)(one), **FIRST))
        joined = L.Concatenate(axis=1)([one, L.BatchNormalization(axis=1)(two)])
        return keras.Model(start, conv(L.Add()([joined, joined]), 3, **FIRST))

    def mobile():
        tensor = start = keras.Input(IMAGE)
        for index in range(2):
            inner = L.ReLU(6.0)(L.BatchNormalization()(conv(tensor, 18, 1, activation=None)))
            inner = L.DepthwiseConv2D(3, padding="same", use_bias=False)(inner)
            inner = L.ReLU(6.0)(L.BatchNormalization()(inner))
            inner = L.BatchNormalization()(conv(inner, 6, 1, activation=None))
            tensor = L.Add()([tensor, inner]) if index else inner
        return keras.Model(start, L.Dense(4)(L.GlobalAveragePooling2D()(tensor)))

    return {
        "unet": unet(),
        "unet that adds": unet("add"),
        "residual": residual(),
        "densely": densely(),
        "inception": inception(),
        "joined twice": joined_twice(),
        "upsampled and joined": upsampled_and_joined(),
        "arithmetic": arithmetic(),
        "nested": nested(),
        "cropped skip": cropped_skip(),
        "channels first": first(),
        "mobile": mobile(),
    }
