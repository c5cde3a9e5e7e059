"""A scale for each output of a layer, folded into the weights on both sides of it.

Output j of a layer may have a scale T[j] of its own although postScale is one number, because the
layer's weights take it and the next layer's take it back. With S for the scales of the inputs and
Q for the integer weights:

    Q[k,j] = round(W[k,j] * T[j] / S[k] / P)         P = postScale / 2**postShift           (1)

A ReLU or a slope commutes with a positive scale, and the host divides the last outputs by theirs.

Which T is best? Let L be the largest element, r[j] the range of output j, c[j] the largest
|W[k,j]| / S[k], and A the root of the sum over k of the mean squares of the integer inputs. Output
j must fit, T[j] <= L / r[j], and a bound m on the largest weight times P asks T[j] <= m / c[j].
Weights are then stored in steps of m / L, so that in units of output j the roundings of weights
and of the output itself leave a mean square error of

    (1 + (A * m / L)**2) / 12 / T[j]**2                                                    (2)

which matters to the next layer by the sum of squares w[j] of the weights that read output j. So

    T[j] = min(L / r[j], m / c[j])                                                         (3)

with the m for which the sum of (2) times w[j] is least: ``equalize="noise"``. A number p for
``equalize`` means T[j] = L / (r[j]**p * max(r)**(1 - p)): 0 is one scale for all, 1 the finest
each output can have, and True (0.5) shares the loss between outputs and weights.
"""

import numpy as np


def output_scales(
    kernel: np.ndarray,
    ranges: np.ndarray,
    importance: np.ndarray,
    power: float,
    levels: int,
    weight_levels: int,
    equalize: str | float,
) -> np.ndarray:
    """T of equation (3), (n,).

    Args:
        kernel: (k, n), the weights divided by their inputs' scales.
        ranges: (n,), the largest size each output shall hold, above 0.
        importance: (n,), w above.
        power: A squared.
        levels: L for the outputs, about twice as many where a zero point doubles their range.
        weight_levels: L for the weights.
        equalize: 'noise' or p.
    """
    finest = levels / ranges
    if equalize != "noise":
        # True and 1 are equal to each other, so only their types tell them apart.
        share = (0.5 if equalize else 1.0) if isinstance(equalize, bool) else equalize
        return levels / (ranges**share * ranges.max() ** (1 - share))
    largest = np.abs(kernel).max(axis=0)
    if not largest.max() > 0:
        return finest
    heaviest = float((largest * finest).max())
    bounds = heaviest * np.exp2(np.linspace(0, -14, 113))
    with np.errstate(divide="ignore"):
        scales = np.minimum(finest, bounds[:, np.newaxis] / largest)
    weight_noise = 1 + power * (bounds / weight_levels) ** 2
    return scales[(weight_noise * (importance / scales**2).sum(axis=1)).argmin()]
