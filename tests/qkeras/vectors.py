"""What make_vectors.py wrote: models, rows, and what QKeras or HGQ2 predicts of these."""

import json
import lzma
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xfblas.keras_files.keras_file import KerasFile
from xfblas.keras_files.stored_weights import StoredLayer, StoredWeight, StoredWeights, weight_path

FOLDER = Path(__file__).parent


@dataclass(frozen=True, eq=False)
class Vector:
    """One model.

    Attributes:
        model: as its file would be read.
        x, y: rows, and what the package predicts of them.
        text: its configuration.
    """

    name: str
    model: KerasFile
    x: np.ndarray
    y: np.ndarray
    text: str


def vectors_of(path):
    """All models of a file."""
    with np.load(path) as file:
        packed = {kind: file[kind] for kind in ("float16", "float32")}
        found = json.loads(lzma.decompress(file["text"].tobytes()))
    for number, entry in enumerate(found):
        layers = {}
        for layer, name, place in entry["weights"]:
            weight = StoredWeight(weight_path(name), _unpacked(packed, place))
            layers.setdefault(layer, []).append(weight)
        stored = tuple(StoredLayer((layer,), (), tuple(w)) for layer, w in layers.items())
        where = f"{Path(path).stem} {number}"
        text = json.dumps(entry["model"])
        model = KerasFile(text, None, entry["keras"], StoredWeights(where, stored))
        rows = _unpacked(packed, entry["x"]).astype(np.float32)
        yield Vector(where, model, rows, _unpacked(packed, entry["y"]), text)


def _unpacked(packed, place):
    kind, original, start, shape = place
    return packed[kind][start : start + math.prod(shape)].reshape(shape).astype(original)
