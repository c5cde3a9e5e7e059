"""Removes files that are being written when a command is ended by a signal.

An exception removes them where it passes, but the default action of SIGTERM ends a process without
one, and a handler in Python has to wait for a call of C to return, which takes long on csim. So a
thread is told of the signal, removes the files, and ends the process as the signal would have.
"""

import contextlib
import os
import signal
import socket
import struct
import threading
from pathlib import Path

ENDING = (signal.SIGTERM, signal.SIGHUP)
END = b"\0"
#: Process, user and group of who wrote.
_CREDENTIALS = struct.Struct("3i")

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
    signals = [number for number in ENDING if _has_default(number)]
    is_main = threading.current_thread() is threading.main_thread()
    if not (_in_command and is_main and signals):
        yield
        return
    # A child that a library forks has the same handlers, and tells this socket of its own signals.
    received, told = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    received.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    told.setblocking(False)
    thread = threading.Thread(target=_end_process, args=(received,), daemon=True)
    thread.start()
    before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    for number in signals:
        signal.signal(number, _leave_to_thread)
    try:
        yield
    finally:
        for number in signals:
            signal.signal(number, signal.SIG_DFL)
        signal.set_wakeup_fd(before)
        # The thread reads what has come, then the end, which no child's copy of the socket delays.
        told.setblocking(True)
        told.send(END)
        thread.join()
        told.close()
        received.close()


def _has_default(number: int) -> bool:
    """Whether nobody handles it: neither Python nor a library in C, as the Xilinx Runtime does."""
    if signal.getsignal(number) != signal.SIG_DFL:
        return False
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return True
    masks = [line.split()[1] for line in status.splitlines() if line[:6] in ("SigCgt", "SigIgn")]
    return not any(int(mask, 16) >> (number - 1) & 1 for mask in masks)


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


def _end_process(received: socket.socket) -> None:
    while True:
        number, ancillary, *_ = received.recvmsg(1, socket.CMSG_SPACE(_CREDENTIALS.size))
        sender = _CREDENTIALS.unpack(ancillary[0][2])[0] if ancillary else None
        if number in (END, b""):
            return
        if number[0] in ENDING and sender == os.getpid():
            for path in list(unfinished):
                with contextlib.suppress(OSError):
                    os.unlink(path)
            os._exit(128 + number[0])
