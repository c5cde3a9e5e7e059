"""What cannot be known beforehand is tried on the sample, and what leaves the least noise is kept.

A sum of k products must fit the accumulator for every input, so

    log2(largest weight) + log2(largest input) + log2(sum |w| / max |w|) < 31

roughly where it has 32 bits: bits must go, from the weights or from the inputs. Weights lose theirs
by themselves, in :mod:`.integers`, because inputs that saturate at the element's limit leave them
what is left over. Inputs can lose some instead: the host clips the network's own inputs to fewer
bits, and a layer's output with a smaller scale has a smaller proved range once even its worst case
stays below the element's limit. Low digits and output windows make sums wider too.

And a ReLU by saturation has twice the steps, but its zero point times the sum of the next layer's
weights must fit the 32 bits of that layer's X, and so may take bits from those weights: whether it
pays is asked layer by layer.
"""

from dataclasses import dataclass, replace

from xfblas.errors import UnsupportedModelError


@dataclass(frozen=True)
class Variant:
    """One way to build a network.

    Attributes:
        options: what the caller asked for, with what is tried.
        shrink: for each layer, by how many bits its inputs are smaller than they could be.
        saturated: for each layer, whether saturation may be its ReLU.
    """

    options: object
    shrink: tuple[int, ...]
    saturated: tuple[bool, ...]


def best_attempt(build, layers, options):
    """The attempt with the least noise on the sample.

    Args:
        build: makes an attempt of a :class:`Variant`.
        layers: of the float network.
        options: what the caller asked for.

    Raises:
        UnsupportedModelError: not one of the variants fits.
    """
    count = len(layers)
    start = Variant(options, (0,) * count, (options.relu == "saturation",) * count)
    if options.relu != "auto" and not options.is_narrow:
        return build(start)
    # Rounding that compensates takes long and gains much the same for all of them.
    quick = replace(options, rounding="nearest")
    best, attempt, failure = replace(start, options=quick), None, None
    for change in (lambda variant: variant, *_changes(layers, options)):
        variant = change(best)
        try:
            tried = build(variant)
        except UnsupportedModelError as error:
            failure = error
            continue
        if attempt is None or tried.noise < attempt.noise:
            best, attempt = variant, tried
    if attempt is None:
        raise failure
    if options.rounding == "nearest":
        return attempt
    return build(replace(best, options=replace(best.options, rounding=options.rounding)))


def _changes(layers, options):
    """Functions from a variant to another one, in the order in which they are tried."""
    changes = []
    if options.is_narrow:
        for name, value in (("input_base", 0), ("output_windows", 1)):
            changes.append(
                lambda variant, name=name, value=value: replace(
                    variant, options=replace(variant.options, **{name: value})
                )
            )
        for bits in (1, 2, 3):
            changes.append(
                lambda variant, bits=bits: replace(variant, shrink=(bits, *variant.shrink[1:]))
            )
        for bits in (1, 2, 3):
            changes.append(
                lambda variant, bits=bits: replace(
                    variant, shrink=(variant.shrink[0], *[bits] * (len(layers) - 1))
                )
            )
    if options.relu == "auto":
        for index, layer in enumerate(layers[:-1]):
            if layer.activation == "relu":
                changes.append(
                    lambda variant, index=index: replace(
                        variant,
                        saturated=(
                            *variant.saturated[:index],
                            True,
                            *variant.saturated[index + 1 :],
                        ),
                    )
                )
    return changes
