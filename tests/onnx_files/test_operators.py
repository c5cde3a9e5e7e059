"""Each operator, in the versions that differ, against ONNX Runtime."""

import numpy as np
import pytest
from onnx import TensorProto
from onnx_models import Builder, require_near, rows, run

import xfblas
from xfblas import errors

pytestmark = pytest.mark.native
GENERATOR = np.random.default_rng(3)


def values(*shape):
    return GENERATOR.uniform(0.5, 2, shape).astype(np.float32)


def spread(*shape):
    return GENERATOR.uniform(-1, 1, shape).astype(np.float32)


def whole(*numbers):
    return np.array(numbers, np.int64)


#: Name of a case: opset, shape of a row, and (operator, other inputs, attributes) in a row.
CHAINS = {
    "gemm": (11, (6,), [("Gemm", [spread(6, 4), spread(4)], {})]),
    "gemm-transposed": (13, (6,), [("Gemm", [spread(4, 6), spread(1, 4)], {"transB": 1})]),
    "gemm-without-c": (13, (6,), [("Gemm", [spread(6, 4)], {"alpha": 0.5})]),
    "gemm-scaled": (
        9, (6,), [("Gemm", [spread(6, 4), spread(1)], {"alpha": 2.0, "beta": -0.25})],
    ),
    "matmul-add": (14, (6,), [("MatMul", [spread(6, 4)], {}), ("Add", [spread(4)], {})]),
    "matmul-of-more-axes": (14, (3, 6), [("MatMul", [spread(6, 4)], {})]),
    "subtract-divide": (13, (6,), [("Sub", [spread(6)], {}), ("Div", [values(1, 6)], {})]),
    "scaled-by-one": (13, (2, 6), [("Mul", [np.float32(3)], {}), ("Add", [spread(2, 1)], {})]),
    "negative": (13, (6,), [("Neg", [], {})]),
    "sum-with-constant": (13, (6,), [("Sum", [spread(6)], {})]),
    "largest-of-constant": (13, (6,), [("Max", [np.float32(0.1)], {}), ("Min", [values(1)], {})]),
    "powers": (13, (6,), [("Pow", [np.float32(2)], {}), ("Pow", [np.float32(0.5)], {})]),
    "first-power": (13, (6,), [("Pow", [np.float32(1)], {})]),
    "batch-normalization": (
        15, (6,),
        [("BatchNormalization", [values(6), spread(6), spread(6), values(6)], {"epsilon": 1e-2})],
    ),
    "batch-normalization-of-images": (
        9, (3, 4, 5),
        [("BatchNormalization", [values(3), spread(3), spread(3), values(3)], {})],
    ),
    "layer-normalization": (17, (3, 6), [("LayerNormalization", [values(6), spread(6)], {})]),
    "layer-normalization-of-all": (
        17, (3, 6), [("LayerNormalization", [values(3, 6)], {"axis": 1, "epsilon": 0.01})],
    ),
    "relu": (14, (6,), [("Relu", [], {})]),
    "leaky": (9, (6,), [("LeakyRelu", [], {})]),
    "leaky-alpha": (16, (6,), [("LeakyRelu", [], {"alpha": 0.3})]),
    "prelu-one": (16, (6,), [("PRelu", [np.float32([0.25])], {})]),
    "prelu-each": (9, (6,), [("PRelu", [values(6)], {})]),
    "prelu-of-channels": (16, (3, 4, 4), [("PRelu", [values(3, 1, 1)], {})]),
    "clip-attributes": (9, (6,), [("Clip", [], {"min": -0.5, "max": 0.25})]),
    "clip-below": (9, (6,), [("Clip", [], {"min": 0.0})]),
    "clip-inputs": (13, (6,), [("Clip", [np.float32(-0.5), np.float32(0.7)], {})]),
    "relu6": (
        13, (6,),
        [
            ("Mul", [np.float32(9)], {}),
            ("Clip", [np.float32(0), np.float32(6)], {}),
        ],
    ),
    "clip-above": (13, (6,), [("Clip", ["", np.float32(0.1)], {})]),
    "sigmoid": (13, (6,), [("Sigmoid", [], {})]),
    "tanh": (13, (6,), [("Tanh", [], {})]),
    "softplus": (13, (6,), [("Softplus", [], {})]),
    "softsign": (13, (6,), [("Softsign", [], {})]),
    "elu": (9, (6,), [("Elu", [], {"alpha": 0.7})]),
    "celu": (12, (6,), [("Celu", [], {"alpha": 0.7})]),
    "selu": (9, (6,), [("Selu", [], {})]),
    "mish": (18, (6,), [("Mish", [], {})]),
    "gelu": (20, (6,), [("Gelu", [], {})]),
    "gelu-tanh": (20, (6,), [("Gelu", [], {"approximate": "tanh"})]),
    "hard-sigmoid": (13, (6,), [("HardSigmoid", [], {})]),
    "hard-sigmoid-alpha": (13, (6,), [("HardSigmoid", [], {"alpha": 0.4, "beta": 0.3})]),
    "hard-swish": (14, (6,), [("HardSwish", [], {})]),
    "thresholded": (10, (6,), [("ThresholdedRelu", [], {"alpha": 0.5})]),
    "erf": (13, (6,), [("Erf", [], {})]),
    "exponential": (
        13, (6,),
        [
            ("Exp", [], {}),
            ("Sqrt", [], {}),
            ("Log", [], {}),
            ("Abs", [], {}),
        ],
    ),
    "identity-dropout": (13, (6,), [("Identity", [], {}), ("Dropout", [], {})]),
    "dropout-of-before": (9, (6,), [("Dropout", [], {"ratio": 0.3})]),
    "softmax-of-before": (11, (3, 4), [("Softmax", [], {})]),
    "softmax-of-before-last": (11, (3, 4), [("Softmax", [], {"axis": 2})]),
    "softmax": (13, (3, 4), [("Softmax", [], {})]),
    "softmax-axis": (13, (3, 4), [("Softmax", [], {"axis": 1})]),
    "softmax-negative-axis": (13, (3, 4), [("Softmax", [], {"axis": -2})]),
    "log-softmax": (13, (6,), [("LogSoftmax", [], {"axis": -1})]),
    "log-softmax-of-before": (12, (3, 4), [("LogSoftmax", [], {"axis": 1})]),
    "reduce-attribute": (11, (3, 4), [("ReduceMean", [], {"axes": [-1]})]),
    "reduce-input": (18, (3, 4), [("ReduceMax", [whole(1)], {"keepdims": 0})]),
    "reduce-sum": (13, (3, 4), [("ReduceSum", [whole(1, 2)], {"keepdims": 0})]),
    "reduce-min": (13, (3, 4), [("ReduceMin", [], {"axes": [1]})]),
    "pool": (13, (3, 4, 5), [("GlobalAveragePool", [], {})]),
    "pool-largest": (13, (3, 4), [("GlobalMaxPool", [], {})]),
    "flatten": (13, (3, 4), [("Flatten", [], {})]),
    "flatten-negative": (13, (3, 4), [("Flatten", [], {"axis": -2})]),
    "reshape": (13, (12,), [("Reshape", [whole(-1, 3, 4)], {}), ("Reshape", [whole(0, -1)], {})]),
    "reshape-zeros": (14, (3, 4), [("Reshape", [whole(0, 0, 2, -1)], {})]),
    "squeeze": (13, (1, 4, 1), [("Squeeze", [whole(1, -1)], {}), ("Unsqueeze", [whole(-1)], {})]),
    "squeeze-of-before": (11, (1, 4), [("Squeeze", [], {"axes": [1]})]),
    "unsqueeze-of-before": (11, (4,), [("Unsqueeze", [], {"axes": [1, 3]})]),
    "squeeze-to-numbers": (13, (1,), [("Squeeze", [whole(1)], {})]),
    "transpose": (13, (3, 4), [("Transpose", [], {"perm": [0, 2, 1]})]),
    "transpose-nothing": (13, (3, 4), [("Transpose", [], {"perm": [0, 1, 2]})]),
    "slice": (13, (5, 4), [("Slice", [whole(1), whole(2**63 - 1), whole(1)], {})]),
    "slice-backwards": (
        13, (5, 4), [("Slice", [whole(-1), whole(-(2**63)), whole(-1), whole(-2)], {})],
    ),
    "slice-of-before": (9, (5, 4), [("Slice", [], {"axes": [2], "starts": [-3], "ends": [4]})]),
    "slice-all-axes": (13, (5, 4), [("Slice", [whole(0, 2), whole(2**31 - 1, 4)], {})]),
    "gather-one": (13, (5, 4), [("Gather", [np.int64(-1)], {"axis": 1})]),
    "cast": (13, (4,), [("Cast", [], {"to": TensorProto.FLOAT})]),
}  # fmt: skip


