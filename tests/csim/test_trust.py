"""An image on csim is a program: what was not built here is not run, and nothing else runs any."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import xfblas
from xfblas import errors
from xfblas.cli import main
from xfblas.image import built_here
from xfblas.image.builder import build_container, build_image
from xfblas.image.container import Section
from xfblas.image.images import specification
from xfblas.image.kinds import SectionKind

SOURCE = """
#include <fstream>
__attribute__((constructor)) void run() { std::ofstream("%s") << "ran"; }
extern "C" int xfblas_run_fcnKernel() { return 1; }
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    """The specification of an image with a program in it, and the file that it would write."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    mark, library = tmp_path / "ran", tmp_path / "program.so"
    command = ["g++", "-shared", "-fPIC", "-o", library, "-x", "c++", "-"]
    subprocess.run(command, input=SOURCE % mark, text=True, check=True)
    return replace(specification("default_short"), library=library.read_bytes()), mark


@pytest.fixture
def foreign(program, tmp_path):
    wanted, mark = program
    path = tmp_path / "foreign.xclbin"
    path.write_bytes(build_container(wanted).serialize())
    return path, mark


def test_foreign_images_run_only_where_they_are_trusted(foreign):
    path, mark = foreign
    for trust in ({}, {"trust": False}):
        with pytest.raises(errors.ImageError, match=r"foreign\.xclbin was not built.*trust=True"):
            xfblas.open(path, target="csim", **trust)
    with pytest.raises(errors.InvalidValueError, match="trust is 1"):
        xfblas.open(path, target="csim", trust=1)
    assert not mark.exists()
    xfblas.open(path, target="csim", trust=True).close()
    assert mark.read_text() == "ran"


def test_emulated_cards_are_no_way_around(foreign, monkeypatch):
    path, mark = foreign
    monkeypatch.setenv("XCL_EMULATION_MODE", "sw_emu")
    with pytest.raises(errors.ImageError, match="was not built here"):
        xfblas.open(path, target="xrt")
    assert not mark.exists()


def test_a_model_on_a_foreign_image(foreign, capsys):
    path, mark = foreign
    network = xfblas.read_network("apps/mlp_keras/models/digits/best_model.h5")
    x = np.random.default_rng(1).random((40, network.input_units))
    with pytest.raises(errors.ImageError, match="was not built here"):
        xfblas.compile(network, x, xclbin=path, target="csim")
    assert main(["verify", str(path), "--target", "csim"]) == 2
    assert "pass --trust if you trust" in capsys.readouterr().err
    assert not mark.exists()
    xfblas.compile(network, x, xclbin=path, target="csim", trust=True).close()
    assert mark.exists()


def test_what_looks_at_images_runs_nothing(foreign, capsys):
    path, mark = foreign
    assert main(["xclbin", "info", str(path)]) == 0
    assert main(["doctor", str(path)]) == 0
    xfblas.open(path, target="native").close()
    assert not mark.exists()
    assert str(path) in capsys.readouterr().out


def test_what_was_built_here_is_known_wherever_it_lies(program, tmp_path):
    wanted, mark = program
    path = build_image(wanted, tmp_path / "own.xclbin")
    path = path.rename(tmp_path / "moved.xclbin")
    xfblas.open(path, target="csim").close()
    assert mark.exists()


@pytest.mark.parametrize("way", ("changed", "second", "others", "writable", "gone", "homeless"))
def test_what_is_like_something_built_here(program, tmp_path, monkeypatch, way):
    wanted, mark = program
    path = build_image(wanted, tmp_path / "own.xclbin")
    folder = tmp_path / "cache/xfblas/built-here"
    assert folder.stat().st_mode & 0o777 == 0o700
    if way == "changed":
        path.write_bytes(
            build_container(replace(wanted, library=wanted.library + b"x")).serialize()
        )
    elif way == "second":
        container = build_container(wanted)
        container.sections.insert(0, Section(SectionKind.BITSTREAM, "", wanted.library + b"x"))
        path.write_bytes(container.serialize())
    elif way == "others":
        monkeypatch.setattr(built_here.os, "geteuid", lambda: 4711)
    elif way == "writable":
        folder.chmod(0o777)
    elif way == "gone":
        folder.rename(tmp_path / "elsewhere")
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null/nowhere")
        build_image(wanted, path)  # is written all the same
    with pytest.raises(errors.ImageError, match="was not built here"):
        xfblas.open(path, target="csim")
    assert not mark.exists()


def test_packaged_images_hold_no_program():
    for path in xfblas.image_path("default_short").parent.glob("*.xclbin"):
        built_here.require_built_here(path)


def test_what_the_command_builds_is_built_here(program, tmp_path):
    wanted, mark = program
    (tmp_path / "k.so").write_bytes(wanted.library)
    command = [sys.executable, "-m", "xfblas", "xclbin", "build", tmp_path / "i.xclbin"]
    subprocess.run([*command, "--library", tmp_path / "k.so"], check=True, capture_output=True)
    xfblas.open(tmp_path / "i.xclbin", target="csim").close()
    assert mark.exists()
