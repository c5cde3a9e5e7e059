"""What commands and calls write: onto what, and what is left where they fail."""

import functools
import gzip
import json
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import xfblas
from xfblas.cli import main
from xfblas.graph import Layer, Network

ROWS = np.random.default_rng(7).normal(size=(300, 6)).astype(np.float32)
COMMAND = (sys.executable, "-m", "xfblas")
OLD = b"what was there before\n" * 200


@pytest.fixture(scope="module")
def stored(keras_model, tmp_path_factory):
    """A folder with a model as Keras and as xfblas file, and rows."""
    folder = tmp_path_factory.mktemp("stored")
    layer = Layer("dense", np.random.default_rng(9).normal(size=(6, 3)), np.zeros(3), "linear", 1.0)
    with xfblas.compile(Network("small", (layer,), "softmax", (6,)), ROWS) as compiled:
        compiled.save(folder / "m.xfblas")
    model = keras_model("plain")
    model.save(folder / "m.keras")
    model.save(folder / "m.h5")
    wide = np.random.default_rng(8).normal(size=(60, model.input_shape[1]))
    np.savetxt(folder / "wide.csv", wide, delimiter=",")
    np.savetxt(folder / "x.csv", ROWS, "%.9g", delimiter=",")
    np.savetxt(folder / "y.csv", np.arange(300) % 3, "%d")
    (folder / "library.so").write_bytes(b"\x7fELF" + bytes(60))
    return folder


@pytest.fixture
def folder(stored, tmp_path, monkeypatch):
    for entry in stored.iterdir():
        (tmp_path / entry.name).write_bytes(entry.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


#: What each writer is called with, but for the last word; the names of what it writes.
WRITERS = {
    "predict csv": ("predict m.xfblas x.csv --quiet -o", ["out.csv"]),
    "predict gz": ("predict m.xfblas x.csv --quiet -o", ["out.csv.gz"]),
    "predict npy": ("predict m.xfblas x.csv --quiet -o", ["out.npy"]),
    "predict parquet": ("predict m.xfblas x.csv --quiet -o", ["out.parquet"]),
    "quantize": ("quantize m.keras --data wide.csv --quiet -o", ["out.xfblas"]),
    "report html": ("report m.xfblas --data x.csv --html", ["out.html"]),
    "report json": ("report m.xfblas --data x.csv --json", ["out.json"]),
    "xclbin build": ("xclbin build", ["out.xclbin", "out.dat"]),
}
every_writer = pytest.mark.parametrize("writer", WRITERS)


def words(writer):
    command, outputs = WRITERS[writer]
    return [*command.split(), outputs[0]], outputs


def run(arguments, limit=None):
    set_limit = functools.partial(resource.setrlimit, resource.RLIMIT_FSIZE, (limit, limit))
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        preexec_fn=None if limit is None else set_limit,
        check=False,
    )


def names(folder):
    return sorted(entry.name for entry in folder.iterdir())


@every_writer
def test_a_full_disk_leaves_what_was_there(folder, writer):
    arguments, outputs = words(writer)
    for old in (None, OLD):
        for name in outputs if old else ():
            (folder / name).write_bytes(old)
        before = names(folder)
        done = run(arguments, 100)
        assert done.returncode == 2, done
        assert done.stderr.splitlines()[-1].startswith("xfblas: ")
        assert "File too large, at least" in done.stderr and outputs[0] in done.stderr
        assert "Traceback" not in done.stderr
        assert names(folder) == before
        assert all((folder / name).read_bytes() == old for name in outputs if old)


def test_an_image_that_has_space_and_a_configuration_that_has_none(folder):
    (folder / "out.xclbin").write_bytes(OLD)
    done = run(["xclbin", "build", "out.xclbin", "--cfg", "/dev/full"])
    assert done.returncode == 2 and "/dev/full" in done.stderr
    assert (folder / "out.xclbin").read_bytes() == OLD


@every_writer
def test_links_modes_and_planted_links(folder, writer, capsys):
    arguments, outputs = words(writer)
    for name in outputs:
        target = folder / "targets" / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(OLD)
        target.chmod(0o600)
        (folder / name).symlink_to(target)
        for suffix in (".part", ".tmp"):
            (folder / (name + suffix)).symlink_to("victim")
    (folder / "victim").write_bytes(OLD)
    before = names(folder)
    assert main(arguments) == 0, capsys.readouterr()
    assert names(folder) == before and (folder / "victim").read_bytes() == OLD
    for name in outputs:
        assert (folder / name).is_symlink() and (folder / name).read_bytes() != OLD
        assert stat.S_IMODE((folder / "targets" / name).stat().st_mode) == 0o600
    assert names(folder / "targets") == sorted(outputs)


@every_writer
def test_pipes_and_devices_are_written_through(folder, writer, capsys):
    arguments, outputs = words(writer)
    assert main(arguments) == 0, capsys.readouterr()
    expected = [(folder / name).read_bytes() for name in outputs]
    found = [None] * len(outputs)

    def read(index):
        found[index] = (folder / outputs[index]).read_bytes()

    threads = []
    for index, name in enumerate(outputs):
        (folder / name).unlink()
        os.mkfifo(folder / name)
        threads.append(threading.Thread(target=read, args=(index,)))
        threads[-1].start()
    assert main(arguments) == 0, capsys.readouterr()
    for thread in threads:
        thread.join()
    assert found == expected
    for name in outputs:
        (folder / name).unlink()
    (folder / outputs[0]).symlink_to("/dev/null")
    assert main(arguments) == 0, capsys.readouterr()
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_the_standard_output_by_its_name(folder):
    done = run(["predict", "m.xfblas", "x.csv", "--quiet", "-o", "/dev/stdout"])
    assert done.returncode == 0
    assert done.stdout == run(["predict", "m.xfblas", "x.csv", "--quiet"]).stdout != ""


