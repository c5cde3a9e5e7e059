"""write_header_file: numbers that C reads as Python has them; the command, and make zynq."""

import os
import subprocess
import sys

import numpy as np
import projects
import pytest

import xfblas
from xfblas.errors import InvalidValueError

pytestmark = pytest.mark.native

PROGRAM = """
#include <stdio.h>
#include "data.h"
#define PRINT(name, format) \\
  for (unsigned i = 0; i < sizeof name / sizeof *name; ++i) \\
    printf(#name " " format "\\n", name[i])
int main() {
  printf("sizes %d %d %d ", N_SAMPLES, N_X_INPUTS, N_Y_OUTPUTS);
  printf("%d %d %d %d\\n", N_W2, N_B2, N_W4, N_B4);
  PRINT(data_X_inputs, "%.9g");
  PRINT(data_y_outputs, "%.9g");
  PRINT(data_y_keras_outputs, "%.9g");
  PRINT(data_y_hls_outputs, "%.9g");
  PRINT(w2, "%d");
  PRINT(b2, "%d");
  PRINT(w4, "%d");
  PRINT(b4, "%d");
  return 0;
}
"""


@pytest.fixture
def model():
    with xfblas.compile(projects.network(0), projects.rows()) as compiled:
        yield compiled


@pytest.mark.parametrize("compiler, language", [("gcc", "c"), ("g++", "c++")])
def test_a_compiler_reads_the_same_numbers(tmp_path, model, compiler, language):
    x = projects.rows(9)
    x[0, :4] = 0, -0.0, 1e-42, 3e38
    y = np.eye(4)[np.arange(9) % 4]
    hls = model.predict(x, verbose=0)
    keras = hls.astype(np.float64) + 1e-9
    xfblas.write_header_file(model, x, y, keras, hls, 7, tmp_path / "data.h")
    (tmp_path / "main.c").write_text(PROGRAM)
    flags = ["-std=c99" if language == "c" else "-std=c++11", "-Wall", "-Wextra", "-Werror"]
    command = [compiler, "-x", language, *flags, tmp_path / "main.c", "-o", tmp_path / "main"]
    projects.run(command)
    found = {}
    for line in projects.run([tmp_path / "main"]).splitlines():
        name, *values = line.split()
        found.setdefault(name, []).extend(values)
    layers = model.networks["d0"].layers
    sizes = [7, 7, 4, *(s for layer in layers for s in (layer.weights.size, layer.bias.size))]
    assert found["sizes"] == [str(size) for size in sizes]
    for name, expected in {
        "data_X_inputs": x,
        "data_y_outputs": y,
        "data_y_keras_outputs": keras,
        "data_y_hls_outputs": hls,
    }.items():
        numbers = np.array(found[name], np.float32)
        np.testing.assert_array_equal(numbers, expected[:7].astype(np.float32).ravel())
        assert (np.signbit(numbers) == np.signbit(expected[:7]).ravel()).all()
    for layer, names in zip(layers, (("w2", "b2"), ("w4", "b4")), strict=True):
        for name, values in zip(names, (layer.weights, layer.bias), strict=True):
            np.testing.assert_array_equal(np.array(found[name], np.int64), values.ravel())


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"X": np.zeros((9, 6))}, r"X has shape \(9, 6\), expected \(rows, 7\)"),
        ({"y": np.zeros((9, 3))}, "y has shape"),
        ({"y": np.zeros((8, 4))}, "y has 8 rows, expected 9"),
        ({"y_hls": np.full((9, 4), np.inf)}, "y_hls is inf at row 0, column 0"),
        ({"y_keras": "x"}, "y_keras"),
        ({"X": np.zeros((0, 7))}, "X has shape"),
        ({"n": 10}, "n is 10"),
        ({"n": 0}, "n is 0"),
        ({"path": 3}, "path"),
        ({"model": None}, "model is None"),
    ],
)
def test_wrong_arguments(tmp_path, model, wrong, words):
    good = dict.fromkeys(("y", "y_keras", "y_hls"), np.zeros((9, 4)))
    good |= {"model": model, "X": projects.rows(9), "n": 5, "path": tmp_path / "data.h"}
    with pytest.raises(InvalidValueError, match=words):
        xfblas.write_header_file(**{**good, **wrong})
    assert not (tmp_path / "data.h").exists()


def command(*arguments, **options):
    whole = [sys.executable, "-m", "xfblas", *map(str, arguments)]
    return subprocess.run(whole, capture_output=True, text=True, **options)


def test_the_command(tmp_path, model):
    model.save(tmp_path / "m.xfblas")
    np.save(tmp_path / "x.npy", projects.rows(30))
    output = tmp_path / "project"
    options = ["--data", tmp_path / "x.npy", "--samples", "20", "--rows", "8"]
    done = command("export-c", tmp_path / "m.xfblas", "-o", output, *options)
    assert done.returncode == 0, done.stderr
    made = projects.make(output, "DRIVER=model", f"MODEL={projects.register_model()}")
    assert "data.h: 20 rows, 0 of 80 values differ" in made.stdout and "PASS" in made.stdout


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["nothing.xfblas", "-o", "p"], "there is no such file"),
        (["x.npy", "-o", "p"], "x.npy"),
        (["m.xfblas", "-o", "x.npy"], "--output is"),
        (["m.xfblas", "-o", "p", "--rows", "0"], "--rows is 0"),
        (["m.xfblas", "-o", "p", "--samples", "-1"], "--samples is -1"),
        (["m.xfblas", "-o", "p", "--data", "wide.npy"], "--data"),
        (["m.xfblas", "-o", "p", "--data", "none.npy"], "--data"),
    ],
)
def test_the_command_tells_what_is_wrong(tmp_path, model, arguments, words):
    model.save(tmp_path / "m.xfblas")
    np.save(tmp_path / "x.npy", projects.rows(3))
    np.save(tmp_path / "wide.npy", np.zeros((3, 9)))
    np.save(tmp_path / "none.npy", np.zeros((0, 7)))
    done = command("export-c", *arguments, cwd=tmp_path)
    assert done.returncode == 2 and words in done.stderr and done.stderr.count("\n") == 1
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("option", ["BOARD=nothing", "TOP=both", "MACHINE=nothing"])
def test_make_zynq_with_wrong_options(option):
    """An older program of another run is not taken for it."""
    pytest.importorskip("sklearn", reason='scikit-learn is missing: pip install ".[apps]"')
    whole = ["make", "-s", "-C", projects.ROOT / "apps/zynq", "run", option]
    done = subprocess.run([*whole, f"PYTHON={sys.executable}"], capture_output=True, text=True)
    assert done.returncode != 0 and "PASS" not in done.stdout
    assert option.split("=")[1] in done.stderr


@pytest.mark.sampled("here")
@pytest.mark.parametrize("top", ["master", "stream"])
@pytest.mark.parametrize("machine", ["here", *projects.EMULATORS])
def test_make_zynq(machine, top):
    """Two trainings of the digits MLP in one program."""
    pytest.importorskip("sklearn", reason='scikit-learn is missing: pip install ".[apps]"')
    machine = "" if machine == "here" else machine
    projects.need_machine(machine)
    options = [f"MACHINE={machine}", f"TOP={top}", f"PYTHON={sys.executable}"]
    whole = ["make", "-s", "-C", projects.ROOT / "apps/zynq", "run", *options]
    environment = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}
    out = projects.run(whole, env=environment)
    assert out.count("64 rows, 0 of 640 values differ") == 2 and out.count("PASS") == 2