@pytest.mark.parametrize("case", CHAINS)
def test_against_onnx_runtime(case):
    opset, shape, chain = CHAINS[case]
    builder = Builder(opset)
    tensor = builder.input(*shape)
    for operator, inputs, attributes in chain:
        tensor = builder.add(operator, tensor, *inputs, **attributes)
    model = builder.model(tensor)
    x = rows(np.random.default_rng(1), 9, *shape)
    require_near(xfblas.read_graph(model).forward([x]), run(model, x))


#: Operators of two tensors of one shape.
TWO = ("Add", "Sub", "Mul", "Div", "Sum", "Mean", "Max", "Min", "Concat", "MatMul")


@pytest.mark.parametrize("operator", TWO)
def test_of_two_tensors(operator):
    builder = Builder(13)
    one, other = builder.input(4, 4), builder.input(4, 4)
    attributes = {"axis": -1} if operator == "Concat" else {}
    model = builder.model(builder.add(operator, one, other, **attributes))
    generator = np.random.default_rng(2)
    x = [rows(generator, 7, 4, 4), rows(generator, 7, 4, 4) + 4]
    require_near(xfblas.read_graph(model).forward(x), run(model, *x))


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("operator", ["Add", "Sub", "Mul"])
def test_of_a_tensor_and_a_constant_on_either_side(operator, is_first):
    builder = Builder()
    x, constant = builder.input(4), values(4)
    model = builder.model(builder.add(operator, *((x, constant) if is_first else (constant, x))))
    x = rows(np.random.default_rng(2), 7, 4)
    require_near(xfblas.read_graph(model).forward(x), run(model, x))


