"""Trains the models once, and prints the table at the end."""

from pathlib import Path

import pytest
from cases import train
from keras_models import import_keras
from proof_table import table_text

ROOT = Path(__file__).resolve().parents[2]
FOUND = {}


@pytest.fixture(scope="session")
def keras():
    pytest.importorskip("sklearn", reason='needs scikit-learn: pip install ".[test]"')
    module = import_keras()
    # Each model is compiled for a second of training, most of it for speed that is not needed.
    jax = pytest.importorskip("jax") if module.backend.backend() == "jax" else None
    if jax is not None:
        jax.config.update("jax_disable_most_optimizations", True)
    yield module
    if jax is not None:
        jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="session")
def trained(keras):
    """``trained(architecture, dataset)``: a case, trained when it is first asked for."""
    cases = {}

    def get(architecture, dataset):
        key = (architecture, dataset)
        if key not in cases:
            cases[key] = train(keras, architecture, dataset)
        return cases[key]

    return get


@pytest.fixture
def found():
    """``found(case)``: its dict of outcomes, which are printed and written at the end."""

    def get(case):
        accuracy = float((case.labels == case.y).mean())
        start = {"rows": len(case.y), "accuracy": accuracy}
        return FOUND.setdefault((case.architecture, case.dataset), start)

    return get


def pytest_terminal_summary(terminalreporter):
    if not FOUND:
        return
    text = table_text(FOUND)
    path = ROOT / "build" / "proof.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text + "\n")
    terminalreporter.section("labels and logits against Keras (also in build/proof.md)")
    terminalreporter.write_line(text)
