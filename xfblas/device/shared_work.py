"""Work that compute units share: each takes the next part, and one that fails is left out."""

import math
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

from xfblas.device.compute_unit import ComputeUnit
from xfblas.errors import ExecutionError
from xfblas.notices import notify


class SharedWork:
    """Parts of a piece of work, in a line from which units take one after the other.

    Each unit has a thread: while one computes, another is sent its part and a third one's result
    is fetched. What a failing unit had taken goes back to the front of the line, and the unit is
    left out from then on, by later work too, as long as another works.

    Args:
        units: of one device or several; their order numbers them for :meth:`run`.
        parts: whatever the work is made of.
    """

    def __init__(self, units: Sequence[ComputeUnit], parts: Iterable[Any]):
        self._units = units
        self._waiting = deque(parts)
        self._taken: list[deque[Any]] = [deque() for _ in units]
        self._failed: deque[tuple[int, ExecutionError]] = deque()
        #: Set where an error or an interrupt ends the work: parts under way may be given up.
        self.stopped = threading.Event()

    def take(self, number: int, is_ahead: bool = False) -> Any:
        """The next part, for a unit; None where none is left.

        Args:
            number: of the unit.
            is_ahead: while it computes another, which gives none where others may wait for it.
        """
        if is_ahead and len(self._waiting) < len(self._units):
            return None
        try:
            part = self._waiting.popleft()
        except IndexError:
            return None
        self._taken[number].append(part)
        return part

    def done(self, number: int) -> None:
        """Tells that the unit has computed the part that it took first, of those not yet done."""
        self._taken[number].popleft()

    def run(self, serve: Callable[[int], None]) -> None:
        """Has ``serve(number)`` take and compute parts, for each unit, until all are done.

        Raises:
            ExecutionError: all units failed; they are tried again by the next work.
        """
        while self._waiting:
            if len(self._units) == 1:
                return serve(0)
            able = [n for n, unit in enumerate(self._units) if unit.failure is None]
            self._run_once(serve, able[: len(self._waiting)])
            while self._failed:
                self._leave_out(*self._failed.popleft())

    def _run_once(self, serve: Callable[[int], None], able: list[int]) -> None:
        def guarded(number: int) -> None:
            try:
                serve(number)
            except ExecutionError as error:
                self._failed.append((number, error))
                self._waiting.extendleft(reversed(self._taken[number]))
                self._taken[number].clear()

        if len(able) == 1:
            return guarded(able[0])
        with ThreadPoolExecutor(len(able)) as pool:
            running = [pool.submit(guarded, number) for number in able]
            try:
                for ended in as_completed(running):
                    ended.result()
            except BaseException:  # an interrupt too
                self.stopped.set()
                self._waiting.clear()
                raise

    def _leave_out(self, number: int, error: ExecutionError) -> None:
        failed, units = self._units[number], self._units
        failed.failure = error
        left = sum(unit.failure is None for unit in units)
        if left == 0:
            told = "; ".join(f"{unit.name}: {unit.failure}" for unit in units)
            for unit in units:
                unit.failure = None
            raise ExecutionError(f"all {len(units)} compute units failed: {told}") from error
        notify(
            f"{failed.name} failed and is left out, what it had to do is done on the other "
            f"{left} of {len(units)} units: {error}. Close the device and open it again to use "
            "the unit again; `xfblas verify` with the image, --device and --compute-unit tells "
            "whether it computes what it should",
            RuntimeWarning,
        )


def share(
    units: Sequence[ComputeUnit], parts: Sequence[Any], compute: Callable[[int, Any], Any]
) -> list[Any]:
    """What ``compute(number of the unit, part)`` gives for each part, in the order of the parts.

    Raises:
        ExecutionError: all units failed.
    """
    found: list[Any] = [None] * len(parts)
    work = SharedWork(units, enumerate(parts))

    def serve(number: int) -> None:
        while (taken := work.take(number)) is not None:
            place, part = taken
            found[place] = compute(number, part)
            work.done(number)

    work.run(serve)
    return found


def even_slices(length: int, units: int, most: int) -> list[slice]:
    """Slices of at most ``most``, as many for each unit and nearly of one size."""
    if length == 0:
        return []
    size = math.ceil(length / (units * math.ceil(length / (units * most))))
    return [slice(first, min(first + size, length)) for first in range(0, length, size)]