def test_compressed_as_the_ending_says(folder, capsys):
    for name in ("a.csv.gz", "b.CSV.GZ", "c.gz", "plain.csv"):
        assert main(["predict", "m.xfblas", "x.csv", "--quiet", "-o", name]) == 0
    plain = (folder / "plain.csv").read_bytes()
    packed = [(folder / name).read_bytes() for name in ("a.csv.gz", "b.CSV.GZ", "c.gz")]
    assert [gzip.decompress(content) for content in packed] == [plain] * 3
    assert packed[0] == packed[1] == packed[2]
    capsys.readouterr()
    for name in ("x.csv.bz2", "x.csv.xz", "x.csv.zip", "x.csv.zst", "x.npy.gz", "x.parquet.gz"):
        assert main(["predict", "m.xfblas", "x.csv", "-o", name]) == 2
        assert f"--output is {name}, expected" in capsys.readouterr().err
        assert not (folder / name).exists()


OVER = {
    "quantize onto the model": ("quantize {} --data wide.csv -o", "m.h5"),
    "quantize onto rows": ("quantize m.h5 --data {} -o", "wide.csv"),
    "quantize onto the image": ("quantize m.h5 --data wide.csv --xclbin {} -o", "i.xclbin"),
    "predict onto rows": ("predict m.xfblas {} -o", "x.csv"),
    "predict onto the model": ("predict {} x.csv -o", "m.xfblas"),
    "predict onto calibration": ("predict m.h5 wide.csv --calibration {} -o", "c.csv"),
    "trace onto rows": ("profile m.xfblas {} -o", "x.csv"),
    "timeline onto the trace": ("profile m.xfblas x.csv -o {} --html", "out"),
    "html onto the model": ("report {} --data x.csv --html", "m.xfblas"),
    "html onto the data": ("report m.xfblas --data {} --html", "x.csv"),
    "html onto labels": ("report m.xfblas --data x.csv --labels {} --html", "y.csv"),
    "json onto the data": ("report m.xfblas --data {} --json", "x.csv"),
    "json onto html": ("report m.xfblas --data x.csv --html {} --json", "out"),
    "image onto library": ("xclbin build --library {}", "library.so"),
    "image onto section": ("xclbin build --section PDI:{}", "library.so"),
    "configuration onto its source": ("xclbin build out.xclbin --from {} --cfg", "in.dat"),
}
SPELLINGS = {
    "same": lambda name: name,
    "dotted": lambda name: f"./targets/../{name}",
    "absolute": os.path.abspath,
    "link": lambda name: os.symlink(name, "spelled") or "spelled",
    "link of a folder": lambda name: os.symlink(".", "here") or f"here/{name}",
    "hard link": lambda name: os.link(name, "hard") or "hard",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("case", OVER)
def test_an_output_is_no_input(folder, capsys, case, spelling):
    command, name = OVER[case]
    (folder / "targets").mkdir()
    if not (folder / name).exists():
        (folder / name).write_bytes(OLD)
    before = (folder / name).read_bytes()
    other = SPELLINGS[spelling](name)
    assert main([*command.format(name).split(), other]) == 2
    told = capsys.readouterr().err
    assert "is the same file as" in told and len(told.splitlines()) == 1
    assert (folder / name).read_bytes() == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_in_the_middle_leaves_nothing(folder, number):
    np.save("long.npy", np.zeros((20_000_000, 6), np.float32))
    (folder / "out.csv").write_bytes(OLD)
    before = names(folder)
    command = [*COMMAND, "predict", "m.xfblas", "long.npy", "--quiet", "-o", "out.csv"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        limit = time.monotonic() + 60
        while names(folder) == before:
            assert process.poll() is None and time.monotonic() < limit
            time.sleep(0.01)
        process.send_signal(number)
        assert process.wait(30) != 0
    assert names(folder) == before and (folder / "out.csv").read_bytes() == OLD


def test_two_savers_of_one_path(folder):
    code = (
        "import sys, xfblas; m = xfblas.load('m.xfblas')\n"
        "for _ in range(40): m.save('shared.xfblas')"
    )
    savers = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(3)]
    expected, reads = xfblas.load("m.xfblas").predict(ROWS, verbose=0), 0
    while any(saver.poll() is None for saver in savers):
        if (folder / "shared.xfblas").exists():
            with xfblas.load("shared.xfblas") as model:
                np.testing.assert_array_equal(model.predict(ROWS, verbose=0), expected)
            reads += 1
    assert [saver.returncode for saver in savers] == [0, 0, 0] and reads
    assert not [name for name in names(folder) if name.startswith(".")]


def test_save_to_little_space_tells_path_and_need(folder):
    code = "import xfblas; xfblas.load('m.xfblas').save('small.xfblas')"
    size = (folder / "m.xfblas").stat().st_size
    for limit in (0, 100, 4096, size - 1):
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            preexec_fn=lambda n=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (n, n)),
            check=False,
        )
        assert done.returncode == 1
        last = done.stderr.splitlines()[-1]
        assert last.startswith("OSError: [Errno 27]") and "'small.xfblas'" in last, last
        assert not (folder / "small.xfblas").exists()


def test_reports_of_calls_keep_what_was_there(folder):
    with xfblas.load("m.xfblas") as model:
        found = xfblas.report(model, ROWS)
    found.to_json("report.json")
    before = (folder / "report.json").read_bytes()
    assert json.loads(before)["rows"] == len(ROWS)
    for write in (found.to_json, found.to_html):
        with pytest.raises(OSError, match="/dev/full"):
            write("/dev/full")
        with pytest.raises(xfblas.InvalidValueError, match="path is"):
            write("")
