"""The functions that the host computes between the engine's chains, by name."""

from collections.abc import Sequence

import numpy as np

from xfblas.errors import AllocationError, InvalidValueError
from xfblas.layers import activations, convolutions, layouts, merges, normalizations, quantizers


def compute(
    name: str, values: Sequence[np.ndarray], parameters: dict, arrays: dict, dtype=np.float32
) -> np.ndarray:
    """One function of arrays whose first axis is the batch.

    Args:
        name: key of :data:`FUNCTIONS`.
        values: its inputs, float32 or float64, or int64 where they are indices.
        parameters: its settings, as JSON holds them.
        arrays: its weights by kind.
        dtype: of the result: float64 for a function of :data:`LINEAR` whose result is not to be
            rounded.

    Returns:
        An array of that type.

    Raises:
        InvalidValueError: there is no such function, or the inputs do not fit it.
        AllocationError: there is no memory for the result.
    """
    if name not in FUNCTIONS:
        raise InvalidValueError(f"function is {name!r}, expected one of {sorted(FUNCTIONS)}")
    try:
        # Infinities come out here as they do in Keras.
        with np.errstate(all="ignore"):
            found = np.asarray(FUNCTIONS[name](*values, **parameters, **arrays))
            return found.astype(dtype, copy=False)
    except MemoryError as error:
        raise AllocationError(f"{name}: there is no memory for its result: {error}") from None
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        if isinstance(error, InvalidValueError):
            raise
        shapes = ", ".join(str(np.shape(value)) for value in values)
        raise InvalidValueError(f"{name} cannot take inputs of shape {shapes}: {error}") from None


def embedding(x, embeddings):
    """(m, ...) indices to (m, ..., n) rows of the table."""
    indices = np.asarray(x).astype(np.int64)
    wrong = indices[(indices < 0) | (indices >= len(embeddings))]
    if wrong.size:
        raise InvalidValueError(
            f"index {wrong.flat[0]} is not in the embedding, expected 0 to {len(embeddings) - 1}"
        )
    return embeddings[indices]


def dense(x, kernel, bias):
    """(..., k) to (..., n): ``x @ kernel + bias``."""
    return x @ kernel + bias


def prelu(x, alpha):
    """A slope for each channel; alpha has the shape of a row, or 1 on shared axes."""
    return np.where(x < 0, x * alpha, x)


def clip(x, smallest, largest):
    """x within two limits, of which either or both may be None."""
    return x if smallest is largest is None else np.clip(x, smallest, largest)


def quantize(x, scale, zero, smallest, largest, rounding="ROUND"):
    """Integers: ``x / scale + zero`` between two limits, rounded by a key of :data:`ROUNDINGS`."""
    return ROUNDINGS[rounding](np.clip(x / scale + zero, smallest, largest))


def bipolar(x):
    """-1 for negative values, else 1."""
    return np.where(x >= 0, np.float32(1), np.float32(-1))


#: Ways to round; UP and DOWN are away from 0 and towards it.
ROUNDINGS = {
    "ROUND": np.rint,
    "HALF_EVEN": np.rint,
    "CEIL": np.ceil,
    "FLOOR": np.floor,
    "UP": lambda x: np.copysign(np.ceil(np.abs(x)), x),
    "DOWN": np.trunc,
    "HALF_UP": lambda x: np.copysign(np.floor(np.abs(x) + np.float32(0.5)), x),
    "HALF_DOWN": lambda x: np.copysign(np.ceil(np.abs(x) - np.float32(0.5)), x),
}

#: Those that move or add up values, so that a large mean is in their results as in their inputs:
#: where a later step subtracts it, they are not rounded to float32.
_LINEAR = {
    "scale": normalizations.scale,
    "dense": dense,
    **{name: merges.MERGES[name] for name in merges.LINEAR},
    "reshape": layouts.reshape,
    "permute": layouts.permute,
    "repeat": layouts.repeat,
    "pad": layouts.pad,
    "crop": layouts.crop,
    "take": layouts.take,
    "gather_windows": layouts.gather_windows,
    "convolution": convolutions.convolution,
    "depthwise_convolution": convolutions.depthwise_convolution,
    "transposed_convolution": convolutions.transposed_convolution,
    "max_pool": convolutions.max_pool,
    "average_pool": convolutions.average_pool,
    "upsample": convolutions.upsample,
    "mean": layouts.mean,
    "largest": layouts.largest,
    "smallest": layouts.smallest,
    "total": layouts.total,
}
_CURVED = {
    **activations.HOST_FUNCTIONS,
    **{name: merge for name, merge in merges.MERGES.items() if name not in merges.LINEAR},
    "relu": activations.rectify,
    "glu": activations.glu,
    "prelu": prelu,
    "embedding": embedding,
    "layer_normalization": normalizations.layer_normalization,
    "group_normalization": normalizations.group_normalization,
    "unit_normalization": normalizations.unit_normalization,
    "rms_normalization": normalizations.rms_normalization,
    "scaled_mean": layouts.scaled_mean,
    "clip": clip,
    "quantize": quantize,
    "bipolar": bipolar,
    "quantizer": quantizers.quantizer,
    "error_function": activations.erf,
    "absolute": np.abs,
    "square": np.square,
    "square_root": np.sqrt,
    "logarithm": np.log,
}
#: What each step of the host computes; every parameter is JSON-able, every weight an array.
FUNCTIONS = {**_LINEAR, **_CURVED}
LINEAR = frozenset(_LINEAR)
