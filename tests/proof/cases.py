"""A trained model of each architecture on each data set, and what the engine makes of it."""

from dataclasses import dataclass

import numpy as np
from architectures import ARCHITECTURES, Builder
from keras_models import decibels

import xfblas

DATASETS = ("digits", "wine", "breast_cancer")
#: Architectures that get raw features and take off mean and deviation in a layer of their own; the
#: others get standardized rows. Digits are pixels, which come as they are or standardized.
RAW = ("wide", "leaky", "squashed", "normalized", "two_inputs")
#: Enough to train: the engine is held to the model, not the model to the data.
STEPS = 200
#: As fine as the elements are.
FINE = {"goal": 83}


@dataclass(frozen=True, eq=False)
class Case:
    """One trained model.

    Attributes:
        model: the keras.Model.
        x: (m, features) float32 rows, or a list of two such arrays: all of the data set.
        y: (m,) classes.
        seen: how many of the first rows the model was trained with, and calibration sees.
        logits, labels: of Keras, for all rows.
    """

    architecture: str
    dataset: str
    model: object
    x: np.ndarray | list
    y: np.ndarray
    seen: int
    logits: np.ndarray
    labels: np.ndarray


@dataclass(frozen=True)
class Outcome:
    """What the engine computed for a case.

    Attributes:
        wrong: rows whose label is another one than Keras'.
        decibels: signal to noise of the logits, over rows that calibration did not see.
        growth: products of the engine per product of the float layers.
    """

    wrong: int
    decibels: float
    growth: float


def train(keras, architecture: str, dataset: str) -> Case:
    """A model trained on 70 % of the rows of one of scikit-learn's data sets."""
    from sklearn import datasets

    x, y = getattr(datasets, f"load_{dataset}")(return_X_y=True)
    order = np.random.default_rng(3).permutation(len(x))
    x, y, seen = x[order], y[order], len(x) * 7 // 10
    mean, deviation = x[:seen].mean(axis=0), x[:seen].std(axis=0)
    deviation[deviation == 0] = 1
    is_raw = architecture in RAW
    if not is_raw:
        x = (x - mean) / deviation
    keras.utils.set_random_seed(1)
    given = (mean, deviation**2) if is_raw else None
    builder = Builder(keras, x.shape[1], int(y.max()) + 1, given)
    model = ARCHITECTURES[architecture](builder)
    x = split(x.astype(np.float32), model)
    batch = max(32, seen // 10)
    kind = "binary" if builder.classes == 2 else "sparse_categorical"
    model.compile(keras.optimizers.Adam(0.005), f"{kind}_crossentropy")
    epochs = -(-STEPS // -(-seen // batch))
    model.fit(rows_of(x, seen), y[:seen], batch_size=batch, epochs=epochs, verbose=0)
    both = keras.Model(model.inputs, [model.get_layer("logits").output, model.outputs[0]])
    logits, probabilities = both.predict(x, batch_size=len(y), verbose=0)
    return Case(architecture, dataset, model, x, y, seen, logits, labels_of(probabilities))


def run(case: Case, **options) -> Outcome:
    """Compiles the model with the rows that it was trained with, and predicts all."""
    with xfblas.compile(case.model, rows_of(case.x, case.seen), **options) as compiled:
        labels = labels_of(compiled.predict(case.x, verbose=0))
        logits = compiled.trace(case.x)[1]["logits"]
        return Outcome(
            int((labels != case.labels).sum()),
            float(decibels(logits[case.seen :], case.logits[case.seen :])),
            growth(compiled),
        )


def growth(compiled) -> float:
    """Products of all quantized layers per product of the float layers."""
    pairs = [(step.network, compiled.networks[step.name]) for step in compiled.graph.engine_steps]
    plain = sum(layer.kernel.size for network, _ in pairs for layer in network.layers)
    return sum(layer.weights.size for _, found in pairs for layer in found.layers) / plain


def labels_of(probabilities: np.ndarray) -> np.ndarray:
    """(m,) the likeliest class; of one probability, whether it is above a half."""
    if probabilities.shape[1] == 1:
        return (probabilities[:, 0] > 0.5).astype(np.int64)
    return probabilities.argmax(axis=1)


def split(x: np.ndarray, model):
    """The features of each input."""
    widths = np.cumsum([tensor.shape[1] for tensor in model.inputs])
    parts = np.split(x, widths[:-1], axis=1)
    return parts[0] if len(parts) == 1 else parts


def rows_of(x, count: int):
    """The first rows of each input."""
    return [part[:count] for part in x] if isinstance(x, list) else x[:count]
