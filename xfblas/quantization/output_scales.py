"""A scale for each output of a layer, folded into the weights on both sides of it.

Output j of a layer may have a scale T[j] of its own although postScale is one number, because the
layer's weights take it and the next layer's take it back. With S for the scales of the inputs and
Q for the integer weights:

    Q[k,j] = round(W[k,j] * T[j] / S[k] / P)         P = postScale / 2**postShift           (1)

A ReLU or a slope commutes with a positive scale, and the host divides the last outputs by theirs.

Which T is best? Let L be the largest element, r[j] the range of output j, and P[j] = T[j] * c[j]
the P that it needs: c[j] is the largest |W[k,j]| / S[k] over the largest integer weight or, where
that is more, the largest sum over what the accumulator holds. A is the root of the sum over k of
the mean squares of the integer inputs. Output j must fit, T[j] <= L / r[j], and all have one P, so
T[j] <= P / c[j]. Weights are then stored in steps of P, so that in units of output j the roundings
of weights and of the output itself leave a mean square error of

    (1 + (A * P)**2) / 12 / T[j]**2                                                        (2)

which matters to the next layer by the sum of squares w[j] of the weights that read output j. So

    T[j] = min(L / r[j], P / c[j])                                                         (3)

with the P for which the sum of (2) times w[j] is least.
"""

import numpy as np


def output_scales(
    needed: np.ndarray,
    ranges: np.ndarray,
    importance: np.ndarray,
    power: float,
    levels: int,
) -> np.ndarray:
    """T of equation (3), (n,).

    Args:
        needed: (n,), c above.
        ranges: (n,), the largest size each output shall hold, above 0.
        importance: (n,), w above.
        power: A squared.
        levels: L for the outputs, about twice as many where a zero point doubles their range.
    """
    finest = levels / ranges
    if not needed.max() > 0:
        return finest
    steps = float((needed * finest).max()) * np.exp2(np.linspace(0, -14, 113))
    with np.errstate(divide="ignore"):
        scales = np.minimum(finest, steps[:, np.newaxis] / needed)
    noise = (1 + power * steps**2) * (importance / scales**2).sum(axis=1)
    return scales[noise.argmin()]
