"""How long threads of this process wanted a core and had none, as Linux counts it."""

from pathlib import Path

OWN = Path("/proc/thread-self/schedstat")
TASKS = Path("/proc/self/task")


def waited_seconds(threads: int) -> float:
    """So far: of the calling thread, or with several threads of all in the process.

    Always 0 where the kernel does not count it.
    """
    if threads == 1:
        return _seconds(OWN)
    try:
        return sum(_seconds(task / "schedstat") for task in TASKS.iterdir())
    except OSError:
        return 0.0


def _seconds(path: Path) -> float:
    try:
        return int(path.read_text().split()[1]) * 1e-9
    except (OSError, IndexError, ValueError):
        # No such file, or a thread that has ended meanwhile.
        return 0.0
