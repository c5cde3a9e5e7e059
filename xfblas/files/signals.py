"""Removes files that are being written when a command is ended by a signal.

An exception removes them where it passes, but the default action of SIGTERM ends a process without
one, and a handler in Python has to wait for a call of C to return, which takes long on csim. So a
thread is told of the signal, removes the files, and ends the process as the signal would have.
"""

import contextlib
import os
import signal
import threading

ENDING = (signal.SIGTERM, signal.SIGHUP)

#: Paths of files that are nobody's yet.
unfinished: set[str] = set()
_in_command = False


@contextlib.contextmanager
def removed_when_killed():
    """A ``with`` block for the life of a command, whose signals are its own to handle."""
    global _in_command
    before, _in_command = _in_command, True
    try:
        yield
    finally:
        _in_command = before


@contextlib.contextmanager
def watched():
    """Removes what is ``unfinished`` where a signal ends the process within a ``with`` block."""
    signals = [number for number in ENDING if signal.getsignal(number) == signal.SIG_DFL]
    is_main = threading.current_thread() is threading.main_thread()
    if not (_in_command and is_main and signals):
        yield
        return
    received, told = os.pipe()
    os.set_blocking(told, False)
    thread = threading.Thread(target=_end_process, args=(received,), daemon=True)
    thread.start()
    before = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    for number in signals:
        signal.signal(number, _leave_to_thread)
    try:
        yield
    finally:
        for number in signals:
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(before)
        # The thread reads what has come, then the end.
        os.close(told)
        thread.join()
        os.close(received)


def _leave_to_thread(_number, _frame):
    """Takes the place of the default action."""


def _watched_signals() -> list[int]:
    return [number for number in ENDING if signal.getsignal(number) is _leave_to_thread]


def _hold_signals():
    signal.pthread_sigmask(signal.SIG_BLOCK, _watched_signals())


def _release_signals():
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _watched_signals())


def _renew_in_child():
    """A child has no such thread, and would tell its parent's of its own signals."""
    signals = _watched_signals()
    for number in signals:
        signal.signal(number, signal.SIG_DFL)
    if signals:
        signal.set_wakeup_fd(-1)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)


os.register_at_fork(
    before=_hold_signals, after_in_parent=_release_signals, after_in_child=_renew_in_child
)


def _end_process(received: int) -> None:
    while number := os.read(received, 1):
        if number[0] in ENDING:
            for path in list(unfinished):
                with contextlib.suppress(OSError):
                    os.unlink(path)
            os._exit(128 + number[0])
