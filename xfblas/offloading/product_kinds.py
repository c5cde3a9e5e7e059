"""Which product two element types and the options of a call ask for, and what computes it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from xfblas.arrays import element_type
from xfblas.checks import require_truth, shown
from xfblas.device.compute_unit import ComputeUnit
from xfblas.device.device import Device
from xfblas.device.device_matrix import DeviceMatrix
from xfblas.device.product_errors import DTYPES, raise_types
from xfblas.device.products import default_device, product_into
from xfblas.errors import DtypeError, InvalidValueError
from xfblas.offloading.fused_products import Epilogue, epilogue
from xfblas.offloading.split_products import split_product
from xfblas.offloading.whole_sums import MOST_K, sums_of_bytes, whole_sums
from xfblas.rows.result_array import empty_result

CASTINGS = ("no", "equiv", "safe", "same_kind", "unsafe")
INT8, INT16, INT32, UINT8 = (np.dtype(name) for name in ("int8", "int16", "int32", "uint8"))
FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


@dataclass(frozen=True)
class ProductKind:
    """One way to multiply matrices.

    Attributes:
        operands: the types that ``a`` and ``b`` are converted to.
        result: the type of the product.
        image: the element type of the device.
        engine: that the device needs, or None where Gemm and Fcn do.
        compute: from a unit, ``a`` (m, k) and ``b`` (k, n) of those types to the product, (m, n).
        adds: whether products of parts of k add up to the whole.
        epilogue: of a fused product, which ``compute`` applies.
    """

    operands: tuple[np.dtype, np.dtype]
    result: np.dtype
    image: np.dtype
    engine: str | None
    compute: Callable[[ComputeUnit, np.ndarray, Any], np.ndarray]
    adds: bool = True
    epilogue: Epilogue | None = None

    def within(self, shape: tuple[int, int], place: tuple[slice, slice]) -> "ProductKind":
        """The kind that gives the tile at a place of a result of that shape.

        Raises:
            InvalidValueError: the bias has another shape than the result.
        """
        if self.epilogue is None:
            return self
        return _fused(self.image, self.epilogue.within(shape, place))

    def device(self, given: Device | None) -> Device:
        """The device that was given, if it fits, or the default one."""
        engine = self.engine
        if given is None:
            return default_device(self.image, engine or "Gemm")
        if given.dtype != self.image:
            raise DtypeError(f"device computes with {given.dtype}, this product with {self.image}")
        if engine is not None and given.engine != engine:
            raise InvalidValueError(
                f"device was opened for the {given.engine} engine, expected {engine} for this "
                "product"
            )
        return given


def product_kind(
    a: Any, b: Any, given: tuple[Any, Any], device: Device | None, options: dict[str, Any]
) -> ProductKind:
    """The kind of product of two arrays; see :func:`xfblas.matmul` for the options.

    Raises:
        DtypeError: no engine has these types; tells the ways on.
        InvalidValueError: options that exclude each other, or a wrong one.
    """
    exact, split = (require_truth(name, options.get(name, False)) for name in ("exact", "split"))
    fused = {name: options.get(name) for name in ("scale", "bias", "activation")}
    rounds = {name: require_truth(name, options.get(name, False)) for name in ("round", "saturate")}
    is_fused = any(value is not None for value in fused.values())
    if exact + split + is_fused > 1:
        raise InvalidValueError(
            f"exact is {exact}, split is {split} and scale, bias or activation is "
            f"{'given' if is_fused else 'not'}, expected one of the three"
        )
    if not is_fused and (rounds["round"] or rounds["saturate"]):
        raise InvalidValueError("round and saturate are for products with a scale, expected False")
    wanted = options.get("dtype")
    if wanted is not None:
        wanted = element_type("dtype", wanted).newbyteorder("=")
    if split:
        return _split_kind(a, b, wanted)
    types = {a.dtype.newbyteorder("="), b.dtype.newbyteorder("=")}
    mixes_bytes = types == {INT8, UINT8} and wanted in (None, INT32)
    if mixes_bytes and not is_fused and not exact:
        operands = (a.dtype.newbyteorder("="), b.dtype.newbyteorder("="))
        return ProductKind(operands, INT32, INT8, _engine_of_sums(device), sums_of_bytes)
    if exact and wanted == np.int64:
        wanted = None
    common = _common(a, b, given, device, wanted)
    if exact:
        if common.kind != "i":
            raise DtypeError(
                f"a is {a.dtype} and b is {b.dtype}, expected integers for exact=True: floats have "
                "split=True"
            )
        engine = _engine_of_sums(device)
        return ProductKind((common, common), np.dtype(np.int64), common, engine, whole_sums)
    if is_fused:
        return _fused(common, epilogue(common, **fused, **rounds))
    return ProductKind((common, common), common, common, None, _elements)


def _fused(dtype: np.dtype, made: Epilogue) -> ProductKind:
    compute = partial(_within_sums, made.product)
    return ProductKind((dtype, dtype), dtype, dtype, "Fcn", compute, adds=False, epilogue=made)


def _common(a: Any, b: Any, given: tuple[Any, Any], device: Device | None, wanted: Any) -> np.dtype:
    """What numpy's promotion gives, or the dtype that was asked for; refused where no image has it.

    A device, or a matrix on one, has the only one.
    """
    sent = b.dtype if isinstance(b, DeviceMatrix) else device.dtype if device is not None else None
    try:
        found = np.result_type(a.dtype, b.dtype) if wanted is None else wanted
    except TypeError:  # such as words and numbers
        found = None
    if found in DTYPES and (sent is None or found == sent):
        return found
    if wanted is not None:
        raise DtypeError(
            f"dtype is {wanted}, expected {' or '.join(str(each) for each in DTYPES)}"
            + (f", and that of the device is {sent}" if sent is not None else "")
        )
    raise_types(a, b, *given, sent)


def _engine_of_sums(device: Device | None) -> str | None:
    """Whole sums come from any engine of this CPU; elsewhere from launches of Fcn."""
    from xfblas.device.default_images import default_target

    target = default_target() if device is None else device.target
    return None if target == "native" else "Fcn"


def _split_kind(a: Any, b: Any, wanted: Any) -> ProductKind:
    if isinstance(b, DeviceMatrix):
        raise InvalidValueError("b is a DeviceMatrix, expected an array for split=True")
    found = np.result_type(a.dtype, b.dtype) if wanted is None else wanted
    if found not in FLOATS or ("f" not in (a.dtype.kind, b.dtype.kind) and wanted is None):
        raise DtypeError(
            f"a is {a.dtype} and b is {b.dtype}, expected float64 or float32 for split=True"
        )
    return ProductKind((found, found), found, INT16, _engine_of_sums(None), partial(_split, found))


def _split(dtype: np.dtype, unit: ComputeUnit, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return split_product(partial(whole_sums, unit), a, b, dtype)


def _elements(unit: ComputeUnit, a: np.ndarray, b: Any) -> np.ndarray:
    out = empty_result((len(a), b.shape[1]), a.dtype)
    product_into(unit, a, b, out)
    return out


def _within_sums(product: Any, unit: ComputeUnit, a: np.ndarray, b: Any) -> np.ndarray:
    if a.dtype.kind == "i" and a.shape[1] > MOST_K:
        raise InvalidValueError(
            f"k is {a.shape[1]:,}, expected at most {MOST_K:,} with a scale, bias or activation: "
            "the engine's sums could wrap before them"
        )
    return product(unit, a, b)


def require_casting(value: Any) -> str:
    """``value`` itself if it is one of numpy's castings."""
    if not isinstance(value, str) or value not in CASTINGS:
        raise InvalidValueError(f"casting is {shown(value)}, expected {', '.join(CASTINGS)}")
    return value
