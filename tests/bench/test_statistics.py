"""Medians and ratios of samples, disturbed ones left out."""

import pytest
from stored_results import clear, disturbed

from bench.sampling import Sample
from bench.statistics import compare, is_clear, summarize


def test_disturbed_samples_are_left_out():
    summary = summarize([*clear(3.0, 1.0, 2.0), *disturbed(0.1)], best_rate=1.0)
    assert (summary.median, summary.best, summary.samples) == (2.0, 1.0, 3)
    assert not summary.is_noisy
    # Three of seven attempts were of use: the disturbed one was taken four times.
    assert summary.dropped == pytest.approx(4 / 7)


def test_with_too_few_undisturbed_samples_all_are_used():
    summary = summarize([*clear(3.0, 1.0), *disturbed(0.5, 4.0)], best_rate=1.0)
    assert (summary.median, summary.best, summary.samples) == (2.0, 0.5, 4)
    assert summary.is_noisy


def test_rounds_that_were_sat_out_do_not_count():
    summary = summarize([*clear(2.0), None, None], best_rate=1.0)
    assert (summary.median, summary.samples, summary.is_noisy) == (2.0, 1, False)


def test_ratios_are_taken_within_rounds():
    # The machine becomes ten times slower; in each round ours stays twice as fast.
    ratio = compare(clear(1.0, 10.0, 100.0), clear(2.0, 20.0, 200.0), best_rate=1.0)
    assert ratio.median == 2.0
    assert ratio.best == 2.0
    assert not ratio.is_noisy


def test_a_round_needs_both_samples_undisturbed():
    ours = [*clear(1.0, 1.0, 1.0), *disturbed(1.0)]
    baseline = clear(2.0, 2.0, 2.0, 9.0)
    assert compare(ours, baseline, best_rate=1.0).median == 2.0


def test_no_common_round_gives_no_ratio():
    assert compare([None, *clear(1.0)], [*clear(1.0), None], best_rate=1.0) is None


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (Sample(1.0, 0.97, 0.96, 0.0), True),
        (Sample(1.0, 0.95, 1.0, 0.0), False),
        (Sample(1.0, 1.0, 0.95, 0.0), False),
        (Sample(1.0, 1.0, 1.0, 0.03), False),
        (None, False),
    ],
)
def test_what_makes_a_sample_clear(sample, expected):
    assert is_clear(sample, best_rate=1.0) is expected
