"""Ten architectures, each for any number of features and classes.

A model ends in a layer of sums, named ``logits``, and the activation that makes probabilities of
them: a sigmoid of one sum for two classes, a softmax for more.
"""

import numpy as np


class Builder:
    """Layers of one model, with weights that are the same in every run.

    Args:
        keras: the module.
        inputs: features of a row.
        classes: 2 or more.
        normalization: (mean, variance) of raw features, which a first layer takes off; None where
            rows are standardized already.
    """

    def __init__(self, keras, inputs: int, classes: int, normalization=None):
        self.keras, self.layers = keras, keras.layers
        self.inputs, self.classes = inputs, classes
        self.normalization = normalization
        self._generator = np.random.default_rng(7)

    def dense(self, units: int, activation=None, name=None):
        return self.layers.Dense(
            units, activation=activation, name=name, kernel_initializer=self._weights
        )

    def entry(self) -> list:
        """What every chain begins with."""
        return [self.keras.Input((self.inputs,)), *self.normalized(slice(None))]

    def normalized(self, features: slice) -> list:
        if self.normalization is None:
            return []
        mean, variance = (values[features] for values in self.normalization)
        return [self.layers.Normalization(mean=mean, variance=variance)]

    def ending(self) -> list:
        """The logits and the probabilities."""
        is_binary = self.classes == 2
        return [
            self.dense(1 if is_binary else self.classes, name="logits"),
            self.layers.Activation("sigmoid" if is_binary else "softmax"),
        ]

    def chain(self, *layers):
        return self.keras.Sequential([*self.entry(), *layers, *self.ending()])

    def ended(self, inputs, tensor):
        for layer in self.ending():
            tensor = layer(tensor)
        return self.keras.Model(inputs, tensor)

    def _weights(self, shape, dtype=None):
        # Keras' own initializers are compiled anew for every shape.
        values = self._generator.standard_normal(shape) * np.sqrt(2 / shape[0])
        return values.astype(np.float32)


def wide(b):
    return b.chain(b.dense(512, "relu"))


def deep(b):
    return b.chain(*(b.dense(32, "relu") for _ in range(7)))


def bottleneck(b):
    return b.chain(b.dense(64, "relu"), b.dense(6, "relu"), b.dense(64, "relu"))


def leaky(b):
    slopes = (0.2, 0.3)
    layers = ((b.dense(64), b.layers.LeakyReLU(negative_slope=slope)) for slope in slopes)
    return b.chain(*(layer for pair in layers for layer in pair))


def prelu(b):
    return b.chain(b.dense(48), b.layers.PReLU(), b.dense(32), b.layers.PReLU())


def squashed(b):
    return b.chain(b.dense(48, "tanh"), b.dense(32, "sigmoid"))


def bent(b):
    return b.chain(b.dense(64, "elu"), b.dense(48, "relu6"))


def normalized(b):
    layers = b.layers
    return b.chain(
        b.dense(64),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Dropout(0.1),
        b.dense(32, "relu"),
        layers.BatchNormalization(),
    )


def branched(b):
    first, *between = b.entry()
    x = first
    for layer in between:
        x = layer(x)
    trunk = b.dense(32, "relu")(x)
    other = b.dense(32, "tanh")(x)
    met = b.layers.Add()([trunk, b.dense(32)(trunk)])
    met = b.layers.Concatenate()([met, other])
    return b.ended(first, b.dense(24, "relu")(met))


def two_inputs(b):
    half = b.inputs // 2
    parts = (slice(None, half), slice(half, None))
    inputs, branches = [], []
    for part in parts:
        inputs.append(b.keras.Input((len(range(b.inputs)[part]),)))
        x = inputs[-1]
        for layer in b.normalized(part):
            x = layer(x)
        branches.append(b.dense(32, "relu")(x))
    return b.ended(inputs, b.dense(32, "relu")(b.layers.Concatenate()(branches)))


ARCHITECTURES = {
    build.__name__: build
    for build in (
        *(wide, deep, bottleneck, leaky, prelu, squashed, bent, normalized, branched, two_inputs),
    )
}
