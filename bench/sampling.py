"""Takes samples of candidates in turn, A B A B, each between two looks at the machine."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat

from bench.candidate import Candidate
from bench.machine.gate import Gate

#: A sample is as many calls as take this long.
SAMPLE_SECONDS = 0.002
MAX_CALLS = 10_000
#: A sample that was disturbed is taken again, so many times at most and for so long.
RETRIES = 3
RETRY_SECONDS = 1.0
#: Seconds that threads may wait for a core, as a share of a sample, for each thread.
WAITED_SHARE = 0.02
#: Candidates slower than this have fewer rounds.
SLOW_SECONDS = 0.5
SLOW_ROUNDS = 3
#: Those as fast as this are called once before each sample, to have their data in the caches.
WARM_SECONDS = 0.05


@dataclass(frozen=True)
class Sample:
    """One measurement.

    Attributes:
        seconds: of one call, on average over the sample.
        before, after: rates of the register loop.
        waited: how long threads waited for a core, as a share of the sample, for each thread.
        attempts: how often it was taken; all but the last were dropped.
    """

    seconds: float
    before: float
    after: float
    waited: float
    attempts: int = 1

    def is_clear(self, gate: Gate) -> bool:
        """Whether nothing disturbed it, as far as can be told."""
        return gate.is_clear(min(self.before, self.after)) and self.waited <= WAITED_SHARE


class Sampler:
    """Measures candidates.

    Args:
        gate: watches the machine.
        waited: seconds that threads waited for a core so far.
        threads: how many of them share that.
        clock: seconds.
    """

    def __init__(
        self,
        gate: Gate,
        waited: Callable[[], float],
        threads: int = 1,
        clock=time.perf_counter,
    ):
        self.gate = gate
        self._waited = waited
        self._threads = threads
        self._clock = clock

    def run(self, candidates: list[Candidate], rounds: int) -> dict[str, list[Sample | None]]:
        """Samples by candidate, one for each round; None in rounds that a slow one sat out."""
        calls = {candidate.name: self._calls(candidate) for candidate in candidates}
        samples: dict[str, list[Sample | None]] = {candidate.name: [] for candidate in candidates}
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            for index in range(rounds):
                for candidate in candidates:
                    count, seconds = calls[candidate.name]
                    sits_out = seconds > SLOW_SECONDS and index >= SLOW_ROUNDS
                    sample = None if sits_out else self.sample(candidate, count, seconds)
                    samples[candidate.name].append(sample)
                gc.collect()
        finally:
            if was_enabled:
                gc.enable()
        return samples

    def sample(self, candidate: Candidate, calls: int, seconds: float = 0.0) -> Sample:
        """One sample; where none comes out undisturbed, the least disturbed."""
        taken: list[Sample] = []
        end = self._clock() + RETRY_SECONDS
        for attempt in range(1, RETRIES + 2):
            sample = self._take(candidate.call, calls, seconds <= WARM_SECONDS, attempt)
            if sample.is_clear(self.gate):
                return sample
            taken.append(sample)
            if self._clock() >= end:
                break
        best = max(taken, key=lambda each: min(each.before, each.after) * (1 - each.waited))
        return Sample(best.seconds, best.before, best.after, best.waited, len(taken))

    def _take(self, call, calls, is_warm, attempt) -> Sample:
        before = self.gate.before()
        if is_warm:
            call()
        waited, start = self._waited(), self._clock()
        for _ in repeat(None, calls):
            call()
        elapsed = self._clock() - start
        waited = self._waited() - waited
        share = waited / elapsed / self._threads if elapsed > 0 else 0.0
        return Sample(elapsed / calls, before, self.gate.after(), share, attempt)

    def _calls(self, candidate: Candidate) -> tuple[int, float]:
        """How many calls make a sample, and the seconds of one."""
        seconds = []
        # The first calls of a library prepare things.
        for _ in range(5):
            start = self._clock()
            candidate.call()
            seconds.append(self._clock() - start)
            if sum(seconds) > SLOW_SECONDS:
                break
        fastest = max(min(seconds), 1e-9)
        return max(1, min(MAX_CALLS, round(SAMPLE_SECONDS / fastest))), fastest
