"""xfblas.dask without a cluster, and on one of several processes of which one is killed."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from cluster.slow_rows import counted, counts, noted

import xfblas
from xfblas import errors
from xfblas.dask import predictions, sent_models, worker_models

da = pytest.importorskip("dask.array")
pytestmark = pytest.mark.native


@pytest.fixture
def cluster(monkeypatch):
    distributed = pytest.importorskip("distributed")
    # Workers import what these tests hand them.
    tests = str(Path(__file__).parents[1])
    monkeypatch.setenv("PYTHONPATH", tests + os.pathsep + os.environ.get("PYTHONPATH", ""))
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True}
    options |= {"dashboard_address": None, "resources": {"xfblas": 1}}
    with distributed.LocalCluster(**options) as found, distributed.Client(found) as client:
        yield client


def integers(generator, *shape):
    return generator.integers(-999, 999, shape).astype(np.int16)


@pytest.mark.filterwarnings("ignore:.*chunks:Warning")
def test_products_of_blocks(generator):
    a, b = integers(generator, 90, 110), integers(generator, 110, 70)
    left, right = da.from_array(a, chunks=(40, 30)), da.from_array(b, chunks=(50, 33))
    wide = a.astype(np.int64) @ b
    found = xfblas.dask.matmul(left, right)
    assert (found.shape, found.dtype) == ((90, 70), np.int16)
    np.testing.assert_array_equal(found.compute(scheduler="sync"), a @ b, strict=True)
    exact = xfblas.dask.matmul(left, b, exact=True).compute(scheduler="sync")
    np.testing.assert_array_equal(exact, wide, strict=True)
    for first, second, result in ((a[0], right, a[0] @ b), (left, b[:, 0], a @ b[:, 0])):
        found = xfblas.dask.matmul(first, second).compute(scheduler="sync")
        np.testing.assert_array_equal(found, result, strict=True)
    assert xfblas.dask.matmul(a[0], b[:, 0]).compute(scheduler="sync") == a[0] @ b[:, 0]
    halves = left.astype(float) / 2
    found = xfblas.dask.matmul(halves, b.astype(float), split=True).compute(scheduler="sync")
    np.testing.assert_array_equal(found, wide / 2)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"b": np.ones((5, 2), np.int16)}, "their k differ"),
        ({"b": np.ones((3, 2))}, "split=True"),
        ({"b": np.ones((1, 3, 2), np.int16)}, "b has 3 dimensions"),
        ({"b": [[1], [2, 3]]}, "b cannot be read"),
        ({"exact": "yes"}, "exact is 'yes'"),
        ({"retries": -1}, "retries is -1"),
        ({"retries": True}, "retries is True"),
    ],
)
def test_products_that_are_refused(options, text):
    good = {"a": da.ones((2, 3), dtype="int16"), "b": da.ones((3, 2), dtype="int16")}
    with pytest.raises(errors.InvalidValueError, match=text):
        xfblas.dask.matmul(**(good | options))


def test_predictions(model, rows, expected):
    blocks = da.from_array(rows, chunks=(700, 9))
    found = xfblas.dask.predict(model, blocks)
    assert found.shape == (3000, 4)
    np.testing.assert_array_equal(found.compute(scheduler="sync"), expected, strict=True)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_folders_of_files(network, rows, tmp_path, kind):
    """Columns are put in the model's order by name, whatever order the files have."""
    pandas = pytest.importorskip("pandas")
    names = [f"x{index:02}" for index in range(20)]
    frame = pandas.DataFrame(rows, columns=names)
    with xfblas.compile(network, frame[:500]) as model:
        expected = model.predict(frame, verbose=0)
        model.save(tmp_path / "model.xfblas")
    folder = tmp_path / "rows"
    folder.mkdir()
    for index in range(3):
        part = frame[1000 * index : 1000 * (index + 1)][names[::-1]]
        path = folder / f"rows{index}.{kind}"
        part.to_parquet(path) if kind == "parquet" else part.to_csv(path, index=False)
    found = xfblas.dask.predict(tmp_path / "model.xfblas", folder).compute(scheduler="sync")
    np.testing.assert_allclose(found, expected, atol=1e-6 if kind == "csv" else 0)
    paths = xfblas.dask.predict(tmp_path / "model.xfblas", str(folder), tmp_path / "out")
    assert [Path(path).name for path in paths] == [f"part-0000{index}.npy" for index in range(3)]
    np.testing.assert_array_equal(np.concatenate([np.load(path) for path in paths]), found)
    again = subprocess.run([sys.executable, "-c", AGAIN, tmp_path], text=True, check=True)
    assert again.returncode == 0  # another process knows the files
    part.iloc[:5].to_csv(folder / f"rows1.{kind}", index=False)
    if kind == "csv":
        with pytest.raises(errors.InvalidValueError, match=r"run\.json says"):
            xfblas.dask.predict(tmp_path / "model.xfblas", folder, tmp_path / "out")


