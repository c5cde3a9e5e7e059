"""One layer's integers, with the proof that its sums fit.

With T, S, Q and P of :mod:`~xfblas.quantization.output_scales`, z and y for the integers that stand
for 0 in the inputs and in the outputs, and K = 1 / P, the layer is

    Q[k,j] = round(K * w[k,j]),                       w[k,j] = W[k,j] * T[j] / S[k]         (1)
    X[j]   = round(K * (b[j] * T[j] + y)) - z * sum over k of Q[k,j]                       (2)

All grows with K, so every condition is an upper bound of K: weights within their element, X within
32 bits and, by equation (1) of :mod:`~xfblas.quantization.bounds`, each sum within the accumulator
with half a step of rounding more for each weight. P is the next postScale / 2**postShift above the
least that these bounds allow. So the output's scale is T to the last digit whatever P is, and no
error of a rounded scale adds up over the layers. postScale has 15 bits, or as many as its product
with the largest sum leaves of the 48.

Where y is the most negative element, -2**(bits - 1), saturation itself is the ReLU: what would be
negative is clamped to y, and positive values have twice as many steps. Bytes need these; with 16
bits, z times a sum of weights would take bits from the weights, because it must fit X.
"""

from dataclasses import dataclass, replace

import numpy as np

from xfblas.errors import UnsupportedModelError
from xfblas.quantization import bounds
from xfblas.quantization.instruction_fields import (
    ACCUMULATOR_MAX,
    BIAS_MAX,
    POST_SCALE_MAX,
    choose_post_above,
    prelu_fields,
)
from xfblas.quantization.layers import QuantizedLayer
from xfblas.quantization.options import Options


@dataclass(frozen=True, eq=False)
class Target:
    """What a layer's integers shall compute.

    Attributes:
        kernel: (k, n) float64, w of equation (1) without T. Where outputs have several columns each
            (below), these repeat all outputs.
        scale: (columns,) float64, T.
        bias: (columns,) float64, b*T + y of equation (2).
        total: (columns,) float64, sums of w over all inputs.
        least, most: (columns,) float64, the ends of the inputs' sums with w.
        largest: the largest size of w.
        floor: the least P, for another reason.
        input_zero, output_zero: z and y.
        inputs: the inputs' possible integers.
        accumulator: bits that sums must fit.
    """

    kernel: np.ndarray
    scale: np.ndarray
    bias: np.ndarray
    total: np.ndarray
    least: np.ndarray
    most: np.ndarray
    largest: float
    floor: float
    input_zero: int
    output_zero: int
    inputs: bounds.Interval
    accumulator: int

    def scaled(self, factor: float) -> "Target":
        """The same with all numbers times ``factor``, which leaves more room for roundings."""
        names = ("scale", "bias", "total", "least", "most", "largest", "floor")
        return replace(self, **{name: getattr(self, name) * factor for name in names})


@dataclass(frozen=True, eq=False)
class Integers:
    """A layer's integers.

    Attributes:
        layer: the instruction.
        total: the proved ends of its sums.
        factor: K.
    """

    layer: QuantizedLayer
    total: bounds.Interval
    factor: float


def choose_factor(name: str, target: Target, options: Options) -> tuple[int, int]:
    """postScale and postShift: the least P that the bounds above allow.

    Raises:
        UnsupportedModelError: so many inputs that no weights but zero fit the accumulator, or
            outputs that are far too small for the weights.
    """
    addend = target.bias - target.input_zero * target.total
    # The engine looks at the sum without X, and adds it then.
    ends = (target.least, target.most, target.least + addend, target.most + addend)
    widest = max(float(np.abs(end).max()) for end in ends)
    sizes = np.maximum(np.abs(target.inputs.low), np.abs(target.inputs.high)).astype(np.float64)
    # Rounding moves a weight by half at most, and X and z times a sum of weights likewise.
    bias_slack = abs(target.input_zero) * len(sizes) / 2 + 2
    slack = float(sizes.sum()) / 2 + bias_slack
    limit = 2.0 ** (target.accumulator - 1) - 1
    if slack >= limit / 2 or bias_slack >= BIAS_MAX / 2:
        raise UnsupportedModelError(
            f"layer {name}: sums of {len(sizes)} products do not fit the {target.accumulator}-bit "
            "accumulator"
        )
    candidates = [2.0**47]
    for size, available in (
        (target.floor, 1.0),
        (target.largest, float(options.weight_max(name))),
        (float(np.abs(addend).max()), BIAS_MAX - bias_slack),
        (widest, limit - slack),
    ):
        if size > 0:
            candidates.append(available / size)
    factor = min(candidates)
    if 1 / factor > POST_SCALE_MAX:
        raise UnsupportedModelError(
            f"layer {name}: its sums can be {widest:.3g} steps of the outputs that were seen, "
            "more than postScale can bring down: calibrate with rows that are more typical"
        )
    if options.power_of_two:
        shift = min(47, int(np.floor(np.log2(factor))))
        if shift < 0:
            raise UnsupportedModelError(
                f"layer {name}: a shift cannot make its sums larger; leave power_of_two out"
            )
        return 1, shift
    largest_sum = min(factor * widest + slack, limit)
    return choose_post_above(1 / factor, int(ACCUMULATOR_MAX // max(largest_sum, 1.0)))


def make_integers(
    layer, target: Target, options: Options, inputs: np.ndarray, outputs: np.ndarray
) -> Integers:
    """The instruction of a prepared layer.

    Args:
        layer: :class:`~xfblas.quantization.preparation.PreparedLayer`.
        target: what it shall compute.
        options: the caller's.
        inputs: (rows, k) the sample's integers, 0 standing for 0.
        outputs: (rows, n) what they shall give, in steps of the output.

    Raises:
        UnsupportedModelError: no weights fit.
    """
    prelu = (1, 0) if target.output_zero else prelu_fields(layer.activation, layer.slope)
    element = np.int16 if options.bits == 16 else np.int8
    kernel = np.tile(target.kernel, len(target.scale) // target.kernel.shape[1])
    largest, tightened = options.weight_max(layer.name), 1.0
    for _ in range(20):
        post = choose_factor(layer.name, target.scaled(tightened), options)
        factor = 2.0 ** post[1] / post[0]
        weights = np.rint(kernel * (target.scale * factor))
        weights = np.clip(weights, -largest, largest)
        addend = target.bias * factor
        if options.bias_correction:
            addend = (outputs * factor).mean(axis=0) - inputs.mean(axis=0) @ weights
        addend = np.rint(addend - target.input_zero * weights.sum(axis=0))
        quantized = QuantizedLayer(
            layer.name,
            weights.astype(element),
            np.clip(addend, -BIAS_MAX, BIAS_MAX).astype(np.int32),
            *post,
            *prelu,
        )
        total = bounds.sums(quantized.weights, quantized.bias, target.inputs)
        fits = total.bits() <= target.accumulator
        if fits and total.largest * quantized.post_scale <= ACCUMULATOR_MAX:
            return Integers(quantized, total, factor)
        # The correction moves X by more than roundings do.
        tightened *= 2.0 if options.power_of_two else 1.05
    raise UnsupportedModelError(
        f"layer {layer.name}: no weights were found whose sums fit the {target.accumulator}-bit "
        "accumulator"
    )
