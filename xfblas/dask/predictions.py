"""Predictions of Dask's arrays and frames: one task for each block, results by partition."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from xfblas.checks import require_path, require_text, shown
from xfblas.compiled.compiled_model import CompiledModel
from xfblas.dask import partition_files
from xfblas.dask.dask_modules import current_client, require, resources_of
from xfblas.dask.row_blocks import (
    blocks_of,
    counts_of,
    digest_of,
    name_of,
    require_fitting,
    rows_of,
)
from xfblas.dask.sent_models import SentModel
from xfblas.dask.worker_models import predicted
from xfblas.errors import InvalidValueError


def predict(
    model: CompiledModel | str | os.PathLike[str],
    x: Any,
    out: str | os.PathLike[str] | None = None,
    *,
    name: str | None = None,
    retries: int = 3,
) -> Any:
    """Predicts an array or frame of Dask block by block, each on a worker's own device.

    The model is a task that every worker asks for once and then holds, with one open device;
    ``XFBLAS_DASK_DEVICE`` of a worker's environment says which. Where workers have the resource
    ``xfblas`` a task needs one; Dask forgets that where it fuses the tasks of an array that is
    computed later, so ask again: ``.compute(resources={"xfblas": 1})``.

    Args:
        model: a compiled model, or the path of a ``.xfblas`` file, with one input and one output.
        x: rows, as an array or frame of Dask; or the path of a folder of ``.parquet`` or ``.csv``
            files. Columns of frames are put in the model's order by their names.
        out: a folder that all workers see. The call then computes: each partition's predictions
            become a file there as soon as they are known, and what is there already is left out,
            so that a run which is started again goes on. None computes nothing yet.
        name: what the folder's note calls the rows, to tell them from others: by default the names,
            sizes and dates of a folder's files, or the name that Dask gave the collection. Dask
            gives some of them another one in each process, such as frames that are read from files.
        retries: how often a task is tried again that failed. A task of a worker that died is run
            elsewhere in any case.

    Returns:
        An array of Dask (rows, outputs), which computes nothing yet; with ``out`` the paths of its
        files, in order: ``part-00000.npy`` and so on.

    Raises:
        InvalidValueError: no such model or rows, or rows that are not the model's; the folder holds
            another run's results.
        NotSupportedError: Dask is not installed, or the model has several inputs or outputs.
    """
    dask, array = require("dask"), require("dask.array")
    if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
        raise InvalidValueError(f"retries is {shown(retries)}, expected a whole number from 0 on")
    sent = SentModel.of(model)
    rows = rows_of(x)
    blocks = blocks_of(rows)
    require_fitting(rows, sent.input)
    client = current_client()
    needed = resources_of(client)
    if out is None:
        annotations: dict[str, Any] = {"retries": retries}
        if needed:
            annotations["resources"] = needed
        content = sent.task()
        with dask.annotate(**annotations):
            predicting = dask.delayed(predicted, pure=True)
            tasks = [predicting(content, sent.digest, block) for block in blocks]
        counts = counts_of(rows, len(blocks))
        columns = [np.nan if size is None else size for size in sent.columns]
        meta = np.empty((0, *(size or 0 for size in sent.columns)), np.float32)
        found = [
            array.from_delayed(task, (count, *columns), meta=meta)
            for task, count in zip(tasks, counts, strict=True)
        ]
        return array.concatenate(found, allow_unknown_chunksizes=True)
    folder = Path(require_path("out", out, "the path of a folder"))
    paths = partition_files.paths(folder, len(blocks))
    known = name_of(x, rows) if name is None else require_text("name", name, "a text")
    partition_files.begin(folder, sent.digest, known, len(blocks))
    # A cluster takes tasks of one name for the same: other rows or another folder need others.
    run = digest_of(f"{sent.digest} {known} {folder.resolve()}")
    parts = {
        f"xfblas-{path.stem}-{run}": (block, str(path))
        for block, path in zip(blocks, paths, strict=True)
        if not path.exists()
    }
    if parts:
        _write(parts, sent, client, needed, retries)
    return [str(path) for path in paths]


def _write(
    parts: dict[str, tuple[Any, str]],
    sent: SentModel,
    client: Any,
    needed: dict[str, int],
    retries: int,
) -> None:
    """Predicts blocks and writes each to its path, by the name of its task."""
    dask = require("dask")
    content = sent.task() if client is None else sent.kept(client, retries)
    write = dask.delayed(_write_part)
    with dask.annotate(**({"resources": needed} if needed else {})):
        tasks = [
            write(content, sent.digest, block, path, dask_key_name=name)
            for name, (block, path) in parts.items()
        ]
    if client is None:
        dask.compute(*tasks)
    else:
        client.gather(client.compute(tasks, retries=retries))


def _write_part(content: bytes, digest: str, rows: Any, path: str) -> str:
    partition_files.write(path, predicted(content, digest, rows))
    return path
