"""One node of an ONNX graph, with what its inputs stand for: what rules are given."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.keras_files.architecture import LayerSpec
from xfblas.layers.activations import HOST_FUNCTIONS
from xfblas.layers.host_operation import HostOperation
from xfblas.layers.operation import NO_SUCH_LAYER, CannotRun
from xfblas.layers.scaling import Scale
from xfblas.onnx_files.values import Constant, Tensor

#: Rules by the node's operator, from a Node to operations: see :func:`converts`.
RULES = {}
#: Domains of the standard operators, and those of QONNX and its ancestors.
STANDARD = ("", "ai.onnx")
QONNX = ("qonnx.custom_op.general", "finn.custom_op.general", "onnx.brevitas")
QUANTIZERS = ("Quant", "IntQuant", "BipolarQuant")


def converts(*operators: str):
    """Registers the rule of operators: ``@converts("Gemm")`` is above that of one."""

    def register(rule):
        RULES.update(dict.fromkeys(operators, rule))
        return rule

    return register


@dataclass(frozen=True, eq=False)
class Node:
    """One node, seen from one of its outputs.

    Attributes:
        layer: what it is called.
        opset: version of the standard operators.
        attributes: by name.
        values: what its inputs are; None for one that is left out.
        output: which of its outputs this is.
        outputs: how many it has.
        batch: the number of rows, where the file says one.
    """

    layer: LayerSpec
    opset: int
    attributes: dict[str, Any]
    values: tuple[Tensor | Constant | None, ...]
    output: int = 0
    outputs: int = 1
    batch: int | None = None
    where: str = field(default="", kw_only=True)

    @property
    def operator(self) -> str:
        """Its kind."""
        return self.layer.class_name

    @property
    def tensors(self) -> list[Tensor]:
        """Those of its inputs that differ between rows."""
        return [value for value in self.values if isinstance(value, Tensor)]

    def tensor(self, index: int = 0) -> Tensor:
        """An input that must differ between rows."""
        value = self._value(index)
        if not isinstance(value, Tensor):
            raise CannotRun(f"its input {index} is constant, expected rows of the model")
        return value

    def constant(self, index: int, what: str, default: Any = None) -> np.ndarray:
        """An input that must be constant, with finite values; the default where it is left out.

        Raises:
            CannotRun: it is not constant, or left out without a default.
            InvalidValueError: a value is not finite.
        """
        values = self.bound(index, what, default)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            name = getattr(self._value(index), "name", what)
            raise InvalidValueError(
                f"{self.where}: layer {self.layer}: {what} ({name}) has values that are not finite"
            )
        return values

    def bound(self, index: int, what: str, default: Any = None) -> np.ndarray:
        """Like :meth:`constant`, of a limit, which may be infinite."""
        value = self._value(index)
        if value is None:
            if default is None:
                raise CannotRun(f"its {what} is missing")
            return np.asarray(default)
        if isinstance(value, Tensor):
            raise CannotRun(f"its {what} is computed from rows, expected a constant")
        if not value.is_fixed:
            raise CannotRun(f"its {what} depends on the number of rows, expected a constant")
        return value.values

    def has(self, index: int) -> bool:
        """Whether an input is given."""
        return self._value(index) is not None

    def _value(self, index):
        return self.values[index] if index < len(self.values) else None

    def attribute(self, name: str, default: Any) -> Any:
        """An attribute, which must be of the default's type; floats may be whole."""
        value = self.attributes.get(name, default)
        kinds = (float, int) if isinstance(default, float) else type(default)
        if default is not None and not isinstance(value, kinds):
            raise CannotRun(f"{name} is {str(value)[:60]}, expected a {type(default).__name__}")
        if isinstance(default, float) and not np.isfinite(value):
            raise CannotRun(f"{name} is {value}, expected a finite number")
        return value

    def whole_numbers(self, name: str, index: int) -> list[int] | None:
        """What older versions have as an attribute and later ones as an input; None if neither."""
        value = self.attributes.get(name)
        if value is None and self.has(index):
            value = self.constant(index, name)
        if value is None:
            return None
        values = np.asarray(value)
        if values.dtype.kind not in "iu" and values.size:
            raise CannotRun(f"{name} is {str(value)[:60]}, expected whole numbers")
        return [int(one) for one in values.reshape(-1)]

    def axis(self, axis: int, rank: int) -> int:
        """An axis counted from the front, which must not be the batch, axis 0."""
        found = axis + rank if axis < 0 else axis
        if not 0 <= found < rank:
            raise CannotRun(f"axis is {axis}, but its input has {rank} axes")
        if found == 0:
            raise CannotRun(f"axis {axis} is the batch: a row would depend on the others")
        return found

    def host(
        self,
        function: str,
        parameters: dict | None = None,
        arrays: dict | None = None,
        **more,
    ) -> list[HostOperation]:
        """A function of the host's."""
        parameters, arrays = parameters or {}, arrays or {}
        is_last = function in HOST_FUNCTIONS and not parameters and not arrays
        refusal = None if is_last else NO_SUCH_LAYER
        return [HostOperation(self.layer, function, parameters, arrays, refusal=refusal, **more)]

    def scaling(self, scale: np.ndarray, shift: np.ndarray) -> list[Scale]:
        """``x * scale + shift``, of constants that broadcast to the first tensor as in numpy."""
        row = self.tensors[0].shape
        arrays = {"scale": self.of_row(scale), "shift": self.of_row(shift)}
        for values in arrays.values():
            sizes = row[len(row) - values.ndim :]
            told = zip(values.shape, sizes, strict=True)
            if any(size not in (1, of_row) and of_row is not None for size, of_row in told):
                raise CannotRun(
                    f"its constant has the shape {values.shape}, which rows of shape {row} do not"
                )
        axes = tuple(range(-max(values.ndim for values in arrays.values()), 0))
        return [Scale(self.layer, "constant", axes, arrays)]

    def of_row(self, values: np.ndarray) -> np.ndarray:
        """A constant (float64) without the axis of the batch."""
        values, rank = np.asarray(values, np.float64), len(self.tensors[0].shape)
        if values.size == 0:
            raise CannotRun("its constant has no values")
        while values.ndim > rank:
            if len(values) != 1:
                raise CannotRun(
                    f"its constant has the shape {values.shape}: one for each row of the batch"
                )
            values = values[0]
        return values
