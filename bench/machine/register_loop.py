"""Compiles the register loop and measures with it."""

import ctypes
import os
import subprocess
import tempfile
import time
from pathlib import Path

SOURCE = Path(__file__).with_name("register_loop.c")
LOOP_SECONDS = 60e-6
COMPILE = ("-O2", "-shared", "-fPIC", "-pthread")


class RegisterLoop:
    """Rates of a loop in registers on so many threads at once.

    Args:
        threads: whose slowest one counts.

    Raises:
        RuntimeError: there is no C compiler, or it fails; with what it said.
    """

    def __init__(self, threads: int = 1):
        self._function = _library().register_loop
        self.threads = threads
        self._steps = self._steps_for(LOOP_SECONDS)

    def rate(self, threads: int | None = None) -> float:
        """Steps per nanosecond of the slowest thread, now."""
        return self._function(self.threads if threads is None else threads, self._steps)

    def best_rate(self, seconds: float, threads: int | None = None) -> float:
        """The best rate within so much time."""
        end = time.perf_counter() + seconds
        best = self.rate(threads)
        while time.perf_counter() < end:
            best = max(best, self.rate(threads))
        return best

    def _steps_for(self, seconds: float) -> int:
        # After idling the first loops run at half the rate.
        best = max(self._function(1, 10_000) for _ in range(100))
        return int(seconds * 1e9 * best)


def _library():
    with tempfile.TemporaryDirectory(prefix="xfblas-bench-") as folder:
        path = Path(folder, "register_loop.so")
        compiler = os.environ.get("CC", "cc")
        # Some compilers know no -march=native.
        for machine in (["-march=native"], []):
            command = [compiler, *COMPILE, *machine, "-o", str(path), str(SOURCE)]
            try:
                done = subprocess.run(command, capture_output=True, text=True, check=False)
            except OSError as error:
                raise RuntimeError(f"the register loop needs a C compiler: {error}") from None
            if done.returncode == 0:
                break
        else:
            raise RuntimeError(f"the register loop cannot be compiled: {done.stderr.strip()}")
        library = ctypes.CDLL(str(path))
    library.register_loop.argtypes = [ctypes.c_int, ctypes.c_long]
    library.register_loop.restype = ctypes.c_double
    return library
