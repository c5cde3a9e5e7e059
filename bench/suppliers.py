"""Asks modules for what they supply; a library that is missing or fails stops nothing."""

import traceback
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.candidate import Candidate, Missing


def ask(package: str, names, function: str, *arguments) -> tuple[list, dict[str, str]]:
    """Calls a function of each module of a package.

    Args:
        package: such as ``"bench.gemm"``.
        names: of its modules.
        function: that each of them has.
        *arguments: for the function.

    Returns:
        What the functions return, and why some did not, by the module's name.
    """
    found, missing = [], {}
    for name in names:
        try:
            module = import_module(f"{package}.{name}")
            found.append(getattr(module, function)(*arguments))
        except Missing as error:
            missing[name] = str(error)
        except Exception as error:
            # Another version than those that this was written for, most likely.
            traceback.print_exc()
            missing[name] = f"{name}: {type(error).__name__}: {first_line(error)}"
    return found, missing


class Predictors:
    """All ways to run one network.

    Each module of the package has a function ``predictor(network, threads, folder, stack)`` that
    prepares a model and returns a function: for inputs, its candidates.

    Args:
        package: such as ``"bench.predict"``, with the names of its modules in ``SUPPLIERS``.
        network: what the modules know how to run.
        threads: that each may use.
        folder: for files; what is there from an earlier process is used.
        stack: closes what they hold.

    Attributes:
        missing: why suppliers are missing, by their name.
    """

    def __init__(self, package: str, network: Any, threads: int, folder: Path, stack: ExitStack):
        names = import_module(package).SUPPLIERS
        self._functions, self.missing = ask(
            package, names, "predictor", network, threads, folder, stack
        )

    def candidates(self, inputs: Any) -> list[Candidate]:
        """What everyone makes of the same inputs."""
        return [candidate for function in self._functions for candidate in function(inputs)]


def first_line(error: Exception) -> str:
    """The start of an error's message, on one line."""
    return " ".join(str(error).split())[:200]


def is_ours(name: str) -> bool:
    """Whether a module or a candidate is of this project."""
    return name.startswith("xfblas")
