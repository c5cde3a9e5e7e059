"""Products of operands that are read part by part, and what their tiles need."""

import signal
import subprocess
import sys
import textwrap
import threading
import tracemalloc

import h5py
import numpy as np
import oracle
import pytest

import xfblas
from xfblas import errors
from xfblas.offloading import tiles
from xfblas.offloading.product_kinds import product_kind

MEBI = 2**20
KINDS = {
    "int16": ("int16", {}),
    "int8": ("int8", {}),
    "float32": ("float32", {}),
    "exact": ("int16", {"exact": True}),
    "split": ("float64", {"split": True}),
    "fused": ("int16", {"scale": (3, 5), "activation": "relu"}),
}


def operands(generator, dtype, m=700, k=900, n=500):
    return [generator.integers(-99, 100, shape).astype(dtype) for shape in ((m, k), (k, n))]


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_as_at_once(generator, kind):
    dtype, options = KINDS[kind]
    a, b = operands(generator, dtype)
    whole = xfblas.matmul(a, b, **options)
    np.testing.assert_array_equal(xfblas.matmul(a, b, memory=MEBI, **options), whole, strict=True)
    out = np.zeros_like(whole)
    assert xfblas.matmul(a.T.copy().T, b[:, ::-1], out, memory=MEBI, **options) is out
    np.testing.assert_array_equal(out, whole[:, ::-1])


def test_files_and_stores(generator, tmp_path):
    zarr = pytest.importorskip("zarr")
    a, b = operands(generator, "int16")
    mapped = np.memmap(tmp_path / "a.bin", "int16", "w+", shape=a.shape)
    mapped[:] = a
    with h5py.File(tmp_path / "a.h5", "w") as file:
        stored = file.create_dataset("a", data=a, chunks=(64, 64))
        kept = zarr.create_array(store=tmp_path / "b.zarr", data=b, chunks=(100, 100))
        for left, right in ((stored, b), (a, kept), (stored, kept), (mapped, kept)):
            np.testing.assert_array_equal(xfblas.matmul(left, right), a @ b, strict=True)
        result = file.create_dataset("c", (700, 500), "int16")
        assert xfblas.matmul(stored, kept, result, memory=MEBI) is result
        np.testing.assert_array_equal(result[:], a @ b)
        sums = zarr.create_array(store=tmp_path / "c.zarr", shape=(700, 500), dtype="int64")
        xfblas.matmul(stored, kept, sums, exact=True)
        np.testing.assert_array_equal(sums[:], a.astype(np.int64) @ b)
        vector = file.create_dataset("v", data=b[:, 0], chunks=True)
        np.testing.assert_array_equal(xfblas.matmul(a, vector), a @ b[:, 0])
        square = file.create_dataset("s", data=a[:500, :500], chunks=True)
        with pytest.raises(errors.InvalidValueError, match="out is a itself"):
            xfblas.matmul(square, b[:500], square)
        with pytest.raises(errors.InvalidValueError, match="b needs 900 rows"):
            xfblas.matmul(stored, a)
        with pytest.raises(errors.DtypeError, match="Cannot cast"):
            xfblas.matmul(stored, kept, file.create_dataset("u", (700, 500), "uint8"))


