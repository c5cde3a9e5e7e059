"""ONNX models made node by node, and what ONNX Runtime computes of them."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

#: Format versions of files, which ONNX Runtime knows and that have all operators of these tests.
IR_VERSION = 10


class Builder:
    """Adds nodes and constants, and gives the names of their tensors."""

    def __init__(self, opset=17, batch="batch"):
        self.opset, self.batch = opset, batch
        self.inputs, self.nodes, self.constants = [], [], []
        self.domains = set()

    def input(self, *shape, name=None, kind=TensorProto.FLOAT):
        name = name or f"x{len(self.inputs)}"
        self.inputs.append(helper.make_tensor_value_info(name, kind, [self.batch, *shape]))
        return name

    def constant(self, values, dtype=np.float32):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def add(self, operator, *inputs, name="", outputs=1, domain="", **attributes):
        """Inputs are names, "" for none, or arrays, which become constants."""
        inputs = [value if isinstance(value, str) else self.constant(value, np.asarray(value).dtype)
                  for value in inputs]  # fmt: skip
        given = [f"t{len(self.nodes)}_{index}" for index in range(outputs)]
        self.domains.add(domain)
        node = helper.make_node(operator, inputs, given, name, domain=domain, **attributes)
        self.nodes.append(node)
        return given[0] if outputs == 1 else given

    def model(self, *outputs, kind=TensorProto.FLOAT):
        ends = [helper.make_tensor_value_info(name, kind, None) for name in outputs]
        graph = helper.make_graph(self.nodes, "made", self.inputs, ends, self.constants)
        imports = [helper.make_opsetid("", self.opset)]
        imports += [helper.make_opsetid(domain, 1) for domain in sorted(self.domains - {""})]
        return helper.make_model(graph, opset_imports=imports, ir_version=IR_VERSION)


def run(model, *inputs):
    """What ONNX Runtime gives, as it is written: no node is merged with another."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    data = model.SerializeToString()
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    names = [entry.name for entry in session.get_inputs()]
    return session.run(None, dict(zip(names, inputs, strict=True)))


def save(model, path):
    onnx.save(model, path)
    return path


def rows(generator, count, *shape):
    return generator.standard_normal((count, *shape)).astype(np.float32)


def require_near(found, expected, bound=1e-5):
    """Equal to 1e-5 of the largest value, or of 1."""
    for one, other in zip(found, expected, strict=True):
        assert one.shape == other.shape
        largest = max(1, np.abs(other).max())
        assert np.abs(one - other).max() <= bound * largest
