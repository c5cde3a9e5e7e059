"""From an ONNX graph to layers, calls, and what each layer consists of."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.keras_files.architecture import Architecture, Call, LayerSpec
from xfblas.layers.operation import CannotRun, Operation, Place
from xfblas.layers.placement import output_of
from xfblas.onnx_files import (  # noqa: F401 - some of them register rules
    arithmetic,
    convolutions,
    functions,
    layouts,
    products,
    quantizers,
)
from xfblas.onnx_files.constants import Budget, compute_constant
from xfblas.onnx_files.graph_checks import names_of, opset_of, require_known, require_text
from xfblas.onnx_files.graph_inputs import FLOATS, ON_WHOLE, read_inputs
from xfblas.onnx_files.node import RULES, Node
from xfblas.onnx_files.onnx_file import damage_reported, import_onnx, load_model
from xfblas.onnx_files.values import Constant, Tensor, array_of

#: ONNX' numbers of attributes that are numbers, text, or lists of them: FLOAT, INT, STRING, ...
_PLAIN_ATTRIBUTES = (1, 2, 3, 6, 7, 8)


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
        require_text(model.graph, where)
        self._opset = opset_of(model, where)
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
        self._given = read_inputs(graph, stored, self._where)
        for tensor in self._given.tensors:
            self._define(tensor.name, tensor)
            self._used.add(tensor.name)
        total = 0
        names = {name for node in wanted for name in node.input} | set(names_of(graph.output))
        for name in names & set(stored):
            values = array_of(stored[name], self._folder, self._where)
            self._values[name] = Constant.of(name, values)
            total += values.size
        self._budget = Budget(total)
        for node in wanted:
            self._add(node)
        outputs = tuple(self._output(name) for name in names_of(graph.output))
        keys = (None,) * len(outputs)
        name = graph.name or "model"
        architecture = Architecture(
            name, tuple(self._layers), tuple(self._calls), self._given.specs, outputs, keys
        )
        return OnnxModel(architecture, self._operations, self._where)

    def _wanted_nodes(self) -> list[Any]:
        """The nodes that an output depends on, in order."""
        wanted, kept = set(names_of(self._graph.output)), []
        if not wanted:
            raise InvalidValueError(f"{self._where} has no outputs, expected an ONNX model")
        for node in reversed(self._graph.node):
            if wanted & (set(node.output) - {""}):
                wanted |= set(node.input)
                kept.append(node)
        return kept[::-1]

    def _define(self, name, value):
        if self._values.get(name) is not None:
            raise InvalidValueError(f"{self._where}: two nodes give the tensor {name!r}")
        self._values[name] = value

    def _output(self, name):
        value = self._values.get(name)
        if isinstance(value, Constant):
            raise InvalidValueError(f"{self._where}: its output {name} is the same for all rows")
        if not name or name not in self._values:
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
                require_known(proto, self._opset)
                if is_known:
                    place = (index, len(proto.output), self._given.batch)
                    node = Node(layer, self._opset, attributes, values, *place, where=self._where)
                    found = self._value_of(node, output)
            except CannotRun as reason:
                layer = replace(layer, problem=str(reason))
                self._layers.append(layer)
            self._define(output, found)

    def _is_read(self, output):
        names = (name for node in self._graph.node for name in node.input)
        return output in names or output in names_of(self._graph.output)

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
            sizes = node.tensor(0).sizes(self._given.batch)
            if node.operator == "Size":
                return Constant(output, np.prod(sizes.values), np.prod(sizes.others))
            part = slice(node.attribute("start", 0), node.attributes.get("end"))
            return Constant(output, sizes.values[part], sizes.others[part])
        if node.operator not in RULES:
            raise CannotRun("of constants alone it is computed, but not of rows")
        whole = [tensor.is_whole for tensor in node.tensors]
        if any(whole) and node.operator not in ON_WHOLE:
            raise CannotRun("computes with whole numbers, expected floats: use Cast before it")
        if node.output and node.operator != "Split":
            raise CannotRun(f"its output {node.output} is needed, expected the first alone")
        operations = RULES[node.operator](node)
        shape = self._placed_shape(node, operations)
        name = node.layer.name
        self._layers.append(node.layer)
        self._operations[id(node.layer)] = operations
        inputs = tuple(tensor.name for tensor in node.tensors)
        self._calls.append(Call(node.layer, inputs, name))
        self._used.add(name)
        return Tensor(name, shape, _gives_whole(node, any(whole)))

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
                np.int64 if tensor in self._given.indices else np.float32 for tensor in inputs
            )
            output = output_of(name, operations[index + 1 :])
            placed = operation.at(Place(inputs, output, shapes, dtypes, self._where), {})
            if placed is not None:
                inputs, shapes = (output,), (placed.shape,)
        return shapes[0]


def _gives_whole(node: Node, takes_whole: bool) -> bool:
    """Whether a node's results are whole numbers by their type."""
    if node.operator in ("QuantizeLinear", "DequantizeLinear"):
        return node.operator == "QuantizeLinear"
    if node.operator == "Cast":
        return node.attributes.get("to") not in FLOATS
    if node.operator == "Gather" and isinstance(node.values[0], Constant):
        return node.values[0].values.dtype.kind in "iu"
    return takes_whole
