"""Trains the sample app's MLP with Keras and saves it as a file that needs no Keras to run.

python apps/mlp_keras/train.py [name ...]
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from xfblas.errors import InvalidValueError, XfblasError
from xfblas.scoring import keras_backends

HIDDEN = (("d1", 100), ("d2", 25))
BATCH = 50
VALIDATION = 0.2
SEED = 7


def train_model(features, labels, class_count: int, path, epochs: int = 200) -> Path:
    """Trains Dense(100, relu) - Dense(25, relu) - Dense(classes, softmax) and saves it.

    The network is trained on standardized features; the standardization then becomes part of the
    first layer, so the saved model takes raw ones. A fifth of the rows, chosen by a fixed seed,
    decides which epoch's weights are kept.

    Args:
        features: (m, k) finite numbers.
        labels: (m,) integers from 0 to class_count - 1.
        class_count: number of outputs, 2 or more.
        path: of the ``.h5`` file, architecture and weights; its folder is made if missing.
        epochs: how often all rows are seen.

    Returns:
        The path.

    Raises:
        InvalidValueError: features and labels do not fit each other, or path is not ``.h5``.
        NotSupportedError: Keras or its backend is not installed.
    """
    features, labels, path = np.asarray(features, np.float64), np.asarray(labels), Path(path)
    _check(features, labels, class_count, path)
    keras = keras_backends.import_keras("training")
    keras.utils.set_random_seed(SEED)
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    # A feature that never changes tells nothing: its weights become 0 instead of infinite.
    scale = np.divide(1, deviation, out=np.zeros_like(deviation), where=deviation > 0)
    rows = ((features - mean) * scale).astype(np.float32)
    order = np.random.default_rng(SEED).permutation(len(rows))
    model = _build(keras, rows.shape[1], class_count)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(
        rows[order],
        labels[order],
        batch_size=BATCH,
        epochs=epochs,
        validation_split=VALIDATION,
        callbacks=[_keep_best(keras, epochs)],
        verbose=0,
    )
    kernel, bias = model.get_layer("d1").get_weights()
    # ((x - mean) * scale) @ kernel + bias, with everything that does not depend on x computed now.
    folded = [scale[:, np.newaxis] * kernel, bias - (mean * scale) @ kernel]
    model.get_layer("d1").set_weights(folded)
    _save(keras, model, path)
    return path


def _check(features, labels, class_count, path):
    if features.ndim != 2 or len(features) < 2 or labels.shape != features.shape[:1]:
        raise InvalidValueError(
            f"features have shape {features.shape} and labels {labels.shape}, expected (m, k) and "
            "(m,) with 2 rows or more"
        )
    if not np.isfinite(features).all():
        raise InvalidValueError("features are not all finite numbers")
    if class_count < 2 or labels.dtype.kind not in "iu":
        raise InvalidValueError(
            f"there are {class_count} classes and labels of type {labels.dtype}, expected 2 "
            "classes or more and integers"
        )
    if labels.min() < 0 or labels.max() >= class_count:
        raise InvalidValueError(
            f"labels go from {labels.min()} to {labels.max()}, expected 0 to {class_count - 1}"
        )
    if path.suffix != ".h5" or path.name.endswith(".weights.h5"):
        raise InvalidValueError(f"path is {path}, expected a name that ends in .h5")


def _build(keras, feature_count, class_count):
    model = keras.Sequential([keras.layers.Input((feature_count,))], name="mlp")
    for name, units in HIDDEN:
        model.add(keras.layers.Dense(units, activation="relu", name=name))
    model.add(keras.layers.Dense(class_count, activation="softmax", name="d3"))
    return model


def _keep_best(keras, epochs):
    """Puts the weights of the smallest validation loss back when training ends."""
    return keras.callbacks.EarlyStopping(
        "val_loss", patience=max(epochs, 1), restore_best_weights=True
    )


def _save(keras, model, path):
    """Writes the model without its optimizer, all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bare = keras.models.clone_model(model)
    bare.set_weights(model.get_weights())
    from absl import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)  # Keras calls .h5 legacy; it is what every version reads
    try:
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            bare.save(Path(folder) / path.name, include_optimizer=False)
            os.replace(Path(folder) / path.name, path)
    finally:
        logging.set_verbosity(verbosity)


def main() -> int:
    from datasets import NAMES, export
    from table import load_table

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("name", nargs="*", help=f"default: all of {', '.join(NAMES)}")
    args = parser.parse_args()
    here = Path(__file__).parent
    for name in args.name or NAMES:
        table = load_table(export(name, here / "data"))
        model = here / "models" / name / "best_model.h5"
        print(train_model(table.features, table.labels, len(table.classes), model, args.epochs))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (XfblasError, OSError) as error:
        sys.exit(f"{Path(__file__).name}: {error}")
