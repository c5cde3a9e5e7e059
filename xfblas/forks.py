"""What a fork renews: the child has none of the threads that were at work in its parent.

This is the one place that registers with the interpreter. A lock that another thread held is free
in the child, and what that thread was changing is left behind.
"""

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any

_renewals: weakref.WeakKeyDictionary[Any, Callable[[Any], object]] = weakref.WeakKeyDictionary()


def renew_in_children(thing: Any, renew: Callable[[Any], object]) -> None:
    """Has ``renew(thing)`` called in every child of a fork, for as long as the thing is there."""
    _renewals[thing] = renew


def lock(lose: Callable[[], object] | None = None) -> Any:
    """A reentrant lock that is free in the child of a fork unless the forking thread holds it.

    Args:
        lose: called in a child where another thread held it, to leave behind what it guards.
    """
    made = threading.RLock()
    renew_in_children(made, lambda held: _free(held, lose))
    return made


def _free(held: Any, lose: Callable[[], object] | None) -> None:
    if held.acquire(blocking=False):
        held.release()
        return
    held._at_fork_reinit()  # as the locks of the standard library
    if lose is not None:
        lose()


def _renew_all() -> None:
    for thing, renew in list(_renewals.items()):
        renew(thing)


os.register_at_fork(after_in_child=_renew_all)