AGAIN = """
import sys, xfblas
from pathlib import Path
folder = Path(sys.argv[1])
xfblas.dask.predict(folder / "model.xfblas", folder / "rows", folder / "out")
"""


def test_a_run_that_goes_on(model, rows, expected, tmp_path):
    out, notes = tmp_path / "out", tmp_path / "notes"
    notes.mkdir()
    blocks = da.from_array(rows, chunks=(500, 20)).map_blocks(noted, str(notes), dtype="float32")
    paths = xfblas.dask.predict(model, blocks, out)
    Path(paths[2]).unlink()
    for note in notes.iterdir():
        note.unlink()
    assert xfblas.dask.predict(model, blocks, out) == paths
    assert [note.read_text() for note in notes.iterdir()] == ["500\n"]  # only what was missing
    np.testing.assert_array_equal(np.concatenate([np.load(path) for path in paths]), expected)
    for other in (blocks[:2000], da.from_array(rows + 1, chunks=(500, 20))):
        with pytest.raises(errors.InvalidValueError, match=r"run\.json says .*, but this run is"):
            xfblas.dask.predict(model, other, out)
    named = tmp_path / "named"
    for other in (blocks, blocks + 0):
        xfblas.dask.predict(model, other, named, name="the same rows")
    (out / "run.json").write_text("{")
    with pytest.raises(errors.InvalidValueError, match=r"run\.json says None"):
        xfblas.dask.predict(model, blocks, out)
    (out / "run.json").unlink()
    with pytest.raises(errors.InvalidValueError, match="holds parts and no"):
        xfblas.dask.predict(model, blocks, out)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"x": np.ones((3, 20))}, "arrays in memory are for CompiledModel.predict"),
        ({"x": "nowhere"}, "there is no such folder"),
        ({"x": 3}, "x is 3"),
        ({"x": da.ones(())}, "expected an array or frame"),
        ({"x": da.ones((2, 7))}, r"x: input .* has shape \(0, 7\), expected \(rows, 20\)"),
        ({"x": da.ones((2, 7)), "out": "parts"}, "expected .rows, 20"),
        ({"model": "nowhere.xfblas"}, "there is no such file"),
        ({"model": 3}, "path is a int"),
        ({"retries": 1.5}, "retries is 1.5"),
        ({"out": 3}, "out is 3"),
        ({"out": "parts", "name": 3}, "name is 3"),
    ],
)
def test_predictions_that_are_refused(model, options, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    good = {"model": model, "x": da.ones((2, 20), dtype="float32")}
    with pytest.raises(errors.InvalidValueError, match=text):
        xfblas.dask.predict(**(good | options))
    assert not list(tmp_path.iterdir())  # no worker was asked


def test_frames_that_lack_a_column(network, rows):
    pandas, frames = pytest.importorskip("pandas"), pytest.importorskip("dask.dataframe")
    frame = pandas.DataFrame(rows, columns=[f"x{index:02}" for index in range(20)])
    lacking = frames.from_pandas(frame.drop(columns="x07"), npartitions=2)
    found = pytest.raises(errors.InvalidValueError, match="x07")
    with xfblas.compile(network, frame[:500]) as model, found:
        xfblas.dask.predict(model, lacking)


def test_a_folder_without_rows(model, tmp_path):
    with pytest.raises(errors.InvalidValueError, match="holds no files"):
        xfblas.dask.predict(model, tmp_path)


def test_without_dask(monkeypatch, model):
    monkeypatch.setitem(sys.modules, "dask.array", None)
    with pytest.raises(errors.NotSupportedError, match=r"xfblas\[dask\]"):
        xfblas.dask.matmul(np.ones((2, 2), np.int16), np.ones((2, 2), np.int16))


def test_one_model_is_held_at_a_time(model, network, rows, monkeypatch):
    first = sent_models.SentModel(model)
    with xfblas.compile(network, rows[:500], bits=8) as other:
        second = sent_models.SentModel(other)
    for sent in (first, first, second):
        worker_models.predicted(sent.content, sent.digest, rows[:5])
        assert list(worker_models._held) == [sent.digest]
    given = first.content, first.digest
    assert worker_models.predicted(*given, rows[:0]).shape == (0, 4)
    (held,) = worker_models._held.values()
    assert worker_models._model(*given) is held
    held.close()
    monkeypatch.setenv(worker_models.DEVICE_VARIABLE, "second")
    with pytest.raises(errors.InvalidValueError, match="expected an index or a BDF"):
        worker_models.predicted(*given, rows)
    monkeypatch.setenv(worker_models.DEVICE_VARIABLE, "1")
    worker_models.predicted(*given, rows[:5])
    assert worker_models._model(*given).device.index == 1
    worker_models._model(*given).close()


def test_a_model_is_written_once_for_its_weights(network, rows, tmp_path):
    blocks = da.from_array(rows, chunks=(1500, 20))
    with xfblas.compile(network, rows[:500]) as model:
        first = sent_models.SentModel.of(model)
        assert sent_models.SentModel.of(model) is first
        kernel, bias = network.layers[1].kernel, np.arange(4, dtype=np.float32)
        model.set_layer_weights("dense1", kernel, bias)
        second = sent_models.SentModel.of(model)
        assert second.digest == sent_models.SentModel(model).digest != first.digest
        found = xfblas.dask.predict(model, blocks).compute(scheduler="sync")
        np.testing.assert_array_equal(found, model.predict(rows, verbose=0))


def test_a_client_opens_no_device(model, rows, expected, tmp_path, monkeypatch):
    """Cards are on the workers' machines; a model's file and the model itself are one model."""
    path = tmp_path / "model.xfblas"
    model.save(path)
    assert sent_models.SentModel(path).digest == sent_models.SentModel(model).digest
    monkeypatch.setenv("XFBLAS_TARGET", "xrt")
    lazy = xfblas.dask.predict(path, da.from_array(rows, chunks=(700, 20)))
    monkeypatch.undo()
    np.testing.assert_array_equal(lazy.compute(scheduler="sync"), expected)


def test_a_model_stays_on_the_cluster(cluster, model, network, rows, expected, tmp_path):
    """Calls that follow send nothing, until another model takes its place."""
    blocks = da.from_array(rows, chunks=(500, 20))

    def predict(number, given=model):
        paths = xfblas.dask.predict(given, blocks, tmp_path / str(number))
        return np.concatenate([np.load(path) for path in paths])

    def kept():
        return {key for key in cluster.who_has() if "xfblas-model" in str(key)}

    cluster.get_task_stream()  # records from now on
    for number in range(3):
        np.testing.assert_array_equal(predict(number), expected)
        assert kept() == {f"xfblas-model-{sent_models.SentModel(model).digest}"}
    assert sum(each["key"] in kept() for each in cluster.get_task_stream()) == 1
    with xfblas.compile(network, rows[:500], bits=8) as other:
        predict(3, other)
        digest = sent_models.SentModel(other).digest
    assert kept() == {f"xfblas-model-{digest}"}
    cluster.restart()
    np.testing.assert_array_equal(predict(4), expected)
    cluster.restart()
    np.testing.assert_array_equal(predict(5), expected)


def test_runs_at_the_same_time(cluster, model, rows, expected, tmp_path):
    """A run of other rows, or into another folder, has tasks of its own."""
    notes = tmp_path / "notes"
    notes.mkdir()
    found = {}

    def run(name, given):
        blocks = da.from_array(given, chunks=(1000, 20))
        slow = blocks.map_blocks(noted, str(notes), 0.2, dtype="float32")
        found[name] = xfblas.dask.predict(model, slow, tmp_path / name)

    given = {"first": rows, "second": rows[::-1].copy(), "third": rows}
    running = [threading.Thread(target=run, args=each) for each in given.items()]
    for each in running:
        each.start()
    for each in running:
        each.join(60)
    for name, result in (("first", expected), ("second", expected[::-1]), ("third", expected)):
        np.testing.assert_array_equal(
            np.concatenate([np.load(path) for path in found[name]]), result
        )


def _processes(client):
    return {each["pid"] for each in client.run(_state).values()}


def _state():
    from xfblas.dask import worker_models

    return {"pid": os.getpid(), "models": len(worker_models._held)}


def test_a_worker_that_is_killed(cluster, model, rows, expected, tmp_path):
    """The same answer, from what the others and its successor compute."""
    notes = tmp_path / "notes"
    notes.mkdir()
    blocks = da.from_array(rows, chunks=(150, 20))
    slow = blocks.map_blocks(noted, str(notes), 0.1, dtype="float32")
    before = _processes(cluster)
    out, found = tmp_path / "out", []
    running = threading.Thread(target=lambda: found.extend(xfblas.dask.predict(model, slow, out)))
    running.start()
    while len(list(out.glob("part-*"))) < 4:
        assert running.is_alive()
        time.sleep(0.02)
    victim = before.pop()
    os.kill(victim, signal.SIGKILL)
    killed_at = len(list(out.glob("part-*")))
    running.join(120)
    assert not running.is_alive() and killed_at < 20
    np.testing.assert_array_equal(np.concatenate([np.load(path) for path in found]), expected)
    assert victim not in _processes(cluster)
    lazy = xfblas.dask.predict(model, blocks).compute()
    np.testing.assert_array_equal(lazy, expected)
    # A worker that came late may have had nothing to predict.
    held = sorted(each["models"] for each in cluster.run(_state).values())
    assert held in ([0, 1], [1], [1, 1])


def test_a_task_that_fails_once_is_tried_again(cluster, model, rows, expected, tmp_path):
    notes = tmp_path / "notes"
    notes.mkdir()
    blocks = da.from_array(rows, chunks=(500, 20))
    shaky = blocks.map_blocks(noted, str(notes), 0.0, True, dtype="float32")
    paths = xfblas.dask.predict(model, shaky, tmp_path / "out")
    np.testing.assert_array_equal(np.concatenate([np.load(path) for path in paths]), expected)
    assert (notes / "failed").exists()
    (notes / "failed").unlink()
    with pytest.raises(OSError, match="this once"):
        xfblas.dask.predict(model, shaky, tmp_path / "other", retries=0)
    a = np.arange(600, dtype=np.int16).reshape(20, 30)
    left = da.from_array(a, chunks=(7, 8))
    np.testing.assert_array_equal(xfblas.dask.matmul(left, left.T).compute(), a @ a.T)


def test_a_worker_reads_while_its_device_predicts(model, rows, expected, tmp_path, monkeypatch):
    """Of two threads one has the device, and the other reads the rows that come next."""
    distributed = pytest.importorskip("distributed")
    predicted, read = predictions.predicted, []

    def slow(*given):
        before = len(counts)
        time.sleep(0.1)
        read.append(len(counts) - before)
        return predicted(*given)

    monkeypatch.setattr(predictions, "predicted", slow)
    options = {"n_workers": 1, "threads_per_worker": 2, "dashboard_address": None}
    options |= {"processes": False, "resources": {"xfblas": 1}}
    blocks = da.from_array(rows, chunks=(200, 20)).map_blocks(counted, dtype="float32")
    with distributed.LocalCluster(**options) as found, distributed.Client(found):
        paths = xfblas.dask.predict(model, blocks, tmp_path)
    assert len(read) == 15 and sum(read) > 5
    np.testing.assert_array_equal(np.concatenate([np.load(path) for path in paths]), expected)


def test_tasks_go_where_devices_are(model, rows, tmp_path):
    """A worker without the resource gets none."""
    distributed = pytest.importorskip("distributed")
    blocks = da.from_array(rows, chunks=(300, 20))
    with distributed.LocalCluster(n_workers=0, dashboard_address=None, processes=False) as cluster:
        cluster.scale(0)
        with distributed.Client(cluster) as client:

            async def add():
                workers = [
                    distributed.Worker(cluster.scheduler_address, nthreads=1, **options)
                    for options in ({"resources": {"xfblas": 1}, "name": "card"}, {"name": "none"})
                ]
                for worker in workers:
                    await worker
                return workers

            workers = client.sync(add)
            xfblas.dask.predict(model, blocks, tmp_path / "out")
            xfblas.dask.predict(model, blocks).compute(resources={"xfblas": 1})
            counts = {
                worker.name: sum(
                    any(word in str(story) for word in ("predicted", "xfblas-part"))
                    for story in worker.state.stimulus_log
                )
                for worker in workers
            }

            async def leave():
                for worker in workers:
                    await worker.close()

            client.sync(leave)
    assert counts["card"] > 0 and counts["none"] == 0
