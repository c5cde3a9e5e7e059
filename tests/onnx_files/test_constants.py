"""Constant subgraphs, which are computed as the file is read, against ONNX Runtime."""

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx_models import Builder, require_near, rows, run

import xfblas
from xfblas import errors
from xfblas.onnx_files import constants

pytestmark = pytest.mark.native
GENERATOR = np.random.default_rng(4)


def spread(*shape):
    return GENERATOR.uniform(-1, 1, shape).astype(np.float32)


def whole(*numbers):
    return np.array(numbers, np.int64)


STEPS = np.float32([0.01, 0.02, 0.03, 0.001])
VALUE = numpy_helper.from_array(np.float32([2.5]))
#: Name of a case: opset, and (operator, inputs, attributes); the first input is the one before.
CASES = {
    "transposed": (13, spread(4, 6), [("Transpose", [], {})]),
    "permuted": (
        13, spread(1, 4, 6),
        [
            ("Transpose", [], {"perm": [0, 2, 1]}),
            ("Squeeze", [whole(0)], {}),
        ],
    ),
    "arithmetic": (
        13, spread(6, 4),
        [("Add", [spread(4)], {}), ("Sub", [spread(6, 1)], {}), ("Mul", [spread(4)], {}),
         ("Div", [spread(1) + 3], {}), ("Neg", [], {})],
    ),
    "functions": (
        13, spread(6, 4),
        [("Exp", [], {}), ("Sqrt", [], {}), ("Log", [], {}), ("Abs", [], {}), ("Tanh", [], {}),
         ("Sigmoid", [], {}), ("Reciprocal", [], {}), ("Relu", [], {}), ("Identity", [], {})],
    ),
    "rounded": (13, 3 * spread(6, 4), [("Round", [], {}), ("Pow", [np.float32(2)], {})]),
    "limits": (
        13, spread(6, 4),
        [
            ("Clip", [np.float32(-0.5), np.float32(0.5)], {}),
            ("Max", [spread(4)], {}),
            ("Min", [spread(4)], {}),
            ("Sum", [spread(4), spread(4)], {}),
        ],
    ),
    "limits-of-before": (9, spread(6, 4), [("Clip", [], {"min": -0.5, "max": 0.5})]),
    "shapes": (13, spread(24), [("Reshape", [whole(2, -1, 4)], {}), ("Flatten", [], {"axis": 2})]),
    "shapes-with-zeros": (13, spread(6, 2, 2), [("Reshape", [whole(0, -1)], {})]),
    "axes": (13, spread(6, 4), [("Unsqueeze", [whole(0, 3)], {}), ("Squeeze", [whole(0, 3)], {})]),
    "axes-of-before": (
        11, spread(6, 4),
        [
            ("Unsqueeze", [], {"axes": [0]}),
            ("Squeeze", [], {"axes": [0]}),
        ],
    ),
    "slices": (
        13, spread(8, 9),
        [
            ("Slice", [whole(-7, 8), whole(7, -(2**40)), whole(0, 1), whole(1, -2)], {}),
            ("Slice", [whole(0), whole(4), whole(1)], {}),
        ],
    ),
    "slices-of-before": (
        9, spread(8, 4),
        [
            ("Slice", [], {"starts": [1], "ends": [7], "axes": [0]}),
        ],
    ),
    "gathered": (13, spread(9, 4), [("Gather", [whole(3, 1, 4, 1, 5, 8)], {})]),
    "joined": (13, spread(2, 4), [("Concat", [spread(4, 4)], {"axis": 0})]),
    "wider": (13, spread(6, 1), [("Expand", [whole(6, 4)], {})]),
    "product": (13, spread(6, 3), [("MatMul", [spread(3, 4)], {})]),
    "reduced": (13, spread(6, 4, 3), [("ReduceMean", [], {"axes": [2], "keepdims": 0})]),
    "reduced-by-input": (13, spread(6, 4, 3), [("ReduceSum", [whole(-1)], {"keepdims": 0})]),
    "chosen": (
        13, spread(6, 4),
        [
            ("Greater", [np.float32(0)], {}),
            ("Where", [spread(6, 4), spread(4)], {}),
        ],
    ),
    "doubles": (
        13, spread(6, 4),
        [
            ("Cast", [], {"to": TensorProto.DOUBLE}),
            ("Cast", [], {"to": TensorProto.FLOAT}),
        ],
    ),
    "integers": (
        13, np.array([[7, -7, 9, -9]] * 6, np.int64),
        [
            ("Div", [whole(2)], {}),
            ("Cast", [], {"to": TensorProto.FLOAT}),
        ],
    ),
    "bytes": (
        13, GENERATOR.integers(-128, 128, (6, 4)).astype(np.int8),
        [("DequantizeLinear", [np.float32(0.02), np.int8(3)], {})],
    ),
    "bytes-by-column": (
        13, GENERATOR.integers(0, 256, (6, 4)).astype(np.uint8),
        [("DequantizeLinear", [np.abs(spread(4)), np.array([1, 2, 250, 0], np.uint8)], {})],
    ),
    "bytes-by-row": (
        13, GENERATOR.integers(0, 256, (6, 4)).astype(np.uint8),
        [("DequantizeLinear", [np.abs(spread(6))], {"axis": 0})],
    ),
    "blocks": (
        21, GENERATOR.integers(-128, 128, (6, 4)).astype(np.int8),
        [("DequantizeLinear", [np.abs(spread(3, 4))], {"axis": 0, "block_size": 2})],
    ),
    "rounded-bytes": (
        13, spread(6, 4),
        [("QuantizeLinear", [np.float32(0.01), np.int8(5)], {}),
         ("DequantizeLinear", [np.float32(0.01), np.int8(5)], {})],
    ),
    "rounded-words": (
        21, spread(6, 4),
        [("QuantizeLinear", [STEPS, np.zeros(4, np.int16)], {"axis": -1}),
         ("DequantizeLinear", [STEPS, np.zeros(4, np.int16)], {"axis": -1})],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_matrix_of_a_product(case):
    opset, first, chain = CASES[case]
    builder = Builder(opset)
    tensor = builder.constant(first, first.dtype)
    for operator, inputs, attributes in chain:
        tensor = builder.add(operator, tensor, *inputs, **attributes)
    model = builder.model(builder.add("MatMul", builder.input(6), tensor))
    x = rows(np.random.default_rng(1), 9, 6)
    graph = xfblas.read_graph(model)
    require_near(graph.forward(x), run(model, x))
    assert len(graph.steps) == 1


@pytest.mark.parametrize(
    "attributes",
    [{"value": VALUE}, {"value_float": 1.5}, {"value_floats": [1.0, 2, 3, 4]}],
)
def test_constant_nodes(attributes):
    builder = Builder()
    model = builder.model(
        builder.add("Add", builder.input(4), builder.add("Constant", **attributes))
    )
    x = rows(np.random.default_rng(1), 9, 4)
    require_near(xfblas.read_graph(model).forward(x), run(model, x))


def test_filled_and_counted():
    builder = Builder()
    filled = builder.add("ConstantOfShape", whole(4), value=VALUE)
    counted = builder.add("Range", np.float32(0), np.float32(2), np.float32(0.5))
    x = builder.add("Add", builder.input(4), builder.add("Add", filled, counted))
    size = builder.add("Cast", builder.add("Size", filled), to=TensorProto.FLOAT)
    model = builder.model(builder.add("Div", x, size))
    x = rows(np.random.default_rng(1), 9, 4)
    require_near(xfblas.read_graph(model).forward(x), run(model, x))


def test_what_depends_on_the_number_of_rows_is_no_constant():
    builder = Builder()
    x = builder.input(4)
    count = builder.add("Gather", builder.add("Shape", x), np.int64(0))
    model = builder.model(builder.add("Div", x, builder.add("Cast", count, to=TensorProto.FLOAT)))
    with pytest.raises(errors.UnsupportedModelError, match="depends on the number of rows"):
        xfblas.read_graph(model)


@pytest.mark.parametrize(
    ("operator", "inputs", "attributes"),
    [
        ("ConstantOfShape", [whole(2**40)], {}),
        ("ConstantOfShape", [whole(2**20, 2**20, 2**30)], {}),
        ("Expand", [spread(1), whole(2**36)], {}),
        ("Range", [whole(0)[0], whole(2**50)[0], whole(1)[0]], {}),
        ("Add", [spread(2**13, 1), spread(1, 2**13)], {}),
    ],
)
def test_constants_that_would_fill_the_memory(monkeypatch, operator, inputs, attributes):
    monkeypatch.setitem(constants.FUNCTIONS, operator, None)  # Calling it would fail otherwise.
    builder = Builder()
    found = builder.add(operator, *inputs, **attributes)
    model = builder.model(builder.add("Add", builder.input(4), found))
    with pytest.raises(errors.UnsupportedModelError, match="constant values, which are too many"):
        xfblas.read_graph(model)


def test_constants_that_double_many_times():
    builder = Builder()
    found = builder.constant(spread(4))
    for _ in range(60):
        found = builder.add("Concat", found, found, axis=0)
    model = builder.model(builder.add("Add", builder.input(4), found))
    with pytest.raises(errors.UnsupportedModelError, match="which are too many"):
        xfblas.read_graph(model)


def test_functions_of_the_file_are_laid_flat():
    inner = [helper.make_node("Relu", ["a"], ["b"]), helper.make_node("Neg", ["b"], ["c"])]
    function = helper.make_function(
        "own", "Minus", ["a"], ["c"], inner, [helper.make_opsetid("", 17)]
    )
    builder = Builder()
    model = builder.model(builder.add("Minus", builder.input(4), domain="own"))
    model.functions.append(function)
    x = rows(np.random.default_rng(1), 9, 4)
    require_near(xfblas.read_graph(model).forward(x), run(model, x))
