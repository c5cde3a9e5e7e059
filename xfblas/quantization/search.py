"""The cheapest network that reaches the goal on a sample of the rows, found by trying.

The start is plain: one input for a feature, one column for an output. What costs the engine nothing
is tried first. A ReLU by saturation has twice the steps, but its zero point times the sum of the
next layer's weights must fit the 32 bits of that layer's X, and so may take bits from those
weights: whether it pays is asked layer by layer. And a sum of k products must fit the accumulator
for every input, so

    log2(largest weight) + log2(largest input) + log2(sum |w| / max |w|) < 31

roughly where it has 32 bits: bits must go, from the weights or from the inputs. Weights lose theirs
by themselves, in :mod:`.integers`, because inputs that saturate at the element's limit leave them
what is left over. Inputs can lose some instead: the host clips the network's own inputs to fewer
bits, and a layer's output with a smaller scale has a smaller proved range once even its worst case
stays below the element's limit. With sums of 48 bits the same holds for X, of 32 bits, where it has
the offset of a window or of a zero point.

What adds columns or inputs comes last, and only while the logits are below the goal: one more
window of the outputs, a low digit of the inputs, copies of inputs; and where these do not reach it,
windows of the layers between, with constant columns where these need them. Each time the addition
is made that gains the most decibels for the products it adds.
"""

import logging
import math

from xfblas.errors import UnsupportedModelError
from xfblas.quantization.options import BASES, Options
from xfblas.quantization.variant import Variant

#: Tells, at level INFO, what was reached: many wide layers take a minute.
LOG = logging.getLogger(__name__)
#: Decibels that an addition must gain, at least, and for each doubling of the products.
LEAST_GAIN = 0.1
LEAST_RATE = 1.2
#: Windows between layers cost most: they come in only where so much more is missing.
SPARED = 2.0
#: Bits that inputs of a layer may give to its weights or to its X.
SHRINKS = (1, 2, 3)
MOST_WINDOWS = 4


def best_attempt(trial, build, layers, options: Options):
    """The attempt that was chosen.

    Args:
        trial: makes an attempt of a :class:`Variant` on part of the sample.
        build: the same on all of it.
        layers: of the float network.
        options: what the caller asked for; what is None of input_base, input_copies and
            output_windows is searched.

    Raises:
        UnsupportedModelError: not one of the variants fits.
    """
    count = len(layers)
    # Rounding that compensates takes long and gains much the same for all of them.
    start = Variant.plain(options, count).having(rounding="nearest")
    search = _Search(trial, start, layers[-1].name)
    if options.relu == "auto":
        for index in _relus(layers):
            search.improve([search.best.saturating(index)])
    if options.is_narrow:
        search.improve(_shrunk(search.best, 0, 1))
        search.improve(_shrunk(search.best, 1, count))
    more, found, built = 0.0, None, None
    while True:
        for additions, goal in (
            (_additions, options.goal + more),
            (_hidden_additions, options.goal + more - SPARED),
        ):
            while search.decibels < goal and search.add(
                [*additions(search.best, layers, options), *_free(search.best, layers, options)]
            ):
                pass
        if search.best is built:
            return found
        built = search.best
        found = build(built.having(rounding=options.rounding))
        missing = options.goal - SPARED - found.decibels
        if missing <= 0:
            return found
        # All rows, with their outliers, are noisier than those of the trials: aim higher.
        more += missing


def _relus(layers) -> list[int]:
    return [index for index, layer in enumerate(layers[:-1]) if layer.activation == "relu"]


def _shrunk(variant: Variant, first: int, last: int) -> list[Variant]:
    return [variant.shrunk(first, last, bits) for bits in SHRINKS] if first < last else []


def _additions(variant: Variant, layers, options: Options) -> list[Variant]:
    """Variants with one thing more of those that the caller left open."""
    now, count = variant.options, len(variant.shrink)
    found = []
    if options.output_windows is None and now.output_windows < MOST_WINDOWS:
        more = variant.having(output_windows=now.output_windows + 1)
        found += [more, *_shrunk(more, count - 1, count)]
    if options.input_base is None and now.input_base == 0:
        more = variant.having(input_base=BASES[options.bits])
        found += [more, *_shrunk(more, 0, 1)]
    if options.input_copies is None and not now.input_copies:
        found.append(variant.having(input_copies=True))
    return found


def _hidden_additions(variant: Variant, layers, options: Options) -> list[Variant]:
    """Variants with finer outputs of one layer that is not the last."""
    if options.hidden_windows is not None or options.relu == "prelu":
        return []
    narrow = [index for index in _relus(layers) if variant.windows[index] < MOST_WINDOWS]
    found = [variant.widened(index) for index in narrow]
    if len(narrow) > 1:
        # Many layers may be equally loud, so that one alone changes next to nothing.
        together = variant
        for index in narrow:
            together = together.widened(index)
        found.append(together)
    if options.constants is None:
        found += [other.having(constants=True) for other in found]
    return found


def _free(variant: Variant, layers, options: Options) -> list[Variant]:
    """Variants that cost no more, and may pay now that other things have changed."""
    found = [
        variant.shrunk(index, index + 1, bits + 1)
        for index, bits in enumerate(variant.shrink)
        if bits < SHRINKS[-1]
    ]
    if options.relu == "auto":
        for index in _relus(layers):
            if not variant.saturated[index]:
                more = variant.saturating(index)
                found += [more, *_shrunk(more, index, index + 1)]
    return found


class _Search:
    """Variants that were tried, and the best of them."""

    def __init__(self, build, start: Variant, name: str):
        self._build, self._name, self._count = build, name, 0
        self.best, self._attempt, self._failure = start, None, None
        self.improve([start])

    @property
    def decibels(self) -> float:
        """Of the best attempt, -inf without any."""
        return -math.inf if self._attempt is None else self._attempt.decibels

    def improve(self, variants: list[Variant]) -> None:
        """Takes the one with the least noise, if it has less than the best so far."""
        for variant, attempt in self._tried(variants):
            if self._attempt is None or attempt.decibels > self.decibels:
                self._take(variant, attempt)

    def add(self, variants: list[Variant]) -> bool:
        """Takes the one that gains most for its products; False where none gains enough."""
        tried = self._tried(variants)
        if self._attempt is None:
            if not tried:
                raise self._failure
            self._take(*max(tried, key=lambda one: one[1].decibels))
            return True
        before, products = self._attempt.decibels, self._attempt.products
        worth, best = LEAST_RATE, None
        for variant, attempt in tried:
            gained = attempt.decibels - before
            # Even what is free must gain something, or the search would not end.
            rate = gained / max(math.log2(attempt.products / products), 0.02)
            if gained >= LEAST_GAIN and rate > worth:
                worth, best = rate, (variant, attempt)
        if best is None:
            return False
        self._take(*best)
        return True

    def _take(self, variant, attempt) -> None:
        self.best, self._attempt = variant, attempt
        reached = (self._name, attempt.decibels, attempt.products, self._count)
        LOG.info("%s: %.1f dB at %d products a row, %d variants tried", *reached)

    def _tried(self, variants):
        tried = []
        for variant in variants:
            self._count += 1
            try:
                tried.append((variant, self._build(variant)))
            except UnsupportedModelError as error:
                self._failure = error
        return tried
