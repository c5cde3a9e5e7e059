"""What docs/architecture.md lists: environment variables, targets, and where everything is."""

import re
from pathlib import Path

import pytest

import xfblas
from xfblas.device.default_images import TARGETS

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("xfblas", "host_cpp/src", "host_cpp/public", "emulation")


def test_every_variable_that_is_read_is_in_the_table():
    files = [ROOT / "setup.py"]
    files += (
        path
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".cpp", ".hpp")
    )
    read = r'(?:getenv\(|variable\(|environ\.get\(|environ\[)"([A-Z_]+)"|"(XFBLAS_[A-Z_]+)"'
    found = {
        first or second
        for path in files
        if path.name != "_xfblas.cpp"
        for first, second in re.findall(read, path.read_text())
    }
    text = (ROOT / "docs/architecture.md").read_text()
    table = text[text.index("## Environment variables") :].split("\n## ")[0]
    listed = re.findall(r"^\|( `[^|]*)\|", table, re.MULTILINE)
    assert found == set(re.findall(r"`([A-Z_]+)`", "".join(listed)))


def test_the_targets_are_those_of_the_library():
    *first, last = TARGETS
    expected = f"target is 'moon', expected {', '.join(first)} or {last}"
    with pytest.raises(xfblas.XfblasError, match=expected):
        xfblas.open(target="moon")
    makefile = (ROOT / "Makefile").read_text()
    assert f"(filter {' '.join(TARGETS[1:])},$(TARGET))" in makefile
    assert f"--target {TARGETS[1]}\n" in makefile and f"--target {TARGETS[2]}\n" in makefile


def test_every_path_of_the_tables_is_there():
    text = (ROOT / "docs/architecture.md").read_text()
    paths = re.findall(r"`((?:xfblas|host_cpp|hw|bench|tests|apps|emulation)/[\w./]*)`", text)
    assert len(paths) > 50
    assert [path for path in paths if not (ROOT / path).exists()] == []
