"""Writes the models of ``old_kinds.py`` with a genuine Keras 1 or 2.2, on a TensorFlow of today.

    pip install "tensorflow-cpu==2.12.*"
    pip install --no-deps --target OLD keras==1.2.2 six pyyaml
    python write_old.py OLD FOLDER

For Keras 2.2.4 and 2.3.1 OLD needs keras_applications and keras_preprocessing too.
These versions predate TensorFlow 2 and Python 3.10, so they get its first interface under the name
that they import, and the names that Python has moved. What they build and write is their own code.
"""

import collections
import collections.abc
import importlib
import inspect
import json
import os
import platform
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
from write import items, shake


def import_old(folder):
    """The Keras in a folder, on TensorFlow's first interface."""
    for name in ("Iterable", "Mapping", "Callable", "Sequence"):
        setattr(collections, name, getattr(collections.abc, name))
    spec = collections.namedtuple("ArgSpec", "args varargs keywords defaults")
    inspect.getargspec = lambda function: spec(*inspect.getfullargspec(function)[:4])

    import tensorflow.compat.v1 as first

    first.disable_v2_behavior()
    from tensorflow.python import keras as inner
    from tensorflow.python.framework import ops

    ops._TensorLike, ops.is_dense_tensor_like = ops.Tensor, lambda value: False
    first.keras = inner
    sys.modules["tensorflow"] = first
    # TensorFlow has imported the Keras of its own year.
    for name in [name for name in sys.modules if name.split(".")[0] == "keras"]:
        del sys.modules[name]
    sys.path.insert(0, str(folder))
    return importlib.import_module("keras")


def write(keras, name, make, folder):
    """Writes one kind; gives what was refused by format."""
    refused = {}
    keras.backend.clear_session()
    np.random.seed(7)  # noqa: NPY002 - what Keras draws from
    model, x = make(keras)
    if not name.startswith("fitted"):
        # Of these versions only get_weights has the order of the layers.
        layers = getattr(model, "flattened_layers", model.layers)
        weights = [weight for layer in layers for weight in layer.weights]
        shake(model, np.random.default_rng(11), weights)
    predicted = model.predict(x)
    arrays = {f"x {key}": value for key, value in items(x)}
    arrays |= {f"y {key}": value for key, value in items(predicted)}
    np.savez_compressed(folder / f"{name}.npz", **arrays)
    for ending, save in (
        ("h5", model.save),
        ("old.h5", model.save_weights),
        ("json", lambda path: Path(path).write_text(model.to_json())),
    ):
        path = folder / f"{name}.{ending}"
        try:
            save(str(path))
        except Exception as error:
            refused[ending] = f"{type(error).__name__}: {str(error)[:120]}".replace(str(path), name)
            path.unlink(missing_ok=True)
    return refused


def main():
    old, folder = sys.argv[1], Path(sys.argv[2])
    keras = import_old(old)
    from old_kinds import KINDS

    folder.mkdir(parents=True, exist_ok=True)
    refused = {}
    for name, make in KINDS.items():
        try:
            found = write(keras, name, make, folder)
        except Exception as error:
            found = {"model": f"{type(error).__name__}: {str(error)[:200]}"}
        if found:
            refused[name] = found
            print(name, found)
    versions = {"keras": keras.__version__, "module": "keras", "python": platform.python_version()}
    versions |= {name: importlib.import_module(name).__version__ for name in ("h5py", "numpy")}
    versions["tensorflow"] = sys.modules["tensorflow"].__version__
    text = json.dumps({"versions": versions, "refused": refused}, indent=1)
    (folder / "versions.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
