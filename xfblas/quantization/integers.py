"""One layer's integers, with the proof that its sums fit.

With T, S, Q and P of :mod:`~xfblas.quantization.folding`, z and y for the integers that stand for 0
in the inputs and in the outputs, and K = 1 / P, the layer is

    Q[k,j] = round(K * w[k,j]),                       w[k,j] = W[k,j] * T[j] / S[k]         (1)
    X[j]   = round(K * (b[j] * T[j] + y)) - z * sum over k of Q[k,j]                       (2)

All grows with K, so every condition is an upper bound of K: weights within their element, X within
32 bits and, by equation (1) of :mod:`~xfblas.quantization.bounds`, each sum within the accumulator
with half a step of rounding more for each weight. P is the next postScale / 2**postShift above the
least that these bounds allow. So the output's scale is T to the last digit whatever P is, and no
error of a rounded scale adds up over the layers. postScale has 15 bits, or as many as its product
with the largest sum leaves of the 48.

Where y is the most negative element, -2**(bits - 1), saturation itself is the ReLU: what would be
negative is clamped to y, and positive values have twice as many steps.
"""

from dataclasses import dataclass, replace

import numpy as np

from xfblas.errors import UnsupportedModelError
from xfblas.quantization import bounds
from xfblas.quantization.layers import QuantizedLayer
from xfblas.quantization.scales import (
    ACCUMULATOR_MAX,
    BIAS_MAX,
    POST_SCALE_MAX,
    choose_post_above,
    prelu_fields,
)


@dataclass(frozen=True, eq=False)
class Target:
    """What a layer's integers shall compute.

    Attributes:
        kernel: (k, n) float64, w of equation (1).
        bias: (n,) float64, b*T + y of equation (2).
        weight_limit: the size of w beyond which it is clipped.
        input_zero: z.
        inputs: the inputs' possible integers.
    """

    kernel: np.ndarray
    bias: np.ndarray
    weight_limit: float
    input_zero: int
    inputs: bounds.Interval

    def scaled(self, factor: float) -> "Target":
        """The same with all numbers times ``factor``, which leaves more room for roundings."""
        return replace(
            self,
            kernel=self.kernel * factor,
            bias=self.bias * factor,
            weight_limit=self.weight_limit * factor,
        )


@dataclass(frozen=True)
class Room:
    """What the engine has.

    Attributes:
        bits: of an element.
        accumulator: bits that sums must fit.
        power_of_two: whether postScale is 1.
        bias_max: what X can hold, with the constants that help it.
    """

    bits: int
    accumulator: int
    power_of_two: bool = False
    bias_max: int = BIAS_MAX

    @staticmethod
    def of(options) -> "Room":
        """The room that the caller's options leave."""
        return Room(options.bits, options.accumulator_bits, options.power_of_two)

    def with_bias(self, constants: int) -> "Room":
        """The same with constant inputs that are so much together."""
        return replace(self, bias_max=self.bias_max + constants * self.element_max)

    @property
    def element_max(self) -> int:
        """The largest integer weight."""
        return 2 ** (self.bits - 1) - 1


def choose_factor(name: str, target: Target, room: Room) -> tuple[int, int]:
    """postScale and postShift: the least P that the bounds above allow.

    Raises:
        UnsupportedModelError: so many inputs that no weights but zero fit the accumulator, or
            outputs that are far too small for the weights.
    """
    addend = target.bias - target.input_zero * target.kernel.sum(axis=0)
    least, most = bounds.products(target.kernel, target.inputs)
    widest = float(np.maximum(np.abs(least + addend), np.abs(most + addend)).max())
    sizes = np.maximum(np.abs(target.inputs.low), np.abs(target.inputs.high)).astype(np.float64)
    # Rounding moves a weight by half at most, and X and z times a sum of weights likewise.
    slack = float(sizes.sum()) / 2 + abs(target.input_zero) * len(sizes) / 2 + 2
    limit = 2.0 ** (room.accumulator - 1) - 1
    bias_slack = abs(target.input_zero) * len(sizes) / 2 + 2
    if slack >= limit / 2 or bias_slack >= room.bias_max / 2:
        raise UnsupportedModelError(
            f"layer {name}: sums of {len(sizes)} products do not fit the {room.accumulator}-bit "
            "accumulator"
        )
    candidates = [2.0**47]
    for size, available in (
        (target.weight_limit, float(room.element_max)),
        (float(np.abs(addend).max()), room.bias_max - bias_slack),
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
    if room.power_of_two:
        shift = min(47, int(np.floor(np.log2(factor))))
        if shift < 0:
            raise UnsupportedModelError(
                f"layer {name}: a shift cannot make its sums larger; leave power_of_two out"
            )
        return 1, shift
    largest_sum = min(factor * widest + slack, limit)
    return choose_post_above(1 / factor, int(ACCUMULATOR_MAX // max(largest_sum, 1.0)))


def whole_numbers(values: np.ndarray, limit: float) -> np.ndarray:
    """Rounded to the nearest integer and clipped to +-limit, as float64."""
    return np.clip(np.rint(values), -limit, limit)


def build_layer(
    layer, weights: np.ndarray, addend: np.ndarray, post: tuple[int, int], zero_point: int, bits
) -> QuantizedLayer:
    """The instruction of a prepared layer.

    Args:
        layer: :class:`~xfblas.quantization.preparation.PreparedLayer`.
        weights: (k, n) whole float64.
        addend: (n,) whole float64, X.
        post: postScale and postShift.
        zero_point: y; where it is not 0, saturation is the ReLU.
        bits: of an element.
    """
    prelu = (1, 0) if zero_point else prelu_fields(layer.activation, layer.slope)
    return QuantizedLayer(
        layer.name,
        weights.astype(np.int16 if bits == 16 else np.int8),
        whole_numbers(addend, BIAS_MAX).astype(np.int32),
        *post,
        *prelu,
    )


def proved_sums(layer: QuantizedLayer, inputs: bounds.Interval, room: Room) -> bounds.Interval:
    """The ends of the layer's sums, which fit the accumulator and, times postScale, 48 bits.

    Raises:
        UnsupportedModelError: they do not; the message names the layer.
    """
    total = bounds.sums(layer.weights, layer.bias, inputs)
    if total.bits() > room.accumulator or total.largest * layer.post_scale > ACCUMULATOR_MAX:
        raise UnsupportedModelError(
            f"layer {layer.name}: sums from {total.low.min()} to {total.high.max()} times "
            f"postScale {layer.post_scale} do not fit the {room.accumulator}-bit accumulator"
        )
    return total
