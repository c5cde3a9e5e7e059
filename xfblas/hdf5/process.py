"""A child process that reads one file, with a limit on how long an answer may take."""

import contextlib
import json
import math
import os
import select
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from xfblas.errors import AllocationError, InvalidValueError, NotSupportedError
from xfblas.hdf5.values import value_of

_PROGRAM = (
    "import sys; sys.path[:0] = sys.argv[4:]; "
    "from xfblas.hdf5.child import main; main(*sys.argv[1:4])"
)
PATIENCE_SECONDS = 1.0
#: What it imports, whose folders it is told: Python finds them sooner than by looking itself.
_PACKAGES = ("xfblas", "h5py", "numpy")


def most_bytes(path: str) -> int:
    """What the arrays of a file may take in memory: compressed ones are larger than the file."""
    return max(256 << 20, 20 * os.path.getsize(path))


class ReadingProcess:
    """A file in a process of its own, which ends with :meth:`close`.

    Args:
        where: path of the file.
        member: its name where the HDF5 file is within a zip file.

    Attributes:
        nodes: see :class:`~xfblas.hdf5.contents.Contents`.

    Raises:
        InvalidValueError: see :func:`~xfblas.hdf5.open_file`.
        AllocationError: there is no memory for it.
        NotSupportedError: there is no Python that could run.
    """

    def __init__(self, where: str, member: str | None):
        self._where, self._limit, self._rest = where, _limit_seconds(), b""
        arguments = (os.path.abspath(where), member or "", str(most_bytes(where)))
        found = (find_spec(name) for name in _PACKAGES)
        folders = dict.fromkeys(str(Path(s.origin).parents[1]) for s in found if s and s.origin)
        # A process is not forked: other threads may hold locks.
        self._process = subprocess.Popen(
            (_python(), "-I", "-S", "-c", _PROGRAM, *arguments, *folders),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
        try:
            self.nodes = self._message()["nodes"]
        except BaseException:
            self.close()
            raise

    def read(self, number: int, dtype: np.dtype) -> Any:
        """The values of an array of that type, or its text or texts, by the node's number."""
        with contextlib.suppress(BrokenPipeError):  # It has ended, which is told below.
            self._process.stdin.write(b"%d\n" % number)
        message = self._message()
        if "plain" in message:
            return value_of(message["plain"])
        shape = tuple(message["shape"])
        try:
            array = np.empty(math.prod(shape) * dtype.itemsize, np.uint8)
        except MemoryError as error:
            raise AllocationError(f"{self._where}: there is no memory for it: {error}") from error
        view = memoryview(array)
        begun = len(self._rest)
        view[:begun], self._rest = self._rest, b""
        while begun < len(view):
            begun += self._receive(view[begun:])
        return array.view(dtype).reshape(shape)

    def close(self) -> None:
        """Ends the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            pipe.close()
        # It ends by itself without pipes. XRT's emulation ends every process of a group in which a
        # child was killed, so only one that hangs is.
        try:
            self._process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _message(self) -> dict[str, Any]:
        """One line of its answers."""
        parts = [self._rest]
        while b"\n" not in parts[-1]:
            chunk = bytearray(1 << 16)
            parts.append(bytes(chunk[: self._receive(memoryview(chunk))]))
        line, self._rest = b"".join(parts).split(b"\n", 1)
        message = json.loads(line)
        if message.get("error") == "MemoryError":
            raise AllocationError(
                f"{self._where}: there is no memory for what it holds: {message['text']}"
            )
        if "error" in message:
            raise InvalidValueError(f"{self._where} is damaged: {message['text']}")
        return message

    def _receive(self, room: memoryview) -> int:
        """Bytes that it wrote, at least one."""
        pipe = self._process.stdout.fileno()
        ready = select.poll()
        ready.register(pipe, select.POLLIN)
        if not ready.poll(1000 * self._limit):
            raise InvalidValueError(
                f"{self._where}: reading it was given up after {self._limit:g} s without an answer:"
                " it is damaged, or on a slow disk. XFBLAS_READ_TIMEOUT_MS sets another limit; "
                "trusted=True reads it without one, and can then not be interrupted"
            )
        count = os.readv(pipe, [room])
        if count == 0:
            code = self._process.wait()
            ended = signal.Signals(-code).name if code < 0 else f"status {code}"
            raise InvalidValueError(
                f"{self._where} is damaged: the process that read it ended with {ended}"
            )
        return count


def _limit_seconds() -> float:
    given = os.environ.get("XFBLAS_READ_TIMEOUT_MS", "60000")
    if not (given.isascii() and given.isdigit() and 0 < int(given) < 2**31):
        raise InvalidValueError(
            f"XFBLAS_READ_TIMEOUT_MS is {given!r}, expected milliseconds, 1 to 2147483647"
        )
    return int(given) / 1000


def _python() -> str:
    """The interpreter, also in programs that hold one in themselves."""
    own = (sys.executable, os.path.join(sys.exec_prefix, "bin", "python3"))
    for path in own:
        if path and "python" in Path(path).name and os.access(path, os.X_OK):
            return path
    raise NotSupportedError(
        "there is no Python to read the file in a process of its own: trusted=True reads it in "
        "this one"
    )
