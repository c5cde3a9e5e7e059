"""The make targets that people and CI call."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def commands(target):
    """What make would run."""
    done = subprocess.run(
        ["make", "-n", "-C", ROOT, target], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_lint_checks_the_style_that_ci_checks():
    style = [line for line in commands("test") if "ruff" in line]
    assert style and set(style) <= set(commands("lint"))
    assert any("tests/hw/test_sources.py" in line for line in commands("lint"))
    assert "mypy" in style[0] and "lint-imports" in style[0]


def seed_of_the_sources():
    command = "git ls-tree HEAD hw host_cpp tests xfblas | cksum"
    found = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True)
    return int(found.stdout.split()[0])


def test_ci_runs_everything():
    """What make test leaves out, make test-all has, but for the long checks of make test-hw."""
    assert "\nmake test-all\n" in (ROOT / ".ci/run").read_text()
    runs = [line.split("pytest ")[1] for line in commands("test-all") if "-m pytest" in line]
    once = f"--durations=15 --hypothesis-seed={seed_of_the_sources()}"
    every = f'{once} -m "not hw"'
    assert runs[:4] == [
        f"{every} -n auto --dist loadfile --ignore=tests/proof",
        f"{every} tests/proof",
        f"{every} --target csim",
        f"{every} --target xrt",
    ]
    assert all(once in line for line in runs[4:]) and len(runs) > 4
    assert f".venv/bin/python -m pytest {once} -m hw" in commands("test-hw")
    assert [line for line in commands("test") if "pytest" in line] == [
        f".venv/bin/python -m pytest {once} -n auto --dist loadfile"
    ]


def collected(*options):
    command = [sys.executable, "-m", "pytest", "--collect-only", *options]
    command += ["tests/hw/test_float.py", "tests/hw/test_native.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return {line for line in done.stdout.splitlines() if "::" in line}


def test_some_examples_are_left_to_the_exhaustive_run():
    quick, every = collected(), collected("-m", "not hw")
    left = every - quick
    assert quick < every and {line for line in left if "test_native" in line}
    assert not [line for line in quick if "test_native" in line]
    of_product = {line for line in every if "test_product" in line}
    assert {line for line in of_product if "small" in line} == of_product & quick != of_product


@pytest.mark.parametrize("machine", ["Haswell XFBLAS_ISA=avx2", "Prescott XFBLAS_ISA=portable"])
def test_ci_runs_the_tests_as_other_cpus_have_them(machine):
    assert any("test-machines" in line for line in commands("test-all"))
    text = "\n".join(commands("test-machines"))
    blas, isa = machine.split(" XFBLAS_ISA=")
    assert f"{blas}/{isa}" in text and "OPENBLAS_CORETYPE=$blas XFBLAS_ISA=$isa" in text


@pytest.mark.parametrize("architecture", ["arm64", "armhf"])
def test_both_kinds_of_arm_have_a_python_of_their_own(architecture):
    python = f"{ROOT}/build/arm/{architecture}/venv/bin/python -m pytest"
    assert [line for line in commands("test-arm") if python in line and "tests/engine" in line]


def test_help_has_a_sentence_for_every_target():
    text = (ROOT / "Makefile").read_text()
    done = subprocess.run(["make", "-C", ROOT, "help"], capture_output=True, text=True, check=True)
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split()
    # What a person does not call.
    listed = set(phony) - {"check"}
    assert {line.split()[1] for line in done.stdout.splitlines() if "  make " in line} >= listed
