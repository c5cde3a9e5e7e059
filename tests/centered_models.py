"""Models over features whose means are large against their deviations, with a float64 oracle."""

import numpy as np
from models.handmade import dense, layer, normalize, sequential, write_named


def decibels(expected, found):
    """Signal to noise ratio of two arrays."""
    expected = np.asarray(expected, np.float64)
    noise = ((np.asarray(found, np.float64) - expected) ** 2).sum()
    return np.inf if noise == 0 else 10 * np.log10((expected**2).sum() / noise)


def features(generator, ratio, rows=900, count=8):
    """Float32 (rows, count), each of mean/deviation ``ratio`` and any sign, but the last of 0."""
    deviation = 10.0 ** generator.uniform(-1, 1, count)
    mean = ratio * deviation * generator.choice([-1, 1], count)
    mean[-1] = 0
    return (mean + deviation * generator.standard_normal((rows, count))).astype(np.float32)


class Stack:
    """Layers one after the other, as a file and as what they compute of the rows in float64.

    Attributes:
        rows: float32.
        values: what the layers so far make of them, float64.
    """

    def __init__(self, generator, rows):
        self.generator, self.rows, self.values = generator, rows, rows.astype(np.float64)
        self._layers = [layer("InputLayer", "input", batch_input_shape=[None, rows.shape[1]])]
        self._stored = []

    def build(self, actions):
        """Adds the layers that a string names."""
        for action in actions.split():
            getattr(self, action)()
        return self

    def write(self, path):
        return write_named(path, self._stored, sequential(*self._layers))

    def normalize(self):
        mean, variance = self._statistics()
        self._add("Normalization", {"axis": [-1]}, mean=mean, variance=variance, count=np.int64(9))
        deviation = np.maximum(np.sqrt(variance.astype(np.float64)), 1e-7)
        self.values = (self.values - mean) / deviation

    def batch(self):
        mean, variance = self._statistics()
        gamma, beta = (
            (about + 0.2 * self.generator.standard_normal(len(mean))).astype(np.float32)
            for about in (1, 0)
        )
        arrays = {"gamma": gamma, "beta": beta, "moving_mean": mean, "moving_variance": variance}
        self._add("BatchNormalization", {"epsilon": 1e-3}, **arrays)
        self.values = normalize(self.values, gamma, beta, mean.astype(np.float64), variance)

    def rescale(self, scale=1 / 3, offset=0.5):
        self._add("Rescaling", {"scale": scale, "offset": offset})
        self.values = self.values * scale + offset

    def dense(self, units=24, bias=0.0):
        k = self.values.shape[1]
        kernel = (self.generator.standard_normal((k, units)) / np.sqrt(k)).astype(np.float32)
        bias = (bias + 0.1 * self.generator.standard_normal(units)).astype(np.float32)
        self._add("Dense", {"units": units}, kernel=kernel, bias=bias)
        self.values = dense(self.values, kernel, bias.astype(np.float64))

    def biased(self):
        """A dense layer whose own bias is large against what it adds it to."""
        self.dense(bias=1e6)

    def narrow(self):
        """One of fewer outputs than inputs."""
        self.dense(units=4)

    def relu(self):
        self._add("ReLU", {})
        self.values = np.maximum(self.values, 0)

    def _statistics(self):
        # What a model has learnt is near to what its rows hold.
        mean, variance = self.values.mean(axis=0), self.values.var(axis=0)
        return (mean + 0.1 * np.sqrt(variance)).astype(np.float32), variance.astype(np.float32)

    def _add(self, kind, settings, **weights):
        name = f"{kind.lower()}_{len(self._layers)}"
        self._layers.append(layer(kind, name, **settings))
        if weights:
            self._stored.append((name, [(f"{name}/{key}:0", a) for key, a in weights.items()]))


#: Chains that end in logits, each of which takes the means away in another way.
CHAINS = (
    "normalize dense relu dense",
    "batch dense relu dense",
    "rescale normalize dense relu dense",
    "rescale rescale batch dense relu dense",
    "normalize rescale batch dense relu dense",
    "normalize biased batch relu dense",
    "dense batch relu dense",
    "dense rescale batch relu dense",
    "normalize relu dense",
)
