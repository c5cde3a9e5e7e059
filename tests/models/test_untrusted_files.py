"""Files that lead elsewhere, ask for too much, or hang who reads them."""

import os
import signal
import subprocess
import sys
import threading
import time
import zipfile

import h5py
import numpy as np
import pytest
from test_model_errors import two_layers, write

import xfblas
from xfblas.errors import AllocationError, InvalidValueError
from xfblas.hdf5 import Dataset, open_file, process
from xfblas.layers.host_functions import compute

FOLDERS = ("/", "model_weights", "model_weights/d1", "optimizer_weights/deep/down")


@pytest.fixture
def model(tmp_path):
    """A good Keras file, and another one with a secret."""
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["kernel"] = np.full((3, 2), 42.0, "f4")
        file.create_group("all")
    (tmp_path / "secret.txt").write_bytes(b"x" * 64)
    return write(tmp_path / "m.h5", *two_layers())


def linked(file, place, folder):
    place["away"] = h5py.ExternalLink(str(folder / "secret.h5"), "all")


def stored_outside(file, place, folder):
    place.create_dataset("away", (4,), "f4", external=[(str(folder / "secret.txt"), 0, 16)])


def virtual(file, place, folder):
    layout = h5py.VirtualLayout((3, 2), "f4")
    layout[...] = h5py.VirtualSource(str(folder / "secret.h5"), "kernel", (3, 2))
    place.create_virtual_dataset("away", layout)


@pytest.mark.parametrize("trusted", (False, True))
@pytest.mark.parametrize("change", (linked, stored_outside, virtual))
@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_leads_to_another(model, tmp_path, folder, change, trusted):
    xfblas.read_network(model, trusted=trusted)
    with h5py.File(model, "a") as file:
        change(file, file.require_group(folder), tmp_path)
    with pytest.raises(InvalidValueError, match=r"m\.h5.*away is .*refers to another file"):
        xfblas.read_network(model, trusted=trusted)


def test_a_group_itself_is_no_link_to_another_file(model, tmp_path):
    with h5py.File(model, "a") as file:
        del file["model_weights"]
        file["model_weights"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "all")
    with pytest.raises(InvalidValueError, match="/model_weights is a link"):
        xfblas.read_network(model)


def test_links_within_a_file_are_followed_and_need_not_end(model):
    before = xfblas.read_network(model).layers[0].kernel
    with h5py.File(model, "a") as file:
        weights = file["model_weights"]
        file.move("model_weights/d1", "kept")
        weights["d1"] = h5py.SoftLink("/kept")
        weights["round"] = weights
        weights["nowhere"] = h5py.SoftLink("/absent")
    np.testing.assert_array_equal(xfblas.read_network(model).layers[0].kernel, before)


def test_arrays_are_as_h5py_reads_them(tmp_path):
    rng = np.random.default_rng(1)
    with h5py.File(tmp_path / "all.h5", "w") as file:
        kinds = ("<f4", ">f8", "<f2", "i1", ">u2", "?", "V2", "S3", "<c8")
        for number, kind in enumerate(kinds):
            values = rng.integers(0, 2, (3, 0 if number == 3 else 5)).astype("u1")
            file[f"arrays/{number}"] = values.astype(kind) if kind != "V2" else values.view("V1")
        file["text"], file["words"] = "grüße", ["a", "bc"]
        file["scalar"], file["wide"] = 2.5, rng.random((700, 300))
        for name, value in (
            ("t", "é"),
            ("n", 3),
            ("list", np.array([b"x", b"yz"])),
            ("f", np.float32(0.1)),
        ):
            file["arrays"].attrs[name] = value
        file["arrays"].attrs["none"] = h5py.Empty("f4")
    found = []
    for trusted in (False, True):
        with open_file(tmp_path / "all.h5", trusted) as root:
            items = {}
            root.visititems(items.__setitem__)
            read = {path: item[()] for path, item in items.items() if isinstance(item, Dataset)}
            found.append((read, root["arrays"].attrs))
    with h5py.File(tmp_path / "all.h5") as file:
        for read, attrs in found:
            assert len(read) == 13 and list(attrs) == ["f", "list", "n", "t"]
            assert (attrs["t"], attrs["n"], attrs["f"]) == ("é", 3, np.float32(0.1))
            assert attrs["list"].tolist() == [b"x", b"yz"]
            for path, values in read.items():
                assert np.asarray(values).dtype == np.asarray(file[path][()]).dtype, path
                np.testing.assert_array_equal(values, file[path][()])


