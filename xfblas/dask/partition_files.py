"""Predictions as files of a folder, one for each partition, and which run they belong to."""

import json
from pathlib import Path

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.files import write_text, written

#: What says which model and rows the parts are of.
RUN = "run.json"


def paths(folder: Path, count: int) -> list[Path]:
    """``part-00000.npy`` and so on."""
    return [folder / f"part-{index:05d}.npy" for index in range(count)]


def begin(folder: Path, model: str, rows: str, count: int) -> None:
    """Notes what the folder holds, or checks that it is the same run.

    Args:
        folder: is made if it is missing.
        model, rows: names of their content.
        count: of partitions.

    Raises:
        InvalidValueError: it holds results of another model, of other rows, or something else.
    """
    described = {"model": model, "rows": rows, "partitions": count}
    note = folder / RUN
    folder.mkdir(parents=True, exist_ok=True)
    if note.exists():
        try:
            found = json.loads(note.read_text())
        except ValueError:
            found = None
        if found != described:
            raise InvalidValueError(
                f"{note} says {found}, but this run is {described}: give another folder, or remove "
                "that one"
            )
    elif any(folder.glob("part-*")):
        raise InvalidValueError(f"{folder} holds parts and no {RUN}: give another folder")
    else:
        write_text(note, json.dumps(described))


def write(path: str, predictions: np.ndarray) -> None:
    """Writes a part, which appears under its name whole."""
    with written(path) as file:
        np.save(file, predictions, allow_pickle=False)
