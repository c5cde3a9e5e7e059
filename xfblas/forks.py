"""What a fork renews: the child has none of the threads that were at work in its parent.

This is the one place that registers with the interpreter. A lock that another thread held is free
in the child, and what that thread was changing is left behind. A module that another thread is
importing would stay locked and half there, so a fork waits for it.
"""

import os
import sys
import threading
import time
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


#: Seconds that a fork waits for imports at most; the longest, of pandas, takes about one.
_IMPORT_TIME = 10
_PACKAGE = os.path.dirname(__file__) + os.sep
_IMPORT_SYSTEM = "<frozen importlib._bootstrap>"


def _wait_for_imports() -> None:
    """Waits until no other thread is importing this package, or for it."""
    end = time.monotonic() + _IMPORT_TIME
    own = threading.get_ident()
    while time.monotonic() < end:
        frames = sys._current_frames()
        if not any(_is_importing(frame) for thread, frame in frames.items() if thread != own):
            return
        del frames  # They keep what is in them alive.
        time.sleep(0.001)


def _is_importing(frame: Any) -> bool:
    """Whether a thread imports one of this package's modules, or whatever one of them needs."""
    is_import = False
    while frame is not None:
        code = frame.f_code
        if code.co_filename.startswith(_PACKAGE):
            is_module = code.co_name == "<module>" and frame.f_globals["__name__"] != "__main__"
            if is_import or is_module:
                return True
        is_import |= code.co_filename == _IMPORT_SYSTEM
        frame = frame.f_back
    return False


os.register_at_fork(before=_wait_for_imports, after_in_child=_renew_all)
