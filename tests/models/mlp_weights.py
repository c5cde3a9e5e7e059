"""The weights of one MLP, as files of every Keras version hold them."""

import numpy as np
from handmade import dense, kernel_of, layer, leaky, normalize, softmax, vector_of


class Weights:
    """Random weights of one MLP, 6-5-4-3, with a normalization after the first ReLU."""

    def __init__(self, generator):
        self.k1, self.b1 = kernel_of(generator, 6, 5), vector_of(generator, 5)
        self.gamma, self.beta, self.mean = (vector_of(generator, 5) for _ in range(3))
        self.variance = generator.uniform(0.1, 3, 5).astype(np.float32)
        self.k2 = kernel_of(generator, 5, 4)
        self.k3, self.b3 = kernel_of(generator, 4, 3), vector_of(generator, 3)
        self.x = generator.standard_normal((11, 6)).astype(np.float32)

    def expected(self, epsilon=1e-3, slope=0.0):
        first = leaky(dense(self.x, self.k1, self.b1))
        scaled = normalize(first, self.gamma, self.beta, self.mean, self.variance, epsilon)
        second = leaky(dense(scaled, self.k2), slope)
        return softmax(dense(second, self.k3, self.b3))

    def stored(self, names=("dense_1", "batch_normalization_1", "dense_2", "dense_3")):
        d1, bn, d2, d3 = names
        return [
            (d1, [(f"{d1}/kernel:0", self.k1), (f"{d1}/bias:0", self.b1)]),
            ("dropout_1", []),
            (
                bn,
                [
                    (f"{bn}/gamma:0", self.gamma),
                    (f"{bn}/beta:0", self.beta),
                    (f"{bn}/moving_mean:0", self.mean),
                    (f"{bn}/moving_variance:0", self.variance),
                ],
            ),
            (d2, [(f"{d2}/kernel:0", self.k2)]),
            (d3, [(f"{d3}/kernel:0", self.k3), (f"{d3}/bias:0", self.b3)]),
        ]


def keras_2_layers(slope=0.0):
    return [
        layer("Dense", "dense_1", units=5, activation="relu", batch_input_shape=[None, 6]),
        layer("Dropout", "dropout_1", rate=0.25),
        layer("BatchNormalization", "batch_normalization_1", axis=-1, epsilon=1e-3),
        layer("Dense", "dense_2", units=4, activation="linear", use_bias=False),
        layer("LeakyReLU", "leaky_re_lu_1", alpha=slope),
        layer("Dense", "dense_3", units=3, activation="softmax"),
    ]
