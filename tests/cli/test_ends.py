"""How commands end: at closed pipes, interrupts and odd words; and what terminals show."""

import os
import pty
import signal
import subprocess
import sys

import numpy as np
import pytest
from keras_models import rows_for

import xfblas

pytestmark = pytest.mark.native
XFBLAS = [sys.executable, "-m", "xfblas"]


@pytest.fixture(scope="module")
def folder(keras_model, tmp_path_factory):
    """A model, a compiled one, and 20,000 rows."""
    found = tmp_path_factory.mktemp("ends")
    model = keras_model("plain")
    model.save(found / "m.keras")
    x = rows_for(model, 100)
    with xfblas.compile(model, x) as compiled:
        compiled.save(found / "m.xfblas")
    np.savetxt(found / "x.csv", x, delimiter=",")
    np.save(found / "many.npy", np.tile(x, (200, 1)))
    return found


def run(folder, *arguments, **options):
    return subprocess.run(
        [*XFBLAS, *arguments], cwd=folder, capture_output=True, text=True, timeout=120, **options
    )


@pytest.mark.parametrize(
    "command",
    [
        "predict m.xfblas many.npy",
        "predict m.xfblas x.csv",
        "report m.xfblas --data x.csv",
        "doctor",
        "xclbin info image",
        "estimate -m 8 -k 8 -n 8",
        "--help",
    ],
)
def test_a_pipe_that_closes_is_no_error(folder, command):
    command = command.replace("image", str(xfblas.image_path("default_short")))
    # The reader is gone before anything is written, which no buffer hides.
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*XFBLAS, *command.split()], cwd=folder, stdout=writer, stderr=subprocess.PIPE, timeout=120
    )
    os.close(writer)
    # argparse keeps to itself what became of its help.
    assert done.stderr == b"" and done.returncode == (0 if command == "--help" else 141)


@pytest.mark.parametrize("command", ["doctor", "estimate -m 8 -k 8 -n 8", "predict m.xfblas x.csv"])
def test_no_standard_output_at_all(folder, command):
    words = " ".join([*XFBLAS, command])
    done = subprocess.run(
        ["sh", "-c", f"{words} >&-"], cwd=folder, capture_output=True, text=True, timeout=120
    )
    assert "Traceback" not in done.stderr and done.stderr.count("\n") <= 1
    assert done.returncode in (0, 2)


def test_an_interrupt_is_one_line(folder, capfd, monkeypatch):
    from xfblas import cli, tables

    def interrupted(*arguments, **options):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.chdir(folder)
    monkeypatch.setattr(tables, "open_table", interrupted)
    assert cli.main(["predict", "m.xfblas", "x.csv"]) == 130
    assert capfd.readouterr() == ("", "xfblas: interrupted\n")


def test_an_interrupt_while_the_command_is_imported(monkeypatch, capsys):
    from xfblas.__main__ import main

    class Interrupting:
        def find_spec(self, name, path, target=None):
            if name.startswith("xfblas.commands"):
                signal.raise_signal(signal.SIGINT)

    for name in [one for one in sys.modules if one.startswith(("xfblas.cli", "xfblas.commands"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr(xfblas, "cli", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])
    assert main() == 130
    assert capsys.readouterr() == ("", "xfblas: interrupted\n")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("quantize m.keras --data x.csv -o .", "--output is ., which is a folder"),
        ("quantize m.keras --data x.csv -o new.h5", "--output is new.h5, but what is written"),
        ("predict m.xfblas x.csv -o new.xfblas", "--output is new.xfblas, but what is written"),
        ("quantize m.keras --data x.csv -o ''", "--output"),
        ("predict m.xfblas x.csv -o ''", "--output"),
        (
            "quantize m.keras --data x.csv -o o.xfblas --margin 1e300",
            "--margin is 1e+300, expected",
        ),
        ("quantize m.keras --data x.csv -o o.xfblas --option bits=8", "--bits"),
        ("quantize m.keras --data x.csv -o o.xfblas --option device=1", "expected --device"),
        ("quantize m.keras --data x.csv -o o.xfblas --option xclbin=1", "expected --xclbin"),
        ("quantize m.keras --data x.csv -o o.xfblas --option output=1", "expected --output"),
        ("quantize m.keras --data x.csv -o o.xfblas --option drop=1", "expected --drop"),
        ("quantize m.keras --data long.csv -o o.xfblas", "long.csv"),
        ("quantize m.keras --data wide.csv -o o.xfblas", "--data: input"),
        ("quantize m.keras --data names.csv -o o.xfblas", "names.csv"),
        ("predict m.keras x.csv --calibration names.csv", "names.csv"),
        ("quantize m.keras --bits 32 --data nope -o o.xfblas", "nope"),
        ("predict m.keras x.csv --bits 32 --calibration nope", "nope"),
        ("estimate -m 0 -k 4 -n 4", "-m is 0, expected 1"),
        ("estimate -m 4 -k 0 -n 4", "-k is 0, expected 1"),
        ("estimate -m 4 -k 4 -n -1", "-n is -1, expected 1"),
        ("estimate -m 4 -k 4 -n 99999999999999999999", "-n is 99999999999999999999, expected 1"),
        ("estimate --model m.keras -m 0", "-m is 0, expected 1"),
        ("estimate --model m.keras -k 0 -m 1", "-k or -n is given"),
    ],
)
def test_odd_words(folder, capsys, monkeypatch, arguments, text):
    from xfblas.cli import main

    monkeypatch.chdir(folder)
    (folder / "long.csv").write_text("1" * 200_000 + "\n")
    (folder / "wide.csv").write_text(",".join("1" * 100_000) + "\n")
    (folder / "names.csv").write_text(",".join("abcdefghijkl") + "\n")
    status = main([word.strip("'") for word in arguments.split()])
    error = capsys.readouterr().err
    assert status == 2 and text in error, error
    assert error.startswith("xfblas: ") and error.count("\n") == 1 and len(error) < 1000


def test_parquet_without_pyarrow(folder):
    code = "import sys; sys.modules['pyarrow'] = None; from xfblas.cli import main; "
    for words in (["predict", "m.xfblas", "x.csv", "-o", "y.parquet"],):
        done = subprocess.run(
            [sys.executable, "-c", f"{code}sys.exit(main({words}))"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and "pyarrow" in done.stderr
        assert not (folder / "y.parquet").exists()


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_and_progress_on_terminals_alone(folder, environment):
    """Tables and the bar of ``predict``, where both streams are a terminal, and where none is."""
    commands = [["report", "m.xfblas", "--data", "x.csv"], ["predict", "m.xfblas", "many.npy"]]
    for command in commands:
        more = ["-o", "y.csv"] if command[0] == "predict" else []
        plain = run(folder, *command, *more)
        assert plain.returncode == 0 and "\x1b" not in plain.stdout + plain.stderr
        assert plain.stderr == ""
        shown = _in_terminal(folder, [*command, *more], {"TERM": "xterm", **environment})
        assert ("\x1b" in shown) == (not environment)
        assert ("━━" in shown and "\b" in shown) == (not environment and command[0] == "predict")


def _in_terminal(folder, arguments, environment):
    """What a command shows on a terminal."""
    ours, theirs = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    process = subprocess.Popen(
        [*XFBLAS, *arguments], cwd=folder, stdout=theirs, stderr=theirs, env=kept | environment
    )
    os.close(theirs)
    found = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end was closed
            break
        found += part
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return found.decode()
