"""Which backends of Keras can be imported, and which one ``import keras`` takes.

Keras takes TensorFlow unless KERAS_BACKEND or its keras.json says otherwise, installed or not.
"""

import functools
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from xfblas.errors import NotSupportedError

#: Those that can train, in the order in which one is proposed.
BACKENDS = ("jax", "tensorflow", "torch")
DEFAULT = "tensorflow"
#: Seconds that an import may take; TensorFlow needs half a minute on a slow disk.
TIME_LIMIT = 60

PROGRAM = "import keras; print(keras.backend.backend(), float(keras.ops.sum(keras.ops.ones(2))))"


def is_installed(name: str) -> bool:
    """Whether there is such a package, without importing it."""
    return importlib.util.find_spec(name) is not None


def installed() -> list[str]:
    """Backends that are installed, whether or not they can be imported."""
    return [name for name in BACKENDS if is_installed(name)]


def chosen() -> str:
    """The backend that ``import keras`` takes."""
    if name := os.environ.get("KERAS_BACKEND"):
        return name
    try:
        return json.loads(_settings().read_text())["backend"]
    except (OSError, ValueError, KeyError, TypeError):
        return DEFAULT


def choose() -> None:
    """Sets KERAS_BACKEND where nobody did and the one that Keras would take is not installed."""
    found = installed()
    if not os.environ.get("KERAS_BACKEND") and found and not is_installed(chosen()):
        os.environ["KERAS_BACKEND"] = found[0]


def import_keras(purpose: str):
    """Keras, on a backend that is installed unless the caller chose one.

    Args:
        purpose: what needs it, the subject of the error's sentence.

    Raises:
        NotSupportedError: Keras or its backend is not installed.
    """
    choose()
    try:
        import keras
    except (ImportError, ValueError) as error:
        # Keras' own message is a page for a backend that it does not know.
        reason = str(error).strip().splitlines()[0]
        raise NotSupportedError(
            f"{purpose} needs Keras with the backend {chosen()} ({reason}): pip install "
            '".[keras]" in the source tree, and set KERAS_BACKEND=jax'
        ) from None
    return keras


@functools.cache
def failures(names: tuple[str, ...]) -> dict[str, str]:
    """Tries backends in processes of their own; why each that failed cannot be imported."""
    with ThreadPoolExecutor() as pool:
        reasons = dict(zip(names, pool.map(_failure, names), strict=True))
    return {name: reason for name, reason in reasons.items() if reason}


def _failure(name: str) -> str:
    with tempfile.TemporaryDirectory() as home:
        # Keras writes its settings where there are none, which looking must not do.
        if _settings().is_file():
            shutil.copy(_settings(), home)
        environment = {**os.environ, "KERAS_BACKEND": name, "KERAS_HOME": home}
        try:
            done = subprocess.run(
                [sys.executable, "-c", PROGRAM],
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIME_LIMIT,
            )
        except subprocess.TimeoutExpired:
            return f"takes more than {TIME_LIMIT} seconds to import"
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"])[-1]
    used = (done.stdout.split() or ["nothing"])[0]
    return "" if used == name else f"this Keras takes {used} instead"


def _settings() -> Path:
    folder = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    return Path(folder) / "keras.json"
