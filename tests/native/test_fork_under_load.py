"""Forks while other threads call a public entry: no child hangs, and what it opens itself works."""

import subprocess
import sys
from pathlib import Path

import pytest
from children import TESTS
from keras_models import import_keras

PROGRAM = Path(__file__).with_name("programs") / "fork_under_load.py"

ENTRIES = (
    *("predict", "predict in batches", "predict clipped rows", "predict with floats", "trace"),
    *("trace with floats", "save and load", "compile", "matmul", "matmul of floats"),
    *("matmul on a device", "a program", "open", "L3 functions", "L3 create", "KerasRT"),
    "accelerate",
)


@pytest.mark.parametrize("entry", ENTRIES)
def test_forks_under_load(entry, tmp_path, monkeypatch):
    if entry == "accelerate":
        import_keras()
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    command = [sys.executable, str(PROGRAM), entry, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
