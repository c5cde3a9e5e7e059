"""Two trainings of the digits MLP, compiled: digits.xfblas and digits-again.xfblas in a folder.

The first is the model that the repository keeps. The second is trained here, on the second half of
the rows alone, by the few lines of gradient descent below, so that it needs no Keras.

    python apps/zynq/train.py build
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import xfblas

MODEL = Path(__file__).resolve().parents[1] / "mlp_keras/models/digits/best_model.h5"
STEPS, BATCH, RATE = 2000, 64, 0.02
CALIBRATION = 500


def trained_again(network, x, labels):
    """The network after steps of gradient descent on rows, from random weights."""
    generator = np.random.default_rng(2)
    sizes = [layer.kernel.shape for layer in network.layers]
    kernels = [generator.normal(0, (2 / k) ** 0.5, (k, n)) for k, n in sizes]
    biases = [np.zeros(n) for _, n in sizes]
    for _ in range(STEPS):
        chosen = generator.integers(0, len(x), BATCH)
        values = [x[chosen] / 16]
        for kernel, bias in zip(kernels, biases, strict=True):
            values.append(np.maximum(values[-1] @ kernel + bias, 0))
        logits = values[-2] @ kernels[-1] + biases[-1]
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        error = exponentials / exponentials.sum(axis=1, keepdims=True)
        error[np.arange(BATCH), labels[chosen]] -= 1
        for index in reversed(range(len(kernels))):
            before = values[index]
            passed = (error @ kernels[index].T) * (before > 0)
            kernels[index] -= RATE * before.T @ error / BATCH * 4
            biases[index] -= RATE * error.sum(axis=0) / BATCH * 4
            error = passed
    # Rows come as they are, not divided by 16.
    kernels[0] /= 16
    layers = [
        replace(layer, kernel=kernel.astype(np.float32), bias=bias.astype(np.float32))
        for layer, kernel, bias in zip(network.layers, kernels, biases, strict=True)
    ]
    return replace(network, layers=tuple(layers))


def main(folder):
    x, labels = load_digits(return_X_y=True)
    x = x.astype(np.float32)
    first = xfblas.read_network(MODEL)
    second = trained_again(first, x[len(x) // 2 :], labels[len(x) // 2 :])
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "rows.npy", x[:64])
    for name, network in (("digits", first), ("digits-again", second)):
        with xfblas.compile(network, x[:CALIBRATION]) as model:
            model.save(folder / f"{name}.xfblas")
            right = (model.predict(x, verbose=0).argmax(axis=1) == labels).mean()
        print(f"{name}.xfblas: {right:.1%} of {len(x)} digits are recognized")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "build"))
