"""Asks modules for what they supply; a library that is missing or fails stops nothing."""

import traceback
from importlib import import_module

from bench.candidate import Missing


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


def first_line(error: Exception) -> str:
    """The start of an error's message, on one line."""
    return " ".join(str(error).split())[:200]


def is_ours(name: str) -> bool:
    """Whether a module or a candidate is of this project."""
    return name.startswith("xfblas")
