"""The variant that is taken: plain and wide, or with what a goal takes.

The start is plain: one input for a feature, one column for an output, sums of 32 bits where they
cost little. Where its logits are more decibels above their error than the goal asks for, the rest
goes into range: the margins are widened as far as the goal lets, since rows to come may lie several
times beyond the calibration rows. One doubling costs 6 dB at most. Where every feature was seen
near its range by many rows, fewer will, and KEPT decibels more are left.

Where they are below the goal, sums of 48 bits come first, which add nothing. A ReLU by saturation
adds nothing either, but in 16 bits only pays where sums are wide. Then comes what adds columns or
inputs: windows of the outputs, low digits of inputs, copies of inputs, leaky layers in two halves.
Each time the addition is made that gains most decibels for the products it adds, as long as the
products stay within the growth that is allowed.
"""

import logging
import math
from collections.abc import Callable
from dataclasses import replace

from xfblas.errors import UnsupportedModelError
from xfblas.quantization.builder import Attempt, Variant
from xfblas.quantization.options import GOALS, Options

#: Tells, at level INFO, what was reached.
LOG = logging.getLogger(__name__)
#: Decibels that an addition must gain, at least, and for each doubling of the products.
LEAST_GAIN = 0.25
LEAST_RATE = 1.2
MOST_WINDOWS = 4
#: Of the low digits that inputs get where they need one.
BASES = {16: 64, 8: 16}
#: The largest margin, how often it is widened, and by what part of a doubling at least.
WIDEST = 10.0
MOST_WIDER = 7
LEAST_DOUBLING = 0.02
#: Decibels above the goal that 16 bits keep where no feature was seen seldom.
KEPT = 5.0


def best_attempt(
    build: Callable[[Variant], Attempt],
    start: Variant,
    forms: int,
    options: Options,
    *,
    is_seldom: bool,
    chains: int = 1,
) -> Attempt:
    """The attempt that is taken.

    Args:
        build: makes an attempt of a variant.
        start: plain, with the least margin.
        forms: how many there are of the network, with more columns from one to the next.
        options: what the caller asked for.
        is_seldom: whether a feature was seen seldom near its range: others lie beyond.
        chains: how many the model has, whose errors add up.

    Raises:
        UnsupportedModelError: not one of the variants fits.
    """
    best, found = start, _told(start, build(start))
    # Bytes have sums of 32 bits in any case.
    if options.bits == 16 and found.decibels < options.goal and options.accumulator is None:
        wide = replace(start, spent=0.0)
        finer = _tried(build, wide)
        if finer is not None and finer.decibels > found.decibels:
            best, found = wide, finer
    most = options.growth * found.products
    while found.decibels < options.goal:
        better = _addition(build, _additions(best, forms, options), found, most)
        if better is None:
            return found
        best, found = better
    if options.margin is not None:
        return found
    kept = 0.0 if is_seldom or options.bits == 8 else KEPT + 10 * math.log10(chains)
    least = GOALS[options.bits] + kept
    return _widened(build, best, found, max(options.goal, least))


def _widened(build, variant: Variant, found: Attempt, enough: float) -> Attempt:
    """The attempt with the widest margin that keeps so many decibels."""
    share = 1.0
    for _ in range(MOST_WIDER):
        # A doubling costs 6 dB at most.
        doublings = share * min(
            (found.decibels - enough) / 6.02, math.log2(WIDEST / variant.margin)
        )
        if doublings < LEAST_DOUBLING:
            break
        wider = replace(variant, margin=variant.margin * 2**doublings, has_room=True)
        attempt = _tried(build, wider)
        if attempt is None or attempt.decibels < enough:
            share /= 2
        else:
            variant, found, share = wider, attempt, 1.0
    return found


def _additions(variant: Variant, forms: int, options: Options) -> list[Variant]:
    """Variants with one thing more."""
    found = []
    if variant.form + 1 < forms:
        found.append(replace(variant, form=variant.form + 1))
    if not variant.saturates and not options.legacy:
        found.append(replace(variant, saturates=True))
    if not variant.has_copies:
        found.append(replace(variant, has_copies=True))
    if not variant.base:
        found.append(replace(variant, base=BASES[options.bits]))
    if variant.windows < MOST_WINDOWS and not options.legacy:
        found.append(replace(variant, windows=variant.windows + 1))
    return found


def _addition(build, variants, found: Attempt, most: float) -> tuple[Variant, Attempt] | None:
    """The one that gains most for its products; None where none gains enough."""
    worth, best = LEAST_RATE, None
    for variant in variants:
        attempt = _tried(build, variant)
        if attempt is None or attempt.products > most:
            continue
        gained = attempt.decibels - found.decibels
        rate = gained / max(math.log2(attempt.products / found.products), 0.02)
        if gained >= LEAST_GAIN and rate > worth:
            worth, best = rate, (variant, attempt)
    return best


def _tried(build, variant: Variant) -> Attempt | None:
    try:
        return _told(variant, build(variant))
    except UnsupportedModelError:
        return None


def _told(variant: Variant, attempt: Attempt) -> Attempt:
    name, margin = attempt.network.layers[-1].name, variant.margin
    reached = (name, attempt.decibels, attempt.products, margin)
    LOG.info("%s: %.1f dB at %d products a row, with a margin of %.1f", *reached)
    return attempt
