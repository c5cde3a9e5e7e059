"""Reads mutated files until one raises what is not this library's.

    mutations.py KIND FIRST COUNT

Runs in a process of its own, since a damaged file may end it or hang it. Every seed is printed
before its file is read.
"""

import json
import random
import sys
import tempfile
import warnings
from pathlib import Path

import h5py
import numpy as np
import pyarrow
import pyarrow.parquet

import xfblas
from xfblas import tables
from xfblas.compiled.saved_model import is_saved_model
from xfblas.errors import XfblasError
from xfblas.image.container import read as read_image
from xfblas.image.describe import describe

ROOT = Path(__file__).resolve().parents[2]
ROWS = np.random.default_rng(1).random((20, 64)).astype(np.float32)
#: What stands in the place of a value of a description.
VALUES = (
    None,
    True,
    -1,
    0,
    3,
    1e300,
    float("nan"),
    "",
    "x",
    [],
    {},
    [None],
    {"a": 1},
    [[1]],
    10**30,
)


def keras_file(path):
    path.write_bytes((ROOT / "apps/mlp_keras/models/digits/best_model.h5").read_bytes())


def zipped(path):
    """A .keras file of the same model, without Keras."""
    import zipfile

    source = ROOT / "apps/mlp_keras/models/digits/best_model.h5"
    inside = path.with_suffix(".inside.h5")
    with h5py.File(source) as old, h5py.File(inside, "w") as new:
        names = [name for name in old["model_weights"].attrs["layer_names"] if "top" not in name]
        count = 0
        for name in names:
            group = old["model_weights"][name]
            arrays = [group[weight][()] for weight in group.attrs["weight_names"]]
            if not arrays:
                continue
            variables = new.create_group(f"layers/dense{f'_{count}' if count else ''}/vars")
            variables.attrs["name"] = name
            for number, values in enumerate(arrays):
                variables[str(number)] = values
            count += 1
        config = old.attrs["model_config"]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", config)
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.5.0"}))
        archive.writestr("model.weights.h5", inside.read_bytes())


def saved(path):
    network = xfblas.read_network(ROOT / "apps/mlp_keras/models/digits/best_model.h5")
    with xfblas.compile(network, ROWS) as model:
        model.save(path)


def predict(path):
    graph = xfblas.read_graph(path)
    graph.forward([np.zeros((1, *(size or 1 for size in graph.inputs[0].shape)))])


def load(path):
    is_saved_model(path)
    with xfblas.load(path) as model:
        model.predict(np.zeros((2, 64), np.float32), verbose=0)
        model.summary(lambda _: None)


def look(path):
    describe(read_image(path), str(path))
    xfblas.open(path).close()


def rows(path):
    table = tables.open_table(path)
    tables.all_rows(table)


KINDS = {
    "h5": (keras_file, predict),
    "keras": (zipped, predict),
    "xfblas": (saved, load),
    "description": (saved, load),
    "xclbin": (lambda p: p.write_bytes(xfblas.image_path("default_short").read_bytes()), look),
    "npy": (lambda p: np.save(p, ROWS), rows),
    "parquet": (
        lambda p: pyarrow.parquet.write_table(
            pyarrow.table({"a": ROWS[0], "b": list(range(64)), "c": [str(i) for i in range(64)]}), p
        ),
        rows,
    ),
    "csv": (lambda p: p.write_text("a,b,c\n" + "1,2.5,3\n" * 30), rows),
}


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A file cut short, or with bytes changed, doubled or left out; the first ones more often."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8))):
        end = rng.choice((128, 4096, len(changed)))
        place = rng.randrange(min(end, len(changed)) or 1)
        way = rng.randrange(5)
        if way == 0:
            del changed[place : place + rng.randrange(1, 64)]
        elif way == 1:
            del changed[place:]
        elif way == 2:
            changed[place:place] = changed[place : place + rng.randrange(1, 64)]
        else:
            changed[place : place + 1] = bytes([rng.choice((0, 255, rng.randrange(256)))])
    return bytes(changed)


def edit_description(path: Path, rng: random.Random) -> None:
    """Another value, or none, in some place of the description of a .xfblas file."""
    with h5py.File(path, "r+") as file:
        described = json.loads(file["description"][()])
        place, key = {"": described}, ""
        while isinstance(place[key], (dict, list)) and place[key] and rng.random() < 0.85:
            place = place[key]
            key = rng.choice(list(place)) if isinstance(place, dict) else rng.randrange(len(place))
        if rng.random() < 0.3 and key != "":
            del place[key]
        else:
            place[key] = rng.choice(VALUES)
        described = described if key != "" else place[""]
        del file["description"]
        file["description"] = json.dumps(described)


def main(kind: str, first: int, count: int) -> None:
    warnings.simplefilter("ignore")
    make, use = KINDS[kind]
    with tempfile.TemporaryDirectory() as folder:
        suffix = "xfblas" if kind == "description" else kind
        path = Path(folder) / f"good.{suffix}"
        make(path)
        use(path)
        good, path = path.read_bytes(), Path(folder) / f"mutated.{suffix}"
        for seed in range(first, first + count):
            print(seed, flush=True)
            rng = random.Random(f"{kind} {seed}")
            if kind == "description":
                path.write_bytes(good)
                edit_description(path, rng)
            else:
                path.write_bytes(mutated(good, rng))
            try:
                use(path)
            except XfblasError as error:
                assert str(error), "an error without words"


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