@pytest.mark.parametrize(
    ("opset", "inputs", "attributes"),
    [
        (11, [], {"split": [1, 4], "axis": 1}),
        (13, [whole(1, 4)], {"axis": -1}),
        (18, [], {"axis": 1, "num_outputs": 2}),
    ],
)
def test_split(opset, inputs, attributes):
    builder = Builder(opset)
    parts = builder.add("Split", builder.input(5), *inputs, outputs=2, name="parts", **attributes)
    model = builder.model(parts[1], builder.add("Relu", parts[0]))
    x = rows(np.random.default_rng(2), 7, 5)
    require_near(xfblas.read_graph(model).forward(x), run(model, x))


def test_embedding():
    builder = Builder()
    indices = builder.input(3, kind=TensorProto.INT32)
    indices = builder.add("Cast", indices, to=TensorProto.INT64)
    table = builder.add("Gather", spread(10, 4), indices)
    model = builder.model(builder.add("Gemm", builder.add("Flatten", table), spread(12, 2)))
    x = np.random.default_rng(1).integers(0, 10, (20, 3)).astype(np.int32)
    graph = xfblas.read_graph(model)
    assert graph.inputs[0].dtype == "int64"
    require_near(graph.forward([x]), run(model, x))


def test_whole_numbers_that_become_floats():
    builder = Builder()
    x = builder.input(3, kind=TensorProto.UINT8)
    x = builder.add("Div", builder.add("Cast", x, to=TensorProto.FLOAT), np.float32(255))
    model = builder.model(builder.add("MatMul", x, spread(3, 2)))
    x = np.random.default_rng(1).integers(0, 256, (20, 3)).astype(np.uint8)
    require_near(xfblas.read_graph(model).forward([x]), run(model, x))


@pytest.mark.parametrize("batch", ["batch", 7, 1])
def test_reshape_by_the_number_of_rows(batch):
    """As PyTorch writes ``x.view(x.size(0), -1)`` and ``x.view(x.size(0), x.size(2) * 2, -1)``."""
    builder = Builder(13, batch)
    x = builder.input(2, 6)
    shape = builder.add("Shape", x)
    first = builder.add("Unsqueeze", builder.add("Gather", shape, np.int64(0)), whole(0))
    last = builder.add("Mul", builder.add("Slice", shape, whole(2), whole(3)), whole(2))
    wide = builder.add("Reshape", x, builder.add("Concat", first, whole(-1), axis=0))
    tall = builder.add("Reshape", x, builder.add("Concat", first, last, whole(-1), axis=0))
    model = builder.model(wide, tall)
    x = rows(np.random.default_rng(1), batch if isinstance(batch, int) else 9, 2, 6)
    graph = xfblas.read_graph(model)
    require_near(graph.forward([x]), run(model, x))
    # A file that says a number of rows computes others too.
    more = np.concatenate([x, x])
    require_near(graph.forward([more]), [np.concatenate([e, e]) for e in run(model, x)])


@pytest.mark.parametrize("used", [0, 1])
def test_an_input_that_no_output_needs(used):
    builder = Builder()
    inputs = [builder.input(4), builder.input(4)]
    model = builder.model(builder.add("Gemm", inputs[used], spread(4, 3), name="layer"))
    graph = xfblas.read_graph(model)
    assert [spec.name for spec in graph.inputs] == inputs
    generator = np.random.default_rng(2)
    x = [rows(generator, 7, 4), rows(generator, 7, 4)]
    require_near(graph.forward(x), run(model, *x))
    with pytest.raises(errors.UnsupportedModelError, match=r"layer \(Gemm\): takes one of 2 inp"):
        xfblas.read_network(model)


def test_open_sizes_of_a_row():
    builder = Builder()
    x = builder.input("time", 6)
    model = builder.model(builder.add("Relu", builder.add("MatMul", x, spread(6, 4))))
    graph = xfblas.read_graph(model)
    for time in (1, 5):
        x = rows(np.random.default_rng(1), 7, time, 6)
        require_near(graph.forward([x]), run(model, x))


def test_the_weights_tell_an_open_width():
    builder = Builder()
    model = builder.model(builder.add("Gemm", builder.input("features"), spread(6, 4)))
    graph = xfblas.read_graph(model)
    assert graph.inputs[0].shape == (6,)
    x = rows(np.random.default_rng(1), 7, 6)
    require_near(graph.forward(x), run(model, x))
