"""What make_vectors.py wrote: models, rows, and what QKeras or HGQ2 predicts of these."""

import json
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from xfblas.keras_files.keras_file import KerasFile
from xfblas.keras_files.stored_weights import StoredLayer, StoredWeight, StoredWeights

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
        found = json.loads(zlib.decompress(file["configurations"].tobytes()))
        for number, entry in enumerate(found):
            layers = {}
            for index, (layer, name, _) in enumerate(entry["weights"]):
                values = file[f"{number}/{index}"]
                values = values.astype(np.float32) if values.dtype == np.float16 else values
                path_of = tuple(name.split(":")[0].split("/"))
                layers.setdefault(layer, []).append(StoredWeight(path_of, values))
            stored = tuple(StoredLayer((layer,), (), tuple(w)) for layer, w in layers.items())
            where = f"{Path(path).stem} {number}"
            text = json.dumps(entry["model"])
            model = KerasFile(text, None, entry["keras"], StoredWeights(where, stored))
            rows = file[f"{number}/x"].astype(np.float32)
            yield Vector(where, model, rows, file[f"{number}/y"], text)
