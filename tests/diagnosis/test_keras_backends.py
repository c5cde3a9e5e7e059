"""Which backends of Keras can be imported: looked at in processes of their own."""

import json
import os
import sys

import pytest

from xfblas.cli import main
from xfblas.diagnosis import facts
from xfblas.scoring import keras_backends


@pytest.fixture(autouse=True)
def _fresh(monkeypatch, tmp_path):
    """No backend is chosen, and nothing is remembered from another test."""
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    forget = keras_backends.failures.cache_clear
    forget()
    yield
    forget()


def fake(monkeypatch, tmp_path, **modules):
    """Modules that children import before any of the same name."""
    for name, text in modules.items():
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


KERAS = """
import importlib, os
importlib.import_module(os.environ["KERAS_BACKEND"])
class backend:
    backend = staticmethod(lambda: os.environ["KERAS_BACKEND"])
class ops:
    ones = sum = staticmethod(lambda value: 2)
"""


def test_what_fails_is_told_and_ends_nothing_else(monkeypatch, tmp_path):
    fake(
        monkeypatch,
        tmp_path,
        keras=KERAS,
        works="",
        lacks="import no_such_module",
        dies="import os; os.abort()",
    )
    found = keras_backends.failures(("works", "lacks", "dies"))
    assert list(found) == ["lacks", "dies"]
    assert found["lacks"] == "ModuleNotFoundError: No module named 'no_such_module'"
    assert found["dies"] == "ended with status -6"


def test_what_takes_too_long_is_told(monkeypatch, tmp_path):
    fake(monkeypatch, tmp_path, keras=KERAS, hangs="import time; time.sleep(60)")
    monkeypatch.setattr(keras_backends, "TIME_LIMIT", 1)
    assert keras_backends.failures(("hangs",)) == {"hangs": "takes more than 1 seconds to import"}


def test_a_keras_that_takes_another_backend_is_told(monkeypatch, tmp_path):
    """Keras 2 has TensorFlow alone, and does not look at KERAS_BACKEND."""
    keras = KERAS.replace('lambda: os.environ["KERAS_BACKEND"]', "lambda: 'one'")
    fake(monkeypatch, tmp_path, keras=keras, two="")
    assert keras_backends.failures(("two",)) == {"two": "this Keras takes one instead"}


def test_a_real_one_works_and_looking_leaves_no_settings(monkeypatch, tmp_path):
    if not all(map(keras_backends.is_installed, ("keras", "jax"))):
        pytest.skip('needs Keras with jax: pip install ".[keras]"')
    home = tmp_path / "home"
    home.mkdir()
    assert keras_backends.failures(("jax",)) == {}
    assert list(home.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "variable", "expected"),
    [
        (None, None, "tensorflow"),
        ('{"backend": "torch"}', None, "torch"),
        ('{"backend": "torch"}', "jax", "jax"),
        ("{", None, "tensorflow"),
        ("[]", None, "tensorflow"),
        ('{"floatx": "float32"}', "", "tensorflow"),
    ],
)
def test_what_import_keras_takes(monkeypatch, tmp_path, settings, variable, expected):
    if settings is not None:
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "keras.json").write_text(settings)
    if variable is not None:
        monkeypatch.setenv("KERAS_BACKEND", variable)
    assert keras_backends.chosen() == expected


@pytest.mark.parametrize(
    ("there", "variable", "expected"),
    [
        (["jax"], None, "jax"),
        (["torch"], None, "torch"),
        (["jax", "tensorflow"], None, None),  # Keras finds what it looks for
        ([], None, None),
        (["jax"], "tensorflow", "tensorflow"),  # the user's choice stays
    ],
)
def test_one_is_chosen_where_nobody_did(monkeypatch, there, variable, expected):
    monkeypatch.setattr(keras_backends, "is_installed", lambda name: name in there)
    if variable is not None:
        monkeypatch.setenv("KERAS_BACKEND", variable)
    keras_backends.choose()
    assert os.environ.get("KERAS_BACKEND") == expected
    monkeypatch.delenv("KERAS_BACKEND", raising=False)


def doctor(capsys, monkeypatch, there, failures):
    monkeypatch.setattr(keras_backends, "is_installed", lambda name: name in there)
    monkeypatch.setattr(
        keras_backends, "failures", lambda names: {n: failures[n] for n in names if n in failures}
    )
    main(["doctor"])
    text = capsys.readouterr().out
    main(["doctor", "--json"])
    return text, json.loads(capsys.readouterr().out)


def test_doctor_says_which_backend_to_set(capsys, monkeypatch):
    there, failures = ("keras", "jax"), {"tensorflow": "No module named 'tensorflow'"}
    text, found = doctor(capsys, monkeypatch, there, failures)
    assert "backends jax; `import keras` takes tensorflow" in text
    assert "tensorflow fails: No module named 'tensorflow'" in text
    assert "set KERAS_BACKEND=jax" in text
    assert found["keras"]["backends"] == ["jax"] and found["keras"]["chosen"] == "tensorflow"


def test_doctor_says_nothing_where_import_keras_works(capsys, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    text, found = doctor(capsys, monkeypatch, ("keras", "jax", "torch"), {"torch": "broken"})
    assert "KERAS_BACKEND" not in text and "torch fails: broken" in text
    assert found["keras"]["backends"] == ["jax"]


def test_doctor_without_any_backend(capsys, monkeypatch):
    text, _ = doctor(capsys, monkeypatch, ("keras", "jax"), {"jax": "broken", "tensorflow": "none"})
    assert "backends none" in text and "pip install jax" in text


def test_keras_is_not_imported_here(capsys):
    """What cannot be imported may end the process that tries."""
    before = {name for name in sys.modules if name.split(".")[0] in ("keras", "jax")}
    facts.keras()
    assert before == {name for name in sys.modules if name.split(".")[0] in ("keras", "jax")}
