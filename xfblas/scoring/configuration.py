"""Which loss and metrics a model was compiled with."""

import json
import os
import warnings
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import h5py
import numpy as np

from xfblas.errors import NotSupportedError
from xfblas.models.keras_object import keras_version_of
from xfblas.scoring.accuracies import accuracy_for
from xfblas.scoring.score import Score

KEYS = ("loss", "loss_weights", "metrics", "weighted_metrics")


@dataclass(frozen=True, eq=False)
class Scoring:
    """What ``evaluate`` computes.

    Attributes:
        config: ``loss``, ``loss_weights``, ``metrics`` and ``weighted_metrics``; missing ones are
            None.
        penalty: what the model's regularizers add to the loss.
        notes: what the numbers lack, which ``evaluate`` warns of.
        output_names: as Keras has them; empty where the source does not say.
        is_sorted: whether numbers come in the order of their names, as Keras 3 has them.
    """

    config: dict = field(default_factory=dict)
    penalty: float = 0.0
    notes: tuple[str, ...] = ()
    output_names: tuple[str, ...] = ()
    is_sorted: bool = True

    def names_for(self, graph) -> tuple[str, ...]:
        """Names of the outputs of a graph."""
        if len(self.output_names) == len(graph.outputs):
            return self.output_names
        return tuple(spec.key or spec.name for spec in graph.outputs)

    def score(self, output_names, targets, outputs) -> Score:
        """A :class:`~xfblas.scoring.Score` to add batches to, the first of which is given."""
        config = {key: self.config.get(key) for key in KEYS}
        if not any(value is not None for value in config.values()):
            config["metrics"] = _accuracies(output_names, targets, outputs)
        for note in self.notes:
            warnings.warn(f"evaluate: {note}", stacklevel=4)
        return Score(config, output_names, self.penalty, self.is_sorted)


def scoring_of(model, loss=None, metrics=None, loss_weights=None, weighted_metrics=None) -> Scoring:
    """What to compute for a model or a file, where the caller's own wishes come first."""
    given = dict(zip(KEYS, (loss, loss_weights, metrics, weighted_metrics), strict=True))
    is_path = isinstance(model, (str, os.PathLike))
    found = _of_file(Path(model)) if is_path else _of_object(model)
    if any(value is not None for value in given.values()):
        return replace(found, config=given)
    return found


def _of_object(model) -> Scoring:
    names = tuple(getattr(model, "output_names", None) or ())
    config = {}
    kept = getattr(model, "_compile_config", None)
    if getattr(model, "compiled", kept is not None) and kept is not None:
        # The objects themselves: a function of the caller's own cannot be found by its name.
        config = dict(getattr(kept, "config", None) or kept)
    elif getattr(model, "loss", None) is not None:
        config = {"loss": model.loss}
    penalty, notes = 0.0, ()
    for value in getattr(model, "losses", None) or ():
        try:
            penalty += float(np.asarray(value))
        except NotImplementedError:
            # TensorFlow's name for a number that only a batch tells.
            notes = ("the loss lacks what regularizers of activities add",)
    found = {key: config.get(key) for key in KEYS}
    notes = notes if config.get("loss") is not None else ()
    return Scoring(found, penalty, notes, names, is_sorted=keras_version_of(model) > 2)


def _of_file(path: Path) -> Scoring:
    """From a file's own words; the model's reader has told already of any damage to it."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                whole = json.loads(archive.read("config.json"))
            config = whole.get("compile_config") or {}
            model = whole
        else:
            with h5py.File(path, "r") as file:
                config = json.loads(file.attrs.get("training_config", "{}"))
                model = json.loads(file.attrs.get("model_config", "{}"))
    except (OSError, ValueError, KeyError, TypeError):
        return Scoring()
    inner = model.get("config") if isinstance(model, dict) else None
    outputs = inner.get("output_layers") if isinstance(inner, dict) else None
    regularized = list(dict.fromkeys(_regularized(model)))
    notes = (
        f"the loss lacks what the regularizers of {', '.join(regularized)} add: compile the "
        "keras.Model itself to have it",
    )
    return Scoring(
        {key: config.get(key) for key in KEYS},
        0.0,
        notes if regularized and config.get("loss") is not None else (),
        tuple(_layer_names(outputs)),
    )


def _layer_names(outputs):
    """Names in Keras' list of output layers: [name, node, tensor] each, or just one of them."""
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    if not isinstance(outputs, list) or not outputs:
        return
    if isinstance(outputs[0], str):
        outputs = [outputs]
    for entry in outputs:
        if isinstance(entry, list) and entry and isinstance(entry[0], str):
            yield entry[0]


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


def _accuracies(output_names, targets, outputs):
    """The accuracy of each output whose targets are classes."""
    found = []
    for true, predicted in zip(targets, outputs, strict=True):
        is_class = true is not None and (
            np.asarray(true).dtype.kind in "biu" or bool(np.isin(np.asarray(true), (0, 1)).all())
        )
        found.append("accuracy" if is_class and accuracy_for(true.shape, predicted.shape) else None)
    if not any(found):
        raise NotSupportedError(
            "the model was not compiled, and y does not look like classes: pass loss= or metrics= "
            f"to xfblas.compile for {', '.join(output_names)}"
        )
    return found if len(found) > 1 else found[0]
