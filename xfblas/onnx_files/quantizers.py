"""Quantizers of ONNX and QONNX: what they round, on constants and on rows."""

import numpy as np

from xfblas.layers.host_functions import ROUNDINGS, quantize
from xfblas.layers.operation import CannotRun, Operation
from xfblas.onnx_files.node import Node, converts

#: Ranges of the types that QuantizeLinear may give, by ONNX' number.
_RANGES = {
    2: (0, 255),
    3: (-128, 127),
    4: (0, 65535),
    5: (-32768, 32767),
    21: (0, 15),
    22: (-8, 7),
}  # fmt: skip


def aligned(values: np.ndarray, axis: int, rank: int) -> np.ndarray:
    """A constant for each entry of one axis, of tensors with ``rank`` axes."""
    if values.size == 1:
        return values.reshape(())
    axis = axis + rank if axis < 0 else axis
    if values.ndim != 1 or not 0 <= axis < rank:
        raise CannotRun(f"its scale has the shape {values.shape}, expected one for each of an axis")
    return values.reshape((-1,) + (1,) * (rank - axis - 1))


def linear_range(kind: int | None) -> tuple[int, int]:
    """The smallest and the largest number of an ONNX type; unsigned bytes where none is said."""
    if (kind or 2) not in _RANGES:
        raise CannotRun("quantizes to a type other than integers of 4, 8 or 16 bits")
    return _RANGES[kind or 2]


def quant_range(bits: float, signed: bool, narrow: bool) -> tuple[float, float]:
    """The smallest and the largest integer of QONNX' Quant."""
    if signed:
        return -(2 ** (bits - 1)) + narrow, 2 ** (bits - 1) - 1
    return 0, 2**bits - 1 - narrow


def quant_settings(attributes: dict, bits: np.ndarray) -> tuple[float, bool, bool, str]:
    """Bits, signed, narrow and rounding of a Quant, checked."""
    rounding = attributes.get("rounding_mode", "ROUND")
    rounding = rounding.upper() if isinstance(rounding, str) else rounding
    if rounding not in ROUNDINGS:
        raise CannotRun(f"rounding_mode is {rounding!r}, expected one of {', '.join(ROUNDINGS)}")
    if bits.size != 1 or not 1 <= bits.item() <= 32:
        raise CannotRun(f"its bit width is {bits.tolist()}, expected one number from 1 to 32")
    signed, narrow = (bool(attributes.get(name, 1)) for name in ("signed", "narrow"))
    return bits.item(), signed, narrow, rounding


def quant_constant(attributes: dict, x, scale, zero, bits) -> np.ndarray:
    """Quant of constants."""
    width, signed, narrow, rounding = quant_settings(attributes, bits)
    if width == 1 and signed:
        return (np.where(x / scale + zero >= 0, 1, -1) - zero) * scale
    limits = quant_range(width, signed, narrow)
    return (quantize(x, scale, zero, *limits, rounding) - zero) * scale


@converts("Quant", "IntQuant")
def _quant(node: Node) -> list[Operation]:
    """Rounded on the host, then scaled back."""
    node.tensor(0)
    scale = _scale_of(node)
    zero = node.of_row(node.constant(2, "zero point", 0.0))
    bits = node.constant(3, "bit width")
    width, signed, narrow, rounding = quant_settings(node.attributes, bits)
    if width == 1 and signed:
        if zero.any():
            raise CannotRun("its one bit has a zero point, expected 0")
        return [*node.host("bipolar"), *node.scaling(scale, np.zeros(()))]
    limits = quant_range(width, signed, narrow)
    return [*_rounded(node, scale, zero, limits, rounding), *_back(node, scale, zero)]


@converts("BipolarQuant")
def _bipolar_quant(node: Node) -> list[Operation]:
    node.tensor(0)
    return [*node.host("bipolar"), *node.scaling(_scale_of(node), np.zeros(()))]


@converts("QuantizeLinear")
def _quantize_linear(node: Node) -> list[Operation]:
    """Rounded before the zero point is added, which decides ties."""
    scale, zero = _linear(node)
    kind = node.attribute("output_dtype", 0) or _type_of(node)
    smallest, largest = linear_range(kind)
    limits = (smallest - zero, largest - zero)
    shifted = node.scaling(np.ones(()), zero) if zero.any() else []
    return [*_rounded(node, scale, np.zeros(()), limits, "ROUND"), *shifted]


@converts("DequantizeLinear")
def _dequantize_linear(node: Node) -> list[Operation]:
    return _back(node, *_linear(node))


def _linear(node):
    """Scale and zero point of each value of a row."""
    rank, axis = node.tensor(0).rank, node.attribute("axis", 1)
    if node.attribute("block_size", 0):
        raise CannotRun("has a scale for each block, expected one for all or for each of an axis")
    scale = node.of_row(aligned(node.constant(1, "scale"), axis, rank))
    zero = node.of_row(aligned(node.constant(2, "zero point", 0.0), axis, rank))
    if not (scale > 0).all():
        raise CannotRun(f"its scale has {scale.min()}, expected positive numbers")
    return scale, zero


def _type_of(node):
    """ONNX' number of the zero point's type."""
    if not node.has(2):
        return None
    name = node.bound(2, "zero point").dtype.name
    kinds = {"uint8": 2, "int8": 3, "uint16": 4, "int16": 5}
    return kinds.get(name, -1)


def _scale_of(node):
    scale = node.of_row(node.constant(1, "scale"))
    if not (scale > 0).all():
        raise CannotRun(f"its scale has {scale.min()}, expected positive numbers")
    return scale


def _rounded(node, scale, zero, limits, rounding):
    arrays = {"scale": scale, "zero": zero, "smallest": limits[0], "largest": limits[1]}
    arrays = {kind: np.asarray(values, np.float64) for kind, values in arrays.items()}
    return node.host("quantize", {"rounding": rounding}, arrays)


def _back(node, scale, zero):
    return node.scaling(scale, -zero * scale)
