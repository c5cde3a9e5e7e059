"""What a network is once it fits the engine: weights, biases and the words of an instruction."""

from dataclasses import dataclass

import numpy as np

from xfblas.models import activate


@dataclass(frozen=True)
class Arithmetic:
    """How the engine turns a sum into an element; all false is that of the public engine.

    Attributes:
        round: add half before the shift.
        saturate: clamp instead of wrapping.
        bias_row: keep one row of bias on the device instead of a matrix of the batch's size.
    """

    round: bool = True
    saturate: bool = True
    bias_row: bool = True


LEGACY = Arithmetic(round=False, saturate=False, bias_row=False)


@dataclass(frozen=True, eq=False)
class QuantizedLayer:
    """One Fcn instruction: C = pRelu(((A*B + X) * post_scale) >> post_shift).

    Attributes:
        weights: (k, n), int16 or float32.
        bias: (n,), int32 or float32, or (m, n) where every row has a bias of its own.
    """

    name: str
    weights: np.ndarray
    bias: np.ndarray
    post_scale: int = 1
    post_shift: int = 0
    prelu_scale: int = 1
    prelu_alpha: int = 0

    @property
    def scales(self) -> tuple[int, int, int, int]:
        """postScale, postShift, preluScale, preluAlpha, in the order of an instruction."""
        return (self.post_scale, self.post_shift, self.prelu_scale, self.prelu_alpha)


@dataclass(frozen=True, eq=False)
class QuantizedNetwork:
    """A chain of layers, and how its input and output are made from floats.

    Attributes:
        layers: in the order of computation.
        arithmetic: the engine's flags.
        input_scale: (k,), integers of an input = round(x * input_scale); None where the caller
            gives a scale with each prediction, or for a float image.
        output_scale: output = integer / output_scale; None where the integers are the result.
        output_activation: what the host computes last.
    """

    layers: tuple[QuantizedLayer, ...]
    arithmetic: Arithmetic
    input_scale: np.ndarray | None = None
    output_scale: float | None = None
    output_activation: str = "linear"

    @property
    def dtype(self) -> np.dtype:
        """Element type of the image it runs on."""
        return self.layers[0].weights.dtype

    @property
    def input_units(self) -> int:
        """Values in a row of the input."""
        return self.layers[0].weights.shape[0]

    @property
    def output_units(self) -> int:
        """Values in a row of the output."""
        return self.layers[-1].weights.shape[1]

    def finish(self, raw: np.ndarray) -> np.ndarray:
        """The model's output (m, n), float32, from what the engine computed."""
        logits = raw.astype(np.float32)
        if self.output_scale is not None:
            logits /= np.float32(self.output_scale)
        return activate(self.output_activation, logits)
