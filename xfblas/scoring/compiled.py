"""Which loss and metrics a model was compiled with."""

import json
import os
from pathlib import Path

import numpy as np

from xfblas.keras_files.keras_file import KerasFile, read_file
from xfblas.keras_files.origin import is_object_of_keras
from xfblas.scoring.scoring import Scoring
from xfblas.scoring.stored import KEYS

#: Methods by which the class of a Keras model computes numbers of its own.
OWN_NUMBERS = ("test_step", "compute_loss", "compute_metrics")


def scoring_of(model, loss=None, metrics=None, loss_weights=None, weighted_metrics=None) -> Scoring:
    """What to compute for a model or a file, where the caller's own wishes come first."""
    given = zip(KEYS, (loss, loss_weights, metrics, weighted_metrics), strict=True)
    given = {key: value for key, value in given if value is not None}
    if isinstance(model, (str, os.PathLike)):
        model = read_file(Path(model), is_required=False)
    found = _of_file(model) if isinstance(model, KerasFile) else _of_object(model)
    found.config = given or found.config
    return found


def compiled_config(model):
    """What Keras keeps of the last call of ``compile``: another object after each; or None."""
    return getattr(model, "_compile_config", None)


def _of_object(model) -> Scoring:
    kept, config = compiled_config(model), {}
    if getattr(model, "compiled", kept is not None) and kept is not None:
        # The objects themselves: a function of the caller's own cannot be found by its name.
        config = dict(getattr(kept, "config", None) or kept)
    elif getattr(model, "loss", None) is not None:
        config = {"loss": model.loss}
    penalty, notes = 0.0, []
    for value in getattr(model, "losses", None) or ():
        try:
            penalty += float(np.asarray(value))
        except NotImplementedError:
            # TensorFlow's name for a number that only a batch tells.
            notes = ["the loss lacks what regularizers of activities add"]
    notes = notes if config.get("loss") is not None else []
    bases = [base for base in type(model).__mro__ if is_object_of_keras(base)]
    model_class = next((base for base in bases if base.__name__ == "Model"), None)
    for name in OWN_NUMBERS if model_class else ():
        if getattr(type(model), name, None) is not getattr(model_class, name, None):
            notes.append(f"{type(model).__name__}.{name} is not called")
    if any(config.get(key) is not None for key in KEYS):
        config = {key: config.get(key) for key in (*KEYS, "run_eagerly", "jit_compile")}
    else:
        config = {}
    return Scoring(config, penalty, notes, getattr(model, "output_names", None) or (), model_class)


def _of_file(file: KerasFile) -> Scoring:
    """From a file's own words; the model's reader has told already of any damage to it."""
    try:
        config = json.loads(file.training or "{}") or {}
        model = json.loads(file.config or "{}")
        config = config if isinstance(config, dict) else {}
    except (ValueError, RecursionError):
        return Scoring()
    inner = model.get("config") if isinstance(model, dict) else None
    outputs = inner.get("output_layers") if isinstance(inner, dict) else None
    regularized = list(dict.fromkeys(_regularized(model)))
    notes = (
        f"the loss lacks what the regularizers of {', '.join(regularized)} add: compile the "
        "keras.Model itself to have it",
    )
    notes = notes if regularized and config.get("loss") is not None else ()
    config = {key: config.get(key) for key in KEYS}
    return Scoring(config, 0.0, notes, _layer_names(outputs))


def _layer_names(outputs) -> list[str]:
    """Names in Keras' list of output layers: [name, node, tensor] each, or just one of them."""
    if isinstance(outputs, dict):
        outputs = [outputs[key] for key in sorted(outputs)]
    entries = outputs or []
    entries = [entries] if entries and isinstance(entries[0], str) else entries
    return [entry[0] for entry in entries if isinstance(entry, list) and entry]


def _regularized(config):
    """Names of the layers whose configuration has a regularizer."""
    if isinstance(config, list):
        for entry in config:
            yield from _regularized(entry)
    elif isinstance(config, dict):
        if any(key.endswith("_regularizer") and value for key, value in config.items()):
            yield str(config.get("name", "a layer"))
        for value in config.values():
            yield from _regularized(value)
