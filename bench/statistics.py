"""What samples say: medians, bests, and ratios of candidates that were measured in turn."""

import statistics
from dataclasses import dataclass

from bench.machine.gate import CLEAR_SHARE
from bench.sampling import WAITED_SHARE, Sample

#: With fewer undisturbed samples than this all are used, and the summary says so.
ENOUGH = 3

Series = list[Sample | None]


@dataclass(frozen=True)
class Summary:
    """A candidate's samples in short.

    Attributes:
        median, best: seconds of one call.
        samples: how many were used.
        dropped: share of the samples taken that were disturbed.
        is_noisy: too few were undisturbed, so that disturbed ones were used as well.
    """

    median: float
    best: float
    samples: int
    dropped: float
    is_noisy: bool


@dataclass(frozen=True)
class Ratio:
    """How many times faster a candidate is than its baseline.

    Attributes:
        median: of the ratios within each round.
        best: ratio of the best samples.
        is_noisy: as in :class:`Summary`.
    """

    median: float
    best: float
    is_noisy: bool


def is_clear(sample: Sample | None, best_rate: float) -> bool:
    """Whether nothing disturbed a sample, by the best rate of the whole run."""
    return (
        sample is not None
        and min(sample.before, sample.after) >= CLEAR_SHARE * best_rate
        and sample.waited <= WAITED_SHARE
    )


def summarize(series: Series, best_rate: float) -> Summary:
    """Median and best of the undisturbed samples."""
    taken = [sample for sample in series if sample is not None]
    clear = [sample for sample in taken if is_clear(sample, best_rate)]
    is_noisy = len(clear) < min(ENOUGH, len(taken))
    used = taken if is_noisy else clear
    attempts = sum(sample.attempts for sample in taken)
    seconds = [sample.seconds for sample in used]
    return Summary(
        statistics.median(seconds),
        min(seconds),
        len(used),
        1 - len(clear) / attempts,
        is_noisy,
    )


def compare(ours: Series, baseline: Series, best_rate: float) -> Ratio | None:
    """How many times faster ``ours`` is; None where no round has both."""
    rounds = [pair for pair in zip(ours, baseline, strict=False) if None not in pair]
    if not rounds:
        return None
    clear = [pair for pair in rounds if all(is_clear(sample, best_rate) for sample in pair)]
    is_noisy = len(clear) < min(ENOUGH, len(rounds))
    used = rounds if is_noisy else clear
    ratios = [theirs.seconds / mine.seconds for mine, theirs in used]
    fastest = [min(sample.seconds for sample in series) for series in zip(*used, strict=True)]
    return Ratio(statistics.median(ratios), fastest[1] / fastest[0], is_noisy)
