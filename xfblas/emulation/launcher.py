"""Runs a program with emulated cards, in a session of its own, and cleans up after it."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from xfblas.errors import InvalidValueError

from .build import build
from .run_folder import RunFolder
from .runtime import find_software_emulation
from .settings import Settings

# What a terminal sends goes to all of a program's processes, other signals to the first alone.
GROUP_SIGNALS = (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP)
OTHER_SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
SECONDS_TO_END = 2.0
PR_SET_PDEATHSIG = 1
KILLED = 128  # plus the signal, as a shell tells it


def run(command: Sequence[str], settings: Settings | None = None) -> int:
    """Runs a program and returns its exit code, or 128 and the signal that ended it.

    To be called by a program's main thread, which alone can forward signals.

    Raises:
        InvalidValueError: there is no command, or no such program.
        NotSupportedError: XRT or a C++ compiler is missing.
    """
    if not command:
        raise InvalidValueError("the program to run is missing: xfblas emu -- python program.py")
    shim = find_software_emulation()
    with RunFolder(settings or Settings(), build(), shim) as folder:
        environment = os.environ | folder.environment()
        # XRT's emulation ends its whole process group when the program crashes.
        try:
            program = subprocess.Popen(
                command, env=environment, start_new_session=True, preexec_fn=_end_with_launcher
            )
        except (FileNotFoundError, PermissionError) as error:
            raise InvalidValueError(f"{command[0]!r} cannot be run: {error.strerror}") from None
        code = _wait(program)
        _end_rest(program.pid)
    return code


def _end_with_launcher():
    """In the program: nobody would clean up after it once its launcher was killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _wait(program: subprocess.Popen) -> int:
    previous = {}

    def forward(number, _frame):
        with contextlib.suppress(ProcessLookupError):
            send = os.killpg if number in GROUP_SIGNALS else os.kill
            send(program.pid, number)

    try:
        for number in (*GROUP_SIGNALS, *OTHER_SIGNALS):
            previous[number] = signal.signal(number, forward)
        code = program.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return code if code >= 0 else KILLED - code


def _end_rest(group: int):
    """Device processes end with their host; what is left of the group after that is killed."""
    deadline = time.monotonic() + SECONDS_TO_END
    while living := _members(group):
        if time.monotonic() > deadline:
            for number in living:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)
        time.sleep(0.005)


def _members(group: int) -> list[int]:
    """The processes of a group, without those that have ended and wait for their parent."""
    members = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            # After the name, which may hold anything: state, parent, group.
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == group and fields[0] not in "ZX":
                members.append(int(folder.name))
    return members
