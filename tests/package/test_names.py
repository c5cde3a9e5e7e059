"""The names of the package: loaded when they are used, and seen by editors and type checkers."""

import ast
import inspect
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import xfblas
from xfblas import errors

ROOT = Path(xfblas.__file__).parents[1]
NAMES = sorted(set(xfblas.__all__) - {"__version__"})

#: What programs do with these names; every line is one that a checker could misunderstand.
PROGRAM = """
import numpy as np
import xfblas
from xfblas import Device, DtypeError, KerasRT, Network, Report

def program(x: np.ndarray) -> int:
    device: Device = xfblas.open(dtype=np.float32, target="native")
    card = xfblas.Device(device="0000:65:00.1", dtype=np.int8)
    with xfblas.open(xfblas.image_path("default_short"), engine="Gemm", device=1) as opened:
        unit = opened.compute_units[0]
        total = unit.empty((3, 3))
        unit.gemm(unit.send(x), unit.send(x), total)
        total.read().sum()
    xfblas.matmul(x, unit.send(x)).sum()
    network: Network = xfblas.read_network("model.h5")
    KerasRT(network, calibration=x, compute_unit=device).predict(x).argmax(1)
    with xfblas.compile("model.keras", x, bits=8) as model:
        model.predict(x, verbose=0).argmax(1)
        model.evaluate(x, x, verbose=2, return_dict=True)
        model.device.close()
    found: Report = xfblas.report(xfblas.load("model.xfblas"), x, compare=True)
    found.print()
    xfblas.accelerate(network, x).forward(x)
    try:
        xfblas.quantize(network, x, bits=16).layers[0].weights.sum()
    except DtypeError as error:
        return error.status
    except (xfblas.InvalidValueError, xfblas.UnsupportedModelError):
        card.close()
    return len(xfblas.__version__) + xfblas.native_engine().threads
"""


def test_every_name_loads():
    for name in NAMES:
        assert getattr(xfblas, name).__name__ == name
    assert set(dir(xfblas)) == {*NAMES, "__version__"}
    with pytest.raises(AttributeError, match="has no attribute 'opne'"):
        xfblas.opne  # noqa: B018


def test_every_error_is_a_name():
    classes = {name for name, value in vars(errors).items() if inspect.isclass(value)}
    assert len(classes) > 10 and classes <= set(NAMES)
    assert xfblas.DtypeError is errors.DtypeError


def test_what_editors_see_is_what_loads():
    """They read the imports under TYPE_CHECKING, where __getattr__ looks into _HOMES."""
    tree = ast.parse(Path(xfblas.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    assert ast.unparse(block.test) == "TYPE_CHECKING"
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    seen = {alias.asname: node.module for node in imports for alias in node.names}
    assert seen == xfblas._HOMES
    # Only a name that is imported as itself is handed on.
    assert all(alias.name == alias.asname for node in imports for alias in node.names)


def test_importing_loads_nothing():
    code = "import sys, xfblas; print([m for m in ('numpy', 'cffi', 'h5py') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


def test_every_name_is_checked_strictly():
    """What make lint calls checks the modules that the names come from."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    homes = {sys.modules[getattr(xfblas, name).__module__].__file__ for name in NAMES}
    assert settings["strict"] and {str(ROOT / file) for file in settings["files"]} >= homes


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of the checker, whose second run knows what its first found."""
    return tmp_path_factory.mktemp("types")


def check_types(folder, program):
    mypy = shutil.which("mypy", path=Path(sys.executable).parent)
    if mypy is None:
        pytest.skip('needs mypy: pip install ".[test]"')
    (folder / "program.py").write_text(program)
    command = [mypy, "--strict", "--follow-imports=silent", "--cache-dir", "cache", "program.py"]
    # By its path, since mypy does not follow what an editable installation leaves behind.
    environment = {**os.environ, "MYPYPATH": str(ROOT), "NO_COLOR": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_a_type_checker_knows_the_names(folder):
    assert (Path(xfblas.__file__).with_name("py.typed")).is_file()
    done = check_types(folder, PROGRAM)
    assert done.returncode == 0, done.stdout


def test_a_type_checker_finds_mistakes(folder):
    mistakes = "import xfblas\nxfblas.opne()\nxfblas.open(target=3)\nxfblas.Device(engine=5)\n"
    done = check_types(folder, mistakes + "xfblas.open().compute_unit\n")
    assert [line.split(":")[1] for line in done.stdout.splitlines()[:-1]] == ["2", "4", "5"]