def test_results_that_are_operands(generator, tmp_path):
    a = generator.integers(-99, 100, (600, 600)).astype(np.int16)
    expected = a @ a
    ours = a.copy()
    xfblas.matmul(ours, ours, ours, memory=MEBI)
    np.testing.assert_array_equal(ours, expected)
    one = np.memmap(tmp_path / "a.bin", "int16", "w+", shape=a.shape)
    one[:] = a
    other = np.memmap(tmp_path / "a.bin", "int16", "r+", shape=a.shape)
    xfblas.matmul(one, one, other, memory=MEBI)
    np.testing.assert_array_equal(other, expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("memory", [MEBI, 64 * MEBI])
def test_memory_is_bounded(generator, kind, memory, tmp_path):
    """What Python allocates besides operands and result is within the bytes that were allowed."""
    dtype, options = KINDS[kind]
    a, b = operands(generator, dtype, 600, 2000 if kind != "fused" else 300, 600)
    out = np.zeros((600, 600), "float64")
    xfblas.matmul(a[:64, :64], b[:64, :64], **options)
    tracemalloc.start()
    try:
        xfblas.matmul(a, b, out, memory=memory, casting="unsafe", **options)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= memory + 2**17


@pytest.mark.parametrize("view", [False, True])
def test_a_mapped_result_goes_by_tiles(generator, tmp_path, monkeypatch, view):
    a, b = operands(generator, "int16", 300, 10, 400)
    monkeypatch.setattr(tiles, "MEMORY", 50_000)
    mapped = np.memmap(tmp_path / "c", "int16", "w+", shape=(300, 400))
    out = mapped[:] if view else mapped
    tracemalloc.start()
    try:
        xfblas.matmul(a, b, out)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(out, a @ b)
    assert peak < out.nbytes // 2


def test_tiles_fill_their_memory():
    kind = product_kind(np.empty((1, 1), "i2"), np.empty((1, 1), "i2"), (None, None), None, {})
    m, k, n = tiles.tile_sizes(kind, 10**6, 10**6, 10**6, 2**30)
    need = (m * k + k * n) * 3 * 2 + m * n * 4
    assert 2**28 < need <= 2**30 or m * k * n > tiles.LONG_TILE // 2
    assert m * k * n <= tiles.LONG_TILE
    assert tiles.tile_sizes(kind, 5, 7, 3, 2**30) == (5, 7, 3)


def test_units_share_the_tiles(generator, monkeypatch):
    a, b = operands(generator, "int16")
    used = set()
    compute = tiles._Tiles._work

    def noted(self, shared, number, unit, advance):
        used.add(unit.index)
        compute(self, shared, number, unit, advance)

    monkeypatch.setattr(tiles._Tiles, "_work", noted)
    with xfblas.open(engine="Gemm") as device:
        np.testing.assert_array_equal(xfblas.matmul(a, b, device=device, memory=4 * MEBI), a @ b)
        assert used == {unit.index for unit in device.compute_units} and len(used) > 1


def test_progress(generator, capsys):
    a, b = operands(generator, "int16")
    np.testing.assert_array_equal(xfblas.matmul(a, b, progress=True), a @ b)
    assert "matmul" in capsys.readouterr().out


class Failing:
    """A stored array whose second part cannot be read."""

    def __init__(self, array, error):
        self.array, self.error, self.reads = array, error, 0
        self.shape, self.dtype, self.chunks = array.shape, array.dtype, (64, 64)

    def __getitem__(self, key):
        self.reads += 1
        if self.reads > 1:
            raise self.error
        return self.array[key]


@pytest.mark.parametrize("error", [OSError("the disk is gone"), MemoryError("no room")])
def test_a_part_that_cannot_be_read(generator, error):
    a, b = operands(generator, "int16")
    before = {*threading.enumerate()}
    with pytest.raises(type(error), match=str(error)):
        xfblas.matmul(Failing(a, error), b, memory=MEBI)
    assert {*threading.enumerate()} <= before
    np.testing.assert_array_equal(xfblas.matmul(a, b, memory=MEBI), a @ b)


def test_an_interrupt_ends_it():
    """A product of hours is over within seconds, and the process goes on computing."""
    program = """
        import signal, sys, time
        import numpy as np, xfblas
        a = np.ones((16000, 16000), np.int8)
        print("begun", flush=True)
        try:
            xfblas.matmul(a, a)
        except KeyboardInterrupt:
            print((xfblas.matmul(a[:50, :50], a[:50, :50]) == 50).all(), flush=True)
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "begun\n"
        threading.Event().wait(2)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    assert out == "True\n" and process.returncode == 0


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"memory": 5}, "memory is 5, expected 1048576"),
        ({"memory": "1 GB"}, "memory is '1 GB'"),
        ({"progress": "yes"}, "progress is 'yes'"),
        ({"memory": MEBI, "out": np.zeros((3, 3), np.int16)}, r"out has shape \(3, 3\)"),
    ],
)
def test_wrong_options(options, text):
    a = np.ones((4, 4), np.int16)
    with pytest.raises(errors.InvalidValueError, match=text):
        xfblas.matmul(a, a, **options)
    with pytest.raises(errors.NotSupportedError, match="products of two matrices"):
        xfblas.matmul(a, a[0], memory=MEBI)


@pytest.mark.parametrize("shape", [(300,), (1, 300), (700, 300), (700, 1), (1, 1), ()])
def test_a_tile_takes_its_part_of_the_bias(generator, shape):
    a = generator.integers(-99, 99, (700, 500)).astype(np.int16)
    b = generator.integers(-99, 99, (500, 300)).astype(np.int16)
    bias = generator.integers(-(2**20), 2**20, shape).astype(np.int32)
    options = {"bias": bias, "scale": (1, 9), "saturate": True}
    if shape == ():
        with pytest.raises(errors.InvalidValueError, match="bias has shape"):
            xfblas.matmul(a, b, memory=2**20, **options)
        return
    expected = oracle.fcn(a, b, np.broadcast_to(bias, (700, 300)), post=(1, 9), saturate=True)
    np.testing.assert_array_equal(xfblas.matmul(a, b, memory=2**20, **options), expected)


@pytest.mark.parametrize("shape", [(64,), (128, 64), (1, 64), (128, 300), (64, 1)])
def test_a_bias_of_a_tile_alone_is_refused(shape):
    a, b = np.ones((700, 500), np.int16), np.ones((500, 300), np.int16)
    out = np.full((700, 300), 7, np.int16)
    with pytest.raises(errors.InvalidValueError, match=r"expected \(300,\) or \(700, 300\)"):
        xfblas.matmul(a, b, out=out, bias=np.zeros(shape, np.int32), memory=2**20)
    assert (out == 7).all()


def test_files_that_cannot_be_written_or_were_closed(tmp_path):
    a = np.ones((40, 40), np.int16)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("out", (40, 40), "i2")
    with h5py.File(tmp_path / "a.h5", "r") as file:
        out = file["out"]
        with pytest.raises(errors.InvalidValueError, match=r"out \(int16 .* is read-only.*r\+"):
            xfblas.matmul(a, a, out=out)
    for call in (lambda: xfblas.matmul(a, a, out=out), lambda: xfblas.matmul(out, a)):
        with pytest.raises(errors.InvalidValueError, match="is a dataset of a closed file"):
            call()
    zarr = pytest.importorskip("zarr")
    path = tmp_path / "a.zarr"
    zarr.open(path, mode="w", shape=(40, 40), dtype="i2", chunks=(20, 20))
    with pytest.raises(errors.InvalidValueError, match=r"out .* is read-only"):
        xfblas.matmul(a, a, out=zarr.open(path, mode="r"))
    with h5py.File(tmp_path / "a.h5", "r+") as file:
        assert (xfblas.matmul(a, a, out=file["out"])[...] == 40).all()
