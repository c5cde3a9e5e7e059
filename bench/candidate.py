"""What is measured: a call, and a check that it computes what it should."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np


class Missing(Exception):
    """A library is not here, or cannot do this; the message says what to do about it."""


class WrongResult(Exception):
    """A candidate computed something else than it should."""


@dataclass(frozen=True)
class Candidate:
    """One way to compute a case.

    Attributes:
        name: the same in every case, since results are found by it.
        call: computes the case once.
        check: raises a WrongResult, or returns what is worth noting about the result.
    """

    name: str
    call: Callable[[], object]
    check: Callable[[], dict] = field(default=dict)


def require_equal(name: str, found: np.ndarray, expected: np.ndarray) -> dict:
    """A check for results that must be exact."""
    if found.shape != expected.shape or not np.array_equal(found, expected):
        wrong = np.mean(found != expected) if found.shape == expected.shape else 1.0
        raise WrongResult(f"{name}: {wrong:.1%} of the elements are wrong")
    return {}


def require_close(name: str, found: np.ndarray, expected: np.ndarray, share: float) -> dict:
    """A check for floats: no error above a share of the largest element."""
    error = float(np.abs(found - expected).max() / np.abs(expected).max())
    if not error <= share:
        raise WrongResult(f"{name}: an error of {error:.2g} of the largest element")
    return {"error": error}
