"""What an ONNX graph takes: its inputs, whose first axis is the batch."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from xfblas.errors import InvalidValueError
from xfblas.keras_files.architecture import InputSpec
from xfblas.onnx_files.values import Tensor

#: ONNX' numbers of the float types: float32, float16, float64, bfloat16.
FLOATS = (1, 10, 11, 16)
#: ONNX' numbers of types of whole numbers.
WHOLE = (2, 3, 4, 5, 6, 7, 12, 13)
#: What may be done with whole numbers here; all else computes with floats.
ON_WHOLE = ("Cast", "Concat", "DequantizeLinear", "Flatten", "Gather", "Identity", "Reshape")
ON_WHOLE += ("Slice", "Split", "Squeeze", "Transpose", "Unsqueeze")


@dataclass(frozen=True, eq=False)
class GraphInputs:
    """The inputs of a graph.

    Attributes:
        specs: in the file's order.
        tensors: the same as nodes see them.
        batch: the number of rows, where the file says one, the same for all inputs. Every so many
            rows of a call are then what the file computes at once.
    """

    specs: tuple[InputSpec, ...]
    tensors: tuple[Tensor, ...]
    batch: int | None

    @property
    def indices(self) -> frozenset[str]:
        """Names of those that are indices of a table."""
        return frozenset(spec.name for spec in self.specs if spec.dtype == "int64")


def read_inputs(graph: Any, stored: Collection[str], where: str) -> GraphInputs:
    """Reads the inputs of an onnx.GraphProto.

    Args:
        graph: see above.
        stored: names of initializers, which are inputs too before version 4 of the format.
        where: what messages call the model.

    Raises:
        InvalidValueError: there are none, or one is not of numbers, or has no axis.
    """
    given = [info for info in graph.input if info.name not in stored]
    if not given:
        raise InvalidValueError(f"{where} has no inputs, expected rows to compute of")
    indices = _indices(graph)
    specs, tensors, batches = [], [], set()
    for info in given:
        batch, *row = _sizes(info, where)
        batches.add(batch)
        kind = info.type.tensor_type.elem_type
        if kind not in (*FLOATS, *WHOLE):
            raise InvalidValueError(
                f"{where}: input {info.name} is of type {kind} of ONNX, expected numbers"
            )
        tensors.append(Tensor(info.name, tuple(row), kind in WHOLE))
        dtype = "int64" if info.name in indices and kind in WHOLE else "float32"
        specs.append(InputSpec(info.name, tuple(row), dtype))
    one = batches.pop() if len(batches) == 1 else None
    return GraphInputs(tuple(specs), tuple(tensors), one)


def _indices(graph) -> set[str]:
    """Names that a Gather takes as indices, or what comes before them unchanged."""
    found = set()
    for node in reversed(graph.node):
        if node.op_type == "Gather":
            found |= set(node.input[1:2])
        elif node.op_type in ON_WHOLE and found & set(node.output):
            found |= set(node.input[:1])
    return found


def _sizes(info, where):
    """Sizes of an input, None for an open one; the batch first."""
    kind = info.type.tensor_type
    sizes = [size.dim_value or None for size in kind.shape.dim]
    if not sizes:
        raise InvalidValueError(
            f"{where}: input {info.name} has no axes, expected a tensor whose first axis is the "
            "batch"
        )
    if any(size is not None and not 0 < size < 2**31 for size in sizes):
        raise InvalidValueError(
            f"{where}: input {info.name} has the sizes {sizes}, expected 1 or more"
        )
    return sizes
