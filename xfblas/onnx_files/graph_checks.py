"""What is looked at before the nodes of an ONNX graph are read."""

from collections.abc import Iterator
from typing import Any

from xfblas.errors import InvalidValueError
from xfblas.layers.operation import CannotRun
from xfblas.onnx_files.constants import FUNCTIONS
from xfblas.onnx_files.node import QONNX, QUANTIZERS, RULES, STANDARD
from xfblas.onnx_files.onnx_file import import_onnx

#: Before it, nodes broadcast by attributes of their own.
_OLDEST = 7


def names_of(entries: Any) -> list[str]:
    """The names of inputs, outputs, tensors or attributes."""
    return [entry.name for entry in entries]


def require_text(graph: Any, where: str) -> None:
    """Raises an InvalidValueError for names that are bytes, as protobuf gives what is no text."""
    for name in _all_names(graph):
        if not isinstance(name, str):
            raise InvalidValueError(f"{where} is damaged: {name!r} is no text")


def _all_names(graph) -> Iterator[str]:
    yield graph.name
    yield from names_of((*graph.input, *graph.output, *graph.initializer))
    for node in graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output)
        yield from names_of(node.attribute)


def opset_of(model: Any, where: str) -> int:
    """The version of the standard operators.

    Raises:
        InvalidValueError: it is none, or one that is not known here.
    """
    versions = [entry.version for entry in model.opset_import if entry.domain in STANDARD]
    newest = import_onnx().defs.onnx_opset_version()
    if not versions:
        raise InvalidValueError(f"{where} names no version of ONNX' operators: it is damaged")
    if not _OLDEST <= versions[0] <= newest:
        raise InvalidValueError(
            f"{where} is of version {versions[0]} of ONNX' operators, expected {_OLDEST} to "
            f"{newest}, the newest that the installed onnx knows"
        )
    return versions[0]


def require_known(node: Any, opset: int) -> None:
    """Raises CannotRun for a node that nothing here computes, or that is not as ONNX says."""
    is_quantizer = node.op_type in QUANTIZERS
    if node.domain not in (QONNX if is_quantizer else STANDARD):
        raise CannotRun(f"is of the domain {node.domain!r}, whose operators are not known here")
    if node.op_type not in RULES and node.op_type not in (*FUNCTIONS, "Shape", "Size"):
        raise CannotRun("neither engine nor host has such an operator")
    if not is_quantizer:
        _require_schema(node, opset)


def _require_schema(node, opset):
    """What is left out or added would be taken for something else, or for nothing."""
    defs = import_onnx().defs
    try:
        schema = defs.get_schema(node.op_type, opset, "")
    except defs.SchemaError:
        raise CannotRun(f"version {opset} of ONNX' operators has none of this name") from None
    count, given = len(node.input), {entry.name: entry.type for entry in node.attribute}
    if not schema.min_input <= count <= schema.max_input:
        raise CannotRun(f"has {count} inputs, expected {schema.min_input} to {schema.max_input}")
    for name, kind in given.items():
        expected = schema.attributes.get(name)
        if expected is None or int(expected.type) != kind:
            raise CannotRun(f"its attribute {name} is none of version {opset}, or of another type")
    for name, expected in schema.attributes.items():
        if expected.required and name not in given:
            raise CannotRun(f"its attribute {name} is missing")
