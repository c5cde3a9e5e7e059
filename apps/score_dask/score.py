"""Scores a folder of Parquet files on a cluster of Dask, and goes on where a run was ended.

python apps/score_dask/score.py --rows folder --out folder [--model m.xfblas] [--workers 2]

Without --rows it makes a folder of handwritten digits, and without --model it compiles the model of
them that is kept in the repository. --scheduler takes the address of a cluster that is there; by
default the script starts one on this machine. --kill ends a worker while the run is under way.
"""

import argparse
import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np

import xfblas
from xfblas.errors import XfblasError

HERE = Path(__file__).parent
MODELS = HERE.parent / "mlp_keras/models/digits"


def digits():
    """The handwritten digits as a frame."""
    import pandas
    from sklearn.datasets import load_digits

    data = load_digits()
    return pandas.DataFrame(data.data.astype(np.float32), columns=data.feature_names)


def make_rows(frame, folder: Path, files: int) -> None:
    """Writes them, with noise, to Parquet files; there may be some already."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(files):
        noise = np.random.default_rng(index).normal(0, 0.5, frame.shape).astype(np.float32)
        path = folder / f"rows-{index:03d}.parquet"
        if not path.exists():
            (frame + noise).to_parquet(path)


def kept_model(frame):
    """The model of digits, compiled."""
    (path,) = [path for path in MODELS.iterdir() if path.suffix in (".h5", ".keras")]
    return xfblas.compile(path, frame[:500])


def kill_one(client, out: Path) -> None:
    """Ends a worker as soon as some results are there."""
    while len(list(out.glob("part-*"))) < 2:
        time.sleep(0.01)
    pid = next(iter(client.run(os.getpid).values()))
    os.kill(pid, signal.SIGKILL)
    print(f"killed worker {pid}, with {len(list(out.glob('part-*')))} results there", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=Path, help="folder of Parquet or CSV files")
    parser.add_argument("--out", type=Path, default=HERE / "data/predictions")
    parser.add_argument("--model", type=Path, help="a .xfblas file")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--files", type=int, default=12, help="that are made without --rows")
    parser.add_argument("--scheduler", help="address of a cluster, such as tcp://host:8786")
    parser.add_argument("--kill", action="store_true", help="end a worker in the midst of it")
    args = parser.parse_args()
    if args.kill and args.scheduler:
        parser.error("--kill is for a cluster of this machine")
    from distributed import Client, LocalCluster

    rows = args.rows or HERE / "data/rows"
    if args.rows is None:
        make_rows(digits(), rows, args.files)
    model = args.model or kept_model(digits())
    options = {"n_workers": args.workers, "threads_per_worker": 1, "dashboard_address": None}
    if args.kill:  # which Dask tells at length
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        options["silence_logs"] = logging.CRITICAL
    cluster = None if args.scheduler else LocalCluster(**options, resources={"xfblas": 1})
    with Client(args.scheduler or cluster) as client:
        before = len(list(args.out.glob("part-*")))
        if args.kill:
            threading.Thread(target=kill_one, args=(client, args.out), daemon=True).start()
        start = time.perf_counter()
        paths = xfblas.dask.predict(model, rows, args.out)
        seconds = time.perf_counter() - start
    if cluster is not None:
        cluster.close()
    count = sum(len(np.load(path, mmap_mode="r")) for path in paths)
    print(f"{count:,} rows in {len(paths)} files, {before} of them there before; {seconds:.2f} s")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (XfblasError, OSError) as error:
        sys.exit(f"{Path(__file__).name}: {error}")
