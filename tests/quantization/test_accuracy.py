"""Trained networks on real data: logits of rows that calibration never saw."""

import numpy as np
import pytest

from xfblas.graph import Layer, Network
from xfblas.quantization import compare, quantize

datasets = pytest.importorskip("sklearn.datasets")


def trained(load, hidden, is_raw):
    """A network, its calibration rows and unseen rows; raw rows have their scaling folded."""
    from sklearn.neural_network import MLPClassifier

    x, y = load(return_X_y=True)
    order = np.random.default_rng(5).permutation(len(x))
    x, y, seen = x[order], y[order], len(x) * 7 // 10
    mean, deviation = x[:seen].mean(axis=0), x[:seen].std(axis=0)
    deviation[deviation == 0] = 1
    scaled = (x - mean) / deviation
    model = MLPClassifier(hidden, max_iter=150, random_state=1, batch_size=32).fit(
        scaled[:seen], y[:seen]
    )
    kernels, biases = list(model.coefs_), list(model.intercepts_)
    if is_raw:
        biases[0] = biases[0] - (mean / deviation) @ kernels[0]
        kernels[0] = kernels[0] / deviation[:, np.newaxis]
    last = len(kernels) - 1
    layers = tuple(
        Layer(f"d{i}", kernel, bias, *(("linear", 1.0) if i == last else ("relu", 0.0)))
        for i, (kernel, bias) in enumerate(zip(kernels, biases, strict=True))
    )
    rows = (x if is_raw else scaled).astype(np.float32)
    return Network("mlp", layers, "linear", (x.shape[1],)), rows[:seen], rows[seen:]


@pytest.mark.sampled("load_wine")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("is_raw", [False, True])
@pytest.mark.parametrize("hidden", [(32,), (128, 64, 32), (32,) * 6])
@pytest.mark.parametrize("load", ["load_digits", "load_wine", "load_breast_cancer"])
def test_logits_of_held_out_rows(load, hidden, is_raw):
    network, seen, unseen = trained(getattr(datasets, load), hidden, is_raw)
    for bits, goal, wanted in ((16, None, 57), (16, 83, 74), (8, None, 25), (8, 38, 33)):
        quantized = quantize(network, seen, bits=bits, goal=goal)
        found = compare(network, quantized, unseen)
        print(load, hidden, "raw" if is_raw else "scaled", bits, goal, found)
        assert found.decibels > wanted
        assert found.agreement > (0.97 if bits == 8 else 0.9995)
        assert found.wraps == 0
