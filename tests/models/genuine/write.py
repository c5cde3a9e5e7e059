"""Writes the models of ``kinds.py`` with a genuine Keras, in every format that it knows.

    python write.py FOLDER [--keras keras|tf_keras|tensorflow.keras] [--only KIND ...]

Each kind gives KIND.h5, KIND.keras, KIND.weights.h5, KIND.old.h5 (weights too, in the layout that
Keras 2 writes under any other name), KIND.json (the architecture) and KIND.npz: the inputs and what
the model predicted from them. ``versions.json`` says what wrote them, and which kinds and formats
this version refused, in its own words.
"""

import argparse
import importlib
import json
import os
import platform
import re
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from kinds import KINDS, Missing

#: Weights that a fresh model has all equal, which would hide mistakes; in Keras 1 ``dense_1_W``.
SHAKEN = re.compile(
    r"(?:.*_)?(kernel|bias|gamma|beta|moving_mean|moving_variance|alpha|embeddings"
    r"|W|b|running_mean|running_std|alphas)(?:_\d+)?"
)


def shake(model, generator, weights=None):
    """Gives random values to weights, which are those of get_weights and in its order."""
    values = []
    for weight, value in zip(weights or model.weights, model.get_weights(), strict=True):
        name = getattr(weight, "path", weight.name).split(":")[0].split("/")[-1]
        kind = SHAKEN.fullmatch(name)
        if kind:
            scale = 1 / np.sqrt(len(value)) if kind[1] in ("kernel", "W") else 1
            value = scale * generator.standard_normal(value.shape)
            value = np.abs(value) + 0.5 if kind[1] in ("moving_variance", "running_std") else value
            value = 0.3 * value if kind[1] in ("alpha", "alphas") else value
        values.append(value)
    model.set_weights(values)


def write(keras, name, folder):
    """Writes one kind; gives what was refused by format."""
    refused = {}
    keras.backend.clear_session()
    keras.utils.set_random_seed(7)
    model, x = KINDS[name](keras)
    if not name.startswith("fitted"):
        shake(model, np.random.default_rng(11))
    predicted = model.predict(x, verbose=0)
    arrays = {f"x {key}": value for key, value in items(x)}
    arrays |= {f"y {key}": value for key, value in items(predicted)}
    np.savez_compressed(folder / f"{name}.npz", **arrays)
    for ending, save in (
        ("h5", model.save),
        ("keras", model.save),
        ("weights.h5", model.save_weights),
        ("old.h5", model.save_weights),
        ("json", lambda path: Path(path).write_text(model.to_json())),
    ):
        path = folder / f"{name}.{ending}"
        try:
            save(str(path))
        except Exception as error:  # What a version cannot save is a fact about it.
            refused[ending] = f"{type(error).__name__}: {str(error)[:120]}".replace(str(path), name)
            path.unlink(missing_ok=True)
    return refused


def items(values):
    if isinstance(values, dict):
        return values.items()
    return enumerate(values if isinstance(values, (list, tuple)) else [values])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--keras", default="keras")
    parser.add_argument("--only", nargs="*", default=list(KINDS))
    options = parser.parse_args()
    keras = importlib.import_module(options.keras)
    options.folder.mkdir(parents=True, exist_ok=True)
    versions = {"keras": keras.__version__, "module": options.keras}
    versions["python"] = platform.python_version()
    for name in ("tensorflow", "h5py", "numpy"):
        try:
            versions[name] = importlib.import_module(name).__version__
        except ImportError:
            versions[name] = None
    refused = {}
    for name in options.only:
        try:
            found = write(keras, name, options.folder)
        except Missing as error:
            found = {"model": f"there is no {error}"}
        except Exception as error:
            found = {"model": f"{type(error).__name__}: {str(error)[:200]}"}
        if found:
            refused[name] = found
            print(name, found)
    (options.folder / "versions.json").write_text(
        json.dumps({"versions": versions, "refused": refused}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
