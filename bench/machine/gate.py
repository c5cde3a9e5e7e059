"""The gate: tells whether the machine is quiet enough to take a sample."""

import time
from collections.abc import Callable

#: A core counts as ours alone where the register loop runs at this share of its best rate.
CLEAR_SHARE = 0.96
#: How long to wait for that before a sample, and how long thread pools may spin after one.
PATIENCE_SECONDS = 0.03
SETTLE_SECONDS = 0.005


class Gate:
    """Watches the rate of the register loop.

    Args:
        rate: measures it.
        settles: whether thread pools of what is measured may still spin just after it.
        clock: seconds.

    Attributes:
        best: the best rate seen so far.
    """

    def __init__(self, rate: Callable[[], float], settles: bool = False, clock=time.perf_counter):
        self._rate = rate
        self._clock = clock
        self._settles = settles
        self.best = 0.0

    def before(self) -> float:
        """Waits until the loop runs at its best, or patience ends; the rate it had last."""
        return self._until_clear(PATIENCE_SECONDS)

    def after(self) -> float:
        """The rate just after a sample."""
        return self._until_clear(SETTLE_SECONDS if self._settles else 0.0)

    def is_clear(self, rate: float) -> bool:
        """Whether a rate is near enough to the best."""
        return rate >= CLEAR_SHARE * self.best

    def _until_clear(self, seconds: float) -> float:
        end = self._clock() + seconds
        while True:
            rate = self._rate()
            self.best = max(self.best, rate)
            if self.is_clear(rate) or self._clock() >= end:
                return rate
