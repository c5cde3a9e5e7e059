"""From an ONNX graph to layers, calls, and what each layer consists of."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.keras_files.architecture import Architecture, Call, InputSpec, LayerSpec
from xfblas.layers.operation import CannotRun, Operation, Place
from xfblas.layers.placement import output_of
from xfblas.onnx_files import (  # noqa: F401 - some of them register rules
    arithmetic,
    functions,
    layouts,
    products,
    quantizers,
)
from xfblas.onnx_files.constants import FUNCTIONS, Budget, compute_constant
from xfblas.onnx_files.layouts import FLOATS
from xfblas.onnx_files.node import QONNX, RULES, STANDARD, Node
from xfblas.onnx_files.onnx_file import damage_reported, import_onnx, load_model
from xfblas.onnx_files.values import Constant, Tensor, array_of

#: Before it, nodes broadcast by attributes of their own.
_OLDEST = 7
#: ONNX' numbers of types of whole numbers.
_WHOLE = (2, 3, 4, 5, 6, 7, 12, 13)
#: What may be done with whole numbers here; all else computes with floats.
_ON_WHOLE = ("Cast", "Concat", "DequantizeLinear", "Flatten", "Gather", "Identity", "Reshape")
_ON_WHOLE += ("Slice", "Split", "Squeeze", "Transpose", "Unsqueeze")


@dataclass(frozen=True, eq=False)
class OnnxModel:
    """A model as it was read.

    Attributes:
        architecture: its layers, named after nodes, and their calls.
        operations: what each layer consists of, by its id.
        where: what messages call it.
    """

    architecture: Architecture
    operations: dict[int, list[Operation]]
    where: str

    def operations_of(self, layer: LayerSpec) -> list[Operation]:
        """What a layer consists of.

        Raises:
            CannotRun: with the reason.
        """
        if layer.problem is not None:
            raise CannotRun(layer.problem)
        return self.operations[id(layer)]


def read_file(path: Path) -> OnnxModel:
    """Reads an ONNX file, and the data files in its folder.

    Raises:
        InvalidValueError: there is no such file, it is damaged or not of ONNX.
        NotSupportedError: onnx is not installed.
    """
    return read_model(load_model(path), str(path), path.parent)


def read_model(model: Any, where: str = "the ONNX model", folder: Path | None = None) -> OnnxModel:
    """Reads an onnx.ModelProto; see :func:`read_file`."""
    with damage_reported(where):
        if model.functions:
            from onnx import inliner

            model = inliner.inline_local_functions(model)
        return _Reader(model, where, folder).read()


class _Reader:
    """Walks the nodes in order, and knows what each name stands for."""

    def __init__(self, model: Any, where: str, folder: Path | None):
        self._graph, self._where, self._folder = model.graph, where, folder
        self._opset = _opset(model, where)
        #: None for what comes after a node that cannot be run.
        self._values: dict[str, Tensor | Constant | None] = {"": None}
        self._layers: list[LayerSpec] = []
        self._calls: list[Call] = []
        self._operations: dict[int, list[Operation]] = {}
        self._used: set[str] = set()
        self._counts = Counter(node.name for node in model.graph.node)

    def read(self) -> OnnxModel:
        graph = self._graph
        if graph.sparse_initializer:
            raise InvalidValueError(f"{self._where} has sparse initializers, expected dense ones")
        stored = {tensor.name: tensor for tensor in graph.initializer}
        wanted = self._wanted_nodes()
        inputs = self._inputs(stored, {name for node in wanted for name in node.input})
        total = 0
        for name in {name for node in wanted for name in node.input} & set(stored):
            values = array_of(stored[name], self._folder, self._where)
            self._values[name] = Constant.of(name, values)
            total += values.size
        self._budget = Budget(total)
        for node in wanted:
            self._add(node)
        outputs = tuple(self._output(info.name) for info in graph.output)
        keys = (None,) * len(outputs)
        name = graph.name or "model"
        architecture = Architecture(
            name, tuple(self._layers), tuple(self._calls), inputs, outputs, keys
        )
        return OnnxModel(architecture, self._operations, self._where)

    def _wanted_nodes(self) -> list[Any]:
        """The nodes that an output depends on, in order."""
        wanted, kept = {info.name for info in self._graph.output}, []
        if not wanted:
            raise InvalidValueError(f"{self._where} has no outputs, expected an ONNX model")
        for node in reversed(self._graph.node):
            if wanted & (set(node.output) - {""}):
                wanted |= set(node.input)
                kept.append(node)
        return kept[::-1]

    def _inputs(self, stored, used) -> tuple[InputSpec, ...]:
        # Before version 4 of the format initializers are inputs too.
        given = [info for info in self._graph.input if info.name not in stored]
        if not given:
            raise InvalidValueError(f"{self._where} has no inputs, expected rows to compute of")
        indices = self._indices()
        specs, batches = [], set()
        for info in given:
            batch, *row = self._sizes(info)
            batches.add(batch)
            kind = info.type.tensor_type.elem_type
            if kind not in (*FLOATS, *_WHOLE):
                raise InvalidValueError(
                    f"{self._where}: input {info.name} is of type {kind} of ONNX, expected numbers"
                )
            tensor = Tensor(info.name, tuple(row), kind in _WHOLE)
            self._define(info.name, tensor)
            dtype = "int64" if info.name in indices and tensor.is_whole else "float32"
            specs.append(InputSpec(info.name, tensor.shape, dtype))
        #: Where the file says how many rows there are, every so many are rows of a call.
        self._batch = batches.pop() if len(batches) == 1 else None
        self._indices_of = {spec.name for spec in specs if spec.dtype == "int64"}
        self._used |= {spec.name for spec in specs}
        return tuple(specs)

    def _indices(self) -> set[str]:
        """Names that a Gather takes as indices, or what comes before them unchanged."""
        found = set()
        for node in reversed(self._graph.node):
            if node.op_type == "Gather":
                found |= set(node.input[1:2])
            elif node.op_type in _ON_WHOLE and found & set(node.output):
                found |= set(node.input[:1])
        return found

    def _sizes(self, info):
        """Sizes of an input, None for an open one; the batch first."""
        kind = info.type.tensor_type
        sizes = [size.dim_value or None for size in kind.shape.dim]
        if not info.type.HasField("tensor_type") or not kind.HasField("shape") or not sizes:
            raise InvalidValueError(
                f"{self._where}: input {info.name} has no axes, expected a tensor whose first axis "
                "is the batch"
            )
        if any(size is not None and not 0 < size < 2**31 for size in sizes):
            raise InvalidValueError(
                f"{self._where}: input {info.name} has the sizes {sizes}, expected 1 or more"
            )
        return sizes

    def _define(self, name, value):
        if self._values.get(name) is not None:
            raise InvalidValueError(f"{self._where}: two nodes give the tensor {name!r}")
        self._values[name] = value

    def _output(self, name):
        value = self._values.get(name)
        if isinstance(value, Constant):
            raise InvalidValueError(f"{self._where}: its output {name} is the same for all rows")
        if name not in self._values:
            raise InvalidValueError(f"{self._where}: no node gives its output {name}")
        return "" if value is None else value.name

    def _add(self, proto: Any) -> None:
        """One node: constants are computed, all else becomes a layer for each output in use."""
        missing = [name for name in proto.input if name not in self._values]
        if missing:
            raise InvalidValueError(
                f"{self._where}: node {proto.name or proto.output[0]} takes {missing[0]!r}, which "
                "nothing before it gives"
            )
        values = tuple(self._values[name] for name in proto.input)
        is_known = all(
            name == "" or value is not None for name, value in zip(proto.input, values, strict=True)
        )
        for index, output in enumerate(proto.output):
            if output == "" or (index and not self._is_read(output)):
                continue
            layer = self._layer(proto, index)
            found = None
            try:
                attributes = self._attributes(proto)
                _require_known(proto, values)
                if is_known:
                    place = (index, len(proto.output), self._batch)
                    node = Node(layer, self._opset, attributes, values, *place, where=self._where)
                    found = self._value_of(node, output)
            except CannotRun as reason:
                layer = replace(layer, problem=str(reason))
                self._layers.append(layer)
            self._define(output, found)

    def _is_read(self, output):
        names = (name for node in self._graph.node for name in node.input)
        return output in names or output in {info.name for info in self._graph.output}

    def _layer(self, proto, index) -> LayerSpec:
        """Called by the node's name, or where that is none of its own by its tensor's."""
        name, tensor = proto.name, proto.output[index]
        if index or not name or self._counts[name] > 1 or name in self._used:
            name = tensor
        while name in self._used:
            name += "'"
        return LayerSpec(name, proto.op_type, {})

    def _attributes(self, proto) -> dict[str, Any]:
        onnx = import_onnx()
        found = {}
        for attribute in proto.attribute:
            if attribute.type == onnx.AttributeProto.TENSOR:
                value = array_of(attribute.t, self._folder, self._where)
            elif attribute.type in _PLAIN_ATTRIBUTES:
                value = onnx.helper.get_attribute_value(attribute)
                value = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
                value = value if isinstance(value, (int, float, str)) else list(value)
            else:
                raise CannotRun(f"its attribute {attribute.name} is not of numbers or text")
            found[attribute.name] = value
        return found

    def _value_of(self, node: Node, output: str) -> Tensor | Constant:
        if not node.tensors:
            return self._computed(node, output)
        if node.operator in ("Shape", "Size"):
            sizes = node.tensor(0).sizes(self._batch)
            if node.operator == "Size":
                return Constant(output, np.prod(sizes.values), np.prod(sizes.others))
            part = slice(node.attribute("start", 0), node.attributes.get("end"))
            return Constant(output, sizes.values[part], sizes.others[part])
        if node.operator not in RULES:
            raise CannotRun("of constants alone it is computed, but not of rows")
        whole = [tensor.is_whole for tensor in node.tensors]
        if any(whole) and node.operator not in _ON_WHOLE:
            raise CannotRun("computes with whole numbers, expected floats: use Cast before it")
        if node.output and node.operator != "Split":
            raise CannotRun(f"its output {node.output} is needed, expected the first alone")
        operations = RULES[node.operator](node)
        shape = self._placed_shape(node, operations)
        keeps = node.operator not in ("DequantizeLinear", "Gather", "Cast")
        if node.operator == "Cast":
            keeps = node.attributes.get("to") not in FLOATS
        is_whole = node.operator == "QuantizeLinear" or (any(whole) and keeps)
        name = node.layer.name
        self._layers.append(node.layer)
        self._operations[id(node.layer)] = operations
        inputs = tuple(tensor.name for tensor in node.tensors)
        self._calls.append(Call(node.layer, inputs, name))
        self._used.add(name)
        if name in self._indices_of:
            raise InvalidValueError(f"{self._where}: node {name} has the name of an input")
        return Tensor(name, shape, is_whole)

    def _computed(self, node, output):
        inputs = [(value.values, value.others) if value else (None, None) for value in node.values]
        given = (node.operator, node.attributes)
        values = compute_constant(*given, [one for one, _ in inputs], self._budget)
        if all(one is other for one, other in inputs):
            return Constant.of(output, values)
        others = compute_constant(*given, [other for _, other in inputs], self._budget)
        return Constant(output, values, others)

    def _placed_shape(self, node, operations):
        """The shape that a layer gives, as it is found again where the model is laid out."""
        name, shapes = node.layer.name, tuple(tensor.shape for tensor in node.tensors)
        inputs = tuple(tensor.name for tensor in node.tensors)
        for index, operation in enumerate(operations):
            if operation.does_nothing:
                continue
            dtypes = tuple(
                np.int64 if tensor in self._indices_of else np.float32 for tensor in inputs
            )
            output = output_of(name, operations[index + 1 :])
            placed = operation.at(Place(inputs, output, shapes, dtypes, self._where), {})
            if placed is not None:
                inputs, shapes = (output,), (placed.shape,)
        return shapes[0]


#: ONNX' numbers of attributes that are numbers, text, or lists of them: FLOAT, INT, STRING, ...
_PLAIN_ATTRIBUTES = (1, 2, 3, 6, 7, 8)


def _opset(model, where) -> int:
    """The version of the standard operators."""
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


def _require_known(proto, values) -> None:
    """Raises CannotRun for a node whose operator nothing here computes."""
    is_quantizer = proto.op_type in ("Quant", "IntQuant", "BipolarQuant")
    domains = QONNX if is_quantizer else STANDARD
    if proto.domain not in domains:
        raise CannotRun(f"is of the domain {proto.domain!r}, whose operators are not known here")
    if proto.op_type not in RULES and proto.op_type not in (*FUNCTIONS, "Shape", "Size"):
        raise CannotRun("neither engine nor host has such an operator")
