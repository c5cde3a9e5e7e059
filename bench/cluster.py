"""How much faster two workers of Dask predict than one, each on a thread of its own."""

import json
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np

import xfblas
from bench.predict.mlp import Mlp
from xfblas.graph.network import Layer

SIZES = (784, 512, 512, 10)
#: 1 GB in blocks of 125 MB, which is what Dask cuts arrays into by itself (``array.chunk-size``). A
#: task costs Dask some milliseconds of CPU, which one worker finds on the core that it leaves free.
BLOCKS, ROWS, ROUNDS = 8, 40_000, 5


def ratio() -> dict[str, float]:
    """Seconds of one worker over those of two, of the best rounds; starting is not counted."""
    return {f"{'-'.join(map(str, SIZES))}, {BLOCKS * ROWS:,} rows": _seconds(1) / _seconds(2)}


def _seconds(workers: int) -> float:
    import dask
    import dask.array as da
    from distributed import Client, LocalCluster, wait

    mlp = Mlp(SIZES)
    model = xfblas.compile(_network(), mlp.rows(500))
    options = {"threads_per_worker": 1, "dashboard_address": None, "resources": {"xfblas": 1}}
    best = float("inf")
    with LocalCluster(n_workers=workers, **options) as cluster, Client(cluster) as client:
        # What workers predict is there before, so that predictions alone are measured, and each has
        # its share, which Dask's own choice is not each time (14 blocks of 32 for one of two).
        names = list(client.scheduler_info(n_workers=-1)["workers"])
        with dask.annotate(workers=lambda key: [names[key[1] % workers]]):
            rows = da.random.default_rng(0).normal(
                size=(BLOCKS * ROWS, SIZES[0]), chunks=(ROWS, -1)
            )
            rows = rows.astype(np.float32)
        there = client.persist(rows, optimize_graph=False)
        wait(there)
        client.run(_import)
        for _ in range(ROUNDS):
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                xfblas.dask.predict(model, there, Path(folder) / "out")
                best = min(best, time.perf_counter() - start)
    model.close()
    return best


def _import():
    import xfblas.dask.predictions  # noqa: F401


def _network():
    generator = np.random.default_rng(1)
    layers = [
        Layer(
            f"dense{index}",
            generator.normal(0, rows**-0.5, (rows, columns)).astype(np.float32),
            np.zeros(columns, np.float32),
            "relu" if columns != SIZES[-1] else "linear",
            0.0 if columns != SIZES[-1] else 1.0,
        )
        for index, (rows, columns) in enumerate(pairwise(SIZES))
    ]
    return xfblas.Network("mlp", layers, "softmax", SIZES[:1])


if __name__ == "__main__":
    print(json.dumps(ratio()))
