"""The make targets that people and CI call."""

import re
import subprocess
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


@pytest.mark.parametrize("machine", ["Haswell XFBLAS_ISA=avx2", "Prescott XFBLAS_ISA=portable"])
def test_ci_runs_the_tests_as_other_cpus_have_them(machine):
    assert "make test-machines" in (ROOT / ".ci/run").read_text()
    text = "\n".join(commands("test-machines"))
    blas, isa = machine.split(" XFBLAS_ISA=")
    assert f"{blas}/{isa}" in text and "OPENBLAS_CORETYPE=$blas XFBLAS_ISA=$isa" in text


def test_help_has_a_sentence_for_every_target():
    text = (ROOT / "Makefile").read_text()
    done = subprocess.run(["make", "-C", ROOT, "help"], capture_output=True, text=True, check=True)
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)[1].split()
    # What a person does not call.
    listed = set(phony) - {"check"}
    assert {line.split()[1] for line in done.stdout.splitlines() if "  make " in line} >= listed
