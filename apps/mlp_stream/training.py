"""Trains a chain of tanh layers by gradient descent, in numpy alone."""

import numpy as np

RATE, MOMENTUM, BATCH = 0.02, 0.9, 32
TARGET = np.float32(0.9)  # of the right class; tanh reaches 1 nowhere


def train(rows, classes, sizes, epochs=20, seed=0):
    """Weights (inputs, outputs) and biases of each layer, float32.

    Args:
        rows: (m, inputs) float32.
        classes: (m,) from 0.
        sizes: of the input and each layer.
        epochs: how often all rows are seen.
        seed: of weights and order; the same gives the same on one machine.
    """
    generator = np.random.default_rng(seed)
    layers = [
        [
            generator.normal(0, 1 / np.sqrt(before), (before, after)).astype(np.float32),
            np.zeros(after, np.float32),
        ]
        for before, after in zip(sizes, sizes[1:], strict=False)  # noqa: RUF007
    ]
    speeds = [[np.zeros_like(array) for array in layer] for layer in layers]
    targets = np.full((len(rows), sizes[-1]), -TARGET, np.float32)
    targets[np.arange(len(rows)), classes] = TARGET
    for _ in range(epochs):
        order = generator.permutation(len(rows))
        for start in range(0, len(rows), BATCH):
            chosen = order[start : start + BATCH]
            _step(layers, speeds, rows[chosen], targets[chosen])
    return [tuple(layer) for layer in layers]


def forward(rows, layers):
    """Every s and x by name, in the rows' type."""
    found, x = {}, rows
    for number, (weights, biases) in enumerate(layers, 1):
        s = x @ weights.astype(rows.dtype) + biases.astype(rows.dtype)
        x = np.tanh(s)
        found |= {f"s{number}": s, f"x{number}": x}
    return found


def _step(layers, speeds, rows, targets):
    found = forward(rows, layers)
    last = len(layers)
    error = (found[f"x{last}"] - targets) / np.float32(len(rows))
    for number in range(last, 0, -1):
        weights, biases = layers[number - 1]
        error = error * (1 - found[f"x{number}"] ** 2)
        before = rows if number == 1 else found[f"x{number - 1}"]
        gradients = before.T @ error, error.sum(0)
        error = error @ weights.T
        for array, speed, gradient in zip(
            (weights, biases), speeds[number - 1], gradients, strict=True
        ):
            speed *= np.float32(MOMENTUM)
            speed -= np.float32(RATE) * gradient
            array += speed
