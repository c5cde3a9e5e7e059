"""Code in another process, which may crash or hang without harm."""

import faulthandler
import os
import signal
import subprocess
import sys
import traceback
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def run_python(code, **environment):
    """Runs code in a Python of its own with these variables; it may import what tests import.

    Returns:
        what subprocess.run gives.
    """
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(TESTS), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def run_in_child(body, seconds=120):
    """Calls body() in a fork of this process and returns its exit code: 0 where it returned.

    A failure's traceback is printed; a signal that ended the child gives its negative number.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.alarm(seconds)
            faulthandler.enable()
            body()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