@pytest.mark.parametrize("suffix", ("h5", "keras"))
def test_small_files_do_not_ask_for_large_arrays(keras, tmp_path, suffix):
    path = tmp_path / f"m.{suffix}"
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.save(path)
    inside = path
    if suffix == "keras":
        inside = tmp_path / "inside.h5"
        with zipfile.ZipFile(path) as archive:
            texts = {name: archive.read(name) for name in archive.namelist()}
        inside.write_bytes(texts["model.weights.h5"])
    with h5py.File(inside, "a") as file:
        # 4 GiB of zeros, of which none is in the file.
        file.create_dataset("bomb", (2**15, 2**15), "f4", chunks=(64, 64), compression="gzip")
    if suffix == "keras":
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in texts.items():
                archive.writestr(name, inside.read_bytes() if name.endswith("h5") else text)
    with pytest.raises(InvalidValueError, match=r"asks for 4,294,967,\d+ bytes.*trusted=True"):
        xfblas.read_graph(path)
    # The arrays that the model needs are as they were.
    assert xfblas.read_graph(path, trusted=True).outputs[0].shape == (3,)


def test_a_zip_file_that_unpacks_to_too_much_is_refused(keras, tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    model.save(tmp_path / "m.keras")
    for member in ("model.weights.h5", "config.json"):
        path = tmp_path / "bomb.keras"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            with zipfile.ZipFile(tmp_path / "m.keras") as good:
                for name in good.namelist():
                    if name != member:
                        archive.writestr(name, good.read(name))
            with archive.open(member, "w", force_zip64=True) as out:
                for _ in range(272):
                    out.write(bytes(1 << 20))
        with pytest.raises(InvalidValueError, match=r"bytes.*expected up to 268,435,456"):
            xfblas.read_graph(path)


def test_memory_that_is_not_there_is_told(tmp_path, monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr("h5py.Dataset.__getitem__", full)
    path = write(tmp_path / "m.h5", *two_layers())
    with pytest.raises(AllocationError, match=r"m\.h5: there is no memory"):
        xfblas.read_network(path, trusted=True)
    with pytest.raises(AllocationError, match="pad: there is no memory"):
        compute("pad", [np.zeros((1, 2, 2), "f4")], {"widths": [[2**22, 2**22]] * 2}, {})


def test_a_cut_zip_file_is_called_so(keras, tmp_path):
    keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]).save(tmp_path / "m.keras")
    whole = (tmp_path / "m.keras").read_bytes()
    (tmp_path / "cut.keras").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidValueError, match=r"begins as a zip file.*cut short"):
        xfblas.read_graph(tmp_path / "cut.keras")


def test_reading_has_a_time_limit(model, monkeypatch):
    # Python does not start in a millisecond.
    monkeypatch.setenv("XFBLAS_READ_TIMEOUT_MS", "1")
    with pytest.raises(InvalidValueError, match=r"m\.h5.*after 0\.001 s.*trusted=True"):
        xfblas.read_network(model)
    assert xfblas.read_network(model, trusted=True).output_units == 2
    for wrong in ("", "0", "-1", "zz", "1e3", "9" * 20):
        monkeypatch.setenv("XFBLAS_READ_TIMEOUT_MS", wrong)
        with pytest.raises(InvalidValueError, match="XFBLAS_READ_TIMEOUT_MS is"):
            xfblas.read_network(model)
    with pytest.raises(InvalidValueError, match="trusted is 'yes'"):
        xfblas.read_network(model, trusted="yes")


def test_the_end_of_the_process_is_told(model, monkeypatch):
    monkeypatch.setattr(process, "_PROGRAM", "import os; os.abort()")
    with pytest.raises(InvalidValueError, match=r"m\.h5 is damaged.*SIGABRT"):
        xfblas.read_network(model)
    monkeypatch.setattr(process, "_PROGRAM", "import sys; sys.exit(3)")
    with pytest.raises(InvalidValueError, match="status 3"):
        xfblas.read_network(model)
    monkeypatch.setattr(sys, "executable", "/usr/sbin/uwsgi")
    monkeypatch.setattr(sys, "exec_prefix", "/absent")
    with pytest.raises(xfblas.NotSupportedError, match="trusted=True"):
        xfblas.read_network(model)


def children():
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())], capture_output=True, text=True
    )
    return [line for line in listed.stdout.splitlines() if "-I -S" in line]


def test_an_interrupt_ends_it(model, monkeypatch):
    monkeypatch.setattr(process, "_PROGRAM", "import time; time.sleep(60)")
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        xfblas.read_network(model)
    assert time.monotonic() - begun < 20 and not children()
