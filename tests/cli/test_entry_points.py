"""``python -m xfblas`` is the ``xfblas`` command."""

import subprocess
import sys

import pytest

from xfblas.device.binding import version


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [(["--version"], 0, version()), (["report", "none.keras"], 2, ""), ([], 0, "usage: xfblas ")],
)
def test_as_a_module(arguments, status, text):
    done = subprocess.run(
        [sys.executable, "-m", "xfblas", *arguments], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout[: len(text)]) == (status, text), done
