"""The examples of numpy scripts and of a cluster, as their users run them, with their pictures."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

APPS = Path(__file__).parents[2] / "apps"
SCRIPTS = {
    "knn_iris/knn": "equal to numpy: True",
    "ridge/ridge": "weights differ from numpy's float64 by",
    "pagerank/pagerank": "the first of 2000 pages:",
    "whitening/whitening": "engine: {'matmul': 2}",
}


def run(script, *options):
    command = [sys.executable, APPS / f"{script}.py", *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_example_and_its_picture(script, tmp_path):
    pytest.importorskip("sklearn")
    picture = tmp_path / "new" / "picture.png"
    done = run(script, "--picture", picture)
    assert done.returncode == 0, done.stderr
    assert SCRIPTS[script] in done.stdout
    pyplot = pytest.importorskip("matplotlib.pyplot")
    drawn = pyplot.imread(picture)
    assert drawn.shape[0] > 200 and np.ptp(drawn[..., :3]) > 0.5
    assert len((APPS / f"{script}.py").read_text().splitlines()) < 100


def test_a_folder_is_scored_though_a_worker_dies(tmp_path):
    pytest.importorskip("distributed")
    options = ("--rows", tmp_path / "rows", "--out", tmp_path / "out", "--files", 8)
    done = run("score_dask/score", *options)
    assert done.returncode == 1 and "there is no such folder" in done.stderr
    import pandas
    from sklearn.datasets import load_digits

    data = load_digits()
    (tmp_path / "rows").mkdir()
    for index in range(8):
        frame = pandas.DataFrame(data.data.astype(np.float32), columns=data.feature_names)
        frame.to_parquet(tmp_path / f"rows/{index}.parquet")
    done = run("score_dask/score", *options, "--kill")
    assert done.returncode == 0, done.stderr
    assert "killed worker" in done.stdout
    assert "14,376 rows in 8 files, 0 of them there before" in done.stdout
    parts = [np.load(path) for path in sorted((tmp_path / "out").glob("part-*"))]
    assert len({part.tobytes() for part in parts}) == 1
    assert (parts[0].argmax(axis=1) == data.target).mean() > 0.9
    done = run("score_dask/score", *options)
    assert "8 of them there before" in done.stdout
