"""Products of floats by exact products of integers: Ozaki's scheme.

A row of A is scaled by a power of two, so that its elements are at most 1, and cut into slices

    A = scale * sum over p = 1 ... s of A_p 2^(1 - 15 p)  + rest,
    |A_p| <= 2^14,    |rest| <= scale 2^(-15 s)

A_p being int16; so are columns of B. Products A_p B_q are whole sums, exact. Those of
p + q <= s + 1 are added up, in double. With s slices an element is within

    (s + 2) k 2^(-15 s) scale_row scale_column + 2^-53 |element| + k 2^-66 scale_row scale_column

of the exact one: s - 1 products of p + q = s + 2 are left out, each at most k 2^(-15 s) times the
scales, the two rests are as much each, and what is smaller is paid for by the factor of the bounds
below. A scale is at most twice the largest magnitude of its row or column. float64 takes 4 slices,
so that the bound is k 2^-55 max|row| max|column| and half a unit of the last place; float32 takes
2, for k 2^-25 max|row| max|column| and the rounding to float32.
"""

from collections.abc import Callable

import numpy as np

from xfblas.errors import InvalidValueError

#: By the bytes of the result.
SLICES = {8: 4, 4: 2}
STEP = 15
#: Exponents up to which the product of two scales and a sum has no way out of double precision.
MODERATE = 400

WholeSums = Callable[[np.ndarray, np.ndarray], np.ndarray]


def split_product(sums: WholeSums, a: np.ndarray, b: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """``a @ b`` of finite float64 or float32 matrices.

    Args:
        sums: gives the whole sums, int64, of two int16 matrices.
        a, b: (m, k) and (k, n).
        dtype: float64 or float32, of the result.

    Raises:
        InvalidValueError: an element is infinite or no number.
    """
    count = SLICES[dtype.itemsize]
    scales, left = sliced("a", a, 1, count)
    columns, right = sliced("b", b, 0, count)
    total = np.zeros((len(a), b.shape[1]))
    for together in range(count + 1, 1, -1):  # from the smallest terms to the largest
        for p in range(max(1, together - count), min(count, together - 1) + 1):
            # Below 2^53 for any k of this world, so that nothing is lost.
            part = sums(left[p - 1], right[together - p - 1]).astype(np.float64)
            part *= 2.0 ** (2 - STEP * together)
            total += part
    with np.errstate(over="ignore", under="ignore"):
        if max(np.abs(scales).max(), np.abs(columns).max()) > MODERATE:
            return np.ldexp(total, scales + columns).astype(dtype)
        # Powers of two multiply exactly, and many times as fast as ldexp.
        total *= np.ldexp(1.0, scales)
        total *= np.ldexp(1.0, columns)
        return total.astype(dtype)


def sliced(
    name: str, array: np.ndarray, axis: int, count: int
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Exponents of an array's rows (axis 1) or columns (axis 0), and its slices, int16.

    Raises:
        InvalidValueError: an element is infinite or no number.
    """
    finite = np.isfinite(array)
    if not finite.all():
        place = tuple(int(index) for index in np.argwhere(~finite)[0])
        raise InvalidValueError(
            f"{name} has {array[place]} at {place}, expected finite numbers for split=True: slices "
            "of integers have no infinity"
        )
    largest = np.abs(array).max(axis=axis, keepdims=True, initial=0).astype(np.float64)
    exponents = np.frexp(largest)[1]
    # In two steps: the scale of the smallest doubles is beyond the largest.
    half = exponents // 2
    rest = array * np.ldexp(1.0, -half)
    rest *= np.ldexp(1.0, half - exponents)
    slices = []
    nearest = np.empty_like(rest)
    for index in range(1, count + 1):
        rest *= 2.0 ** (STEP if index > 1 else STEP - 1)
        np.rint(rest, out=nearest)
        rest -= nearest
        slices.append(nearest.astype(np.int16))
    return exponents, slices
