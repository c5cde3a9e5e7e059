"""Nodes that neither engine nor host can compute: each is named, all at once, with its reason."""

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx_models import Builder, require_near, rows, run

import xfblas
from xfblas import errors

pytestmark = pytest.mark.native


def ones(*shape):
    return np.ones(shape, np.float32)


def whole(*numbers):
    return np.array(numbers, np.int64)


def test_every_node_is_listed_at_once():
    builder = Builder()
    x = builder.add("LpPool", builder.input(1, 8, 8), name="norm1", kernel_shape=[3, 3])
    x = builder.add("LpPool", builder.add("Relu", x), name="norm2", kernel_shape=[2, 2])
    x = builder.add("LpPool", x, kernel_shape=[1, 1])
    x = builder.add("Own", builder.add("Flatten", x), domain="of.mine", name="own")
    model = builder.model(builder.add("Gemm", x, ones(4, 2)))
    with pytest.raises(errors.UnsupportedModelError) as caught:
        xfblas.read_graph(model)
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0].strip() for line in lines[1:]] == [
        "norm1 (LpPool)", "norm2 (LpPool)", "t3_0 (LpPool)", "own (Own)",
    ]  # fmt: skip
    assert "neither engine nor host has such an operator" in lines[1]
    assert "of the domain 'of.mine'" in lines[4]
    with pytest.raises(errors.UnsupportedModelError, match="norm1"):
        xfblas.compile(model, rows(np.random.default_rng(1), 4, 1, 8, 8))


#: Name of a case: opset, shape of a row, operator, other inputs, attributes, and the reason.
CASES = {
    "transposed-rows": (13, (4,), "Gemm", [ones(4, 2)], {"transA": 1}, "transA is 1"),
    "wrong-matrix": (13, (4,), "Gemm", [ones(5, 2)], {}, r"shape \(5, 2\), expected \(4, units\)"),
    "wrong-c": (13, (4,), "Gemm", [ones(4, 2), ones(3)], {}, "C has the shape"),
    "c-by-rows": (13, (4,), "Gemm", [ones(4, 2), ones(3, 2)], {}, "C has the shape"),
    "gemm-of-images": (13, (3, 4), "Gemm", [ones(4, 2)], {}, "has 3 axes"),
    "matrices": (13, (3, 4), "MatMul", [ones(2, 4, 2)], {}, "its matrix has the shape"),
    "vector": (13, (4,), "MatMul", [ones(4)], {}, "its matrix has the shape"),
    "wider-rows": (13, (1,), "Add", [ones(5)], {}, "which rows of shape"),
    "by-rows": (13, (4,), "Add", [ones(3, 4)], {}, "one for each row of the batch"),
    "more-axes": (13, (4,), "Mul", [ones(2, 1, 4)], {}, "one for each row of the batch"),
    "by-zero": (13, (4,), "Div", [ones(4) * 0], {}, "divides by a tensor or by 0"),
    "power": (13, (4,), "Pow", [np.float32(3)], {}, "its exponent is 3.0"),
    "training": (
        15, (4,), "BatchNormalization", [ones(4)] * 4, {"training_mode": 1}, "each batch anew",
    ),
    "wrong-mean": (
        15, (4,), "BatchNormalization", [ones(4), ones(4), ones(3), ones(4)], {}, "moving_mean",
    ),
    "dropping": (13, (4,), "Dropout", [np.float32(0.5), np.bool_(True)], {}, "training_mode"),
    "flat-batch": (13, (3, 4), "Flatten", [], {"axis": 0}, "axis is 0"),
    "rows-of-more": (13, (3, 4), "Flatten", [], {"axis": 2}, "axis is 2"),
    "other-rows": (13, (4,), "Reshape", [whole(-1, 2)], {}, "expected the batch first"),
    "no-rows": (13, (4,), "Reshape", [whole(2, -1)], {}, "expected the batch first"),
    "wrong-size": (13, (4,), "Reshape", [whole(0, 3)], {}, "cannot take the shape"),
    "two-open": (13, (4,), "Reshape", [whole(0, -1, -1)], {}, "cannot take the shape"),
    "transposed": (13, (4,), "Transpose", [], {}, "the batch first"),
    "swapped": (13, (3, 4), "Transpose", [], {"perm": [1, 0, 2]}, "the batch first"),
    "wrong-perm": (13, (3, 4), "Transpose", [], {"perm": [0, 2, 2]}, "each axis once"),
    "joined-rows": (13, (4,), "Concat", [ones(1, 4)], {"axis": 0}, "joins constants"),
    "squeezed-batch": (13, (4,), "Squeeze", [whole(0)], {}, "axis 0 is the batch"),
    "squeezed-all": (13, (1, 4), "Squeeze", [], {}, "the batch could be one"),
    "squeezed-four": (13, (4,), "Squeeze", [whole(1)], {}, "but a row has the shape"),
    "new-batch": (13, (4,), "Unsqueeze", [whole(0)], {}, "axis 0 is the batch"),
    "some-rows": (13, (4,), "Slice", [whole(1), whole(3)], {}, "axis 0 is the batch"),
    "some-values": (13, (4,), "Gather", [whole(1, 2)], {"axis": 1}, "its indices"),
    "a-row": (13, (4,), "Gather", [np.int64(0)], {}, "axis 0 is the batch"),
    "of-rows": (13, (4,), "Softmax", [], {"axis": 0}, "axis 0 is the batch"),
    "no-axis": (13, (4,), "Softmax", [], {"axis": 5}, "axis is 5"),
    "of-all": (13, (4,), "ReduceSum", [], {}, "reduces all axes"),
    "cut-off": (13, (4,), "Cast", [], {"to": TensorProto.INT64}, "cuts their fractions off"),
    "recurrent": (
        14, (3, 4), "LSTM", [ones(1, 8, 4), ones(1, 8, 2)], {"hidden_size": 2}, "neither",
    ),
    "selu": (13, (4,), "Selu", [], {"alpha": 2.0}, "expected those of selu"),
    "slopes": (13, (4,), "PRelu", [ones(3)], {}, "its slope has the shape"),
    "no-number": (13, (4,), "LeakyRelu", [], {"alpha": "much"}, "alpha is none of version 13"),
    "unknown-attribute": (13, (4,), "Relu", [], {"alpha": 0.5}, "attribute alpha is none"),
    "missing-attribute": (13, (4,), "Concat", [], {}, "attribute axis is missing"),
    "more-inputs": (13, (4,), "Relu", [ones(4)], {}, "has 2 inputs, expected 1 to 1"),
    "fewer-inputs": (13, (4,), "MatMul", [], {}, "has 1 inputs, expected 2 to 2"),
    "not-yet": (13, (4,), "Gelu", [], {}, "version 13 of ONNX' operators has none"),
    "float8": (21, (4,), "QuantizeLinear", [np.float32(1)], {"output_dtype": 17}, "other than int"),
    "no-scale": (13, (4,), "QuantizeLinear", [np.float32(0)], {}, "its scale has 0.0"),
    "wrong-scale": (13, (4,), "QuantizeLinear", [ones(2, 2)], {}, "its scale has the shape"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_refused_with_a_reason(case):
    opset, shape, operator, inputs, attributes, reason = CASES[case]
    builder = Builder(opset)
    found = builder.add(operator, builder.input(*shape), *inputs, name="it", **attributes)
    with pytest.raises(errors.UnsupportedModelError, match=rf"(?s)it \({operator}\): .*{reason}"):
        xfblas.read_graph(builder.model(found))


def test_constants_that_are_none():
    builder = Builder()
    x = builder.input(4)
    builder.add("MatMul", ones(4, 4), x, name="left")
    model = builder.model("t0_0", builder.add("Gemm", x, x, name="square"),
                          builder.add("Div", np.float32(1), x, name="inverse"))  # fmt: skip
    with pytest.raises(errors.UnsupportedModelError) as caught:
        xfblas.read_graph(model)
    for line in ("left (MatMul): multiplies from the left", "square (Gemm): its B is computed",
                 "inverse (Div): divides by a tensor"):  # fmt: skip
        assert line in str(caught.value)


def test_outputs_besides_the_first():
    builder = Builder(13)
    one, mask = builder.add("Dropout", builder.input(4), outputs=2)
    with pytest.raises(errors.UnsupportedModelError, match="its output 1 is needed"):
        xfblas.read_graph(builder.model(one, mask))


def test_whole_numbers_are_not_taken_for_floats():
    builder = Builder()
    half = builder.add("Div", builder.input(4, kind=TensorProto.INT64), whole(2))
    model = builder.model(builder.add("Cast", half, to=TensorProto.FLOAT))
    with pytest.raises(errors.UnsupportedModelError, match="computes with whole numbers"):
        xfblas.read_graph(model)


def test_whole_numbers_that_were_taken_out_or_looked_up():
    for first in (True, False):
        builder = Builder()
        x = builder.input(4, kind=TensorProto.INT64)
        given = (x, np.int64(0)) if first else (np.arange(8).reshape(4, 2), x)
        part = builder.add("Gather", *given, axis=1 if first else 0)
        model = builder.model(builder.add("Div", part, whole(2)), kind=TensorProto.INT64)
        with pytest.raises(errors.UnsupportedModelError, match="computes with whole numbers"):
            xfblas.read_graph(model)


def test_a_shape_of_open_sizes():
    builder = Builder()
    x = builder.input("time", 6)
    shape = builder.add("Mul", builder.add("Shape", x), whole(1, 2, 1))
    shape = builder.add("Div", shape, whole(1, 1, 2))
    model = builder.model(builder.add("Reshape", x, shape))
    with pytest.raises(errors.UnsupportedModelError, match="has open sizes"):
        xfblas.read_graph(model)


def test_tensors_of_different_rank():
    builder = Builder()
    model = builder.model(builder.add("Add", builder.input(3, 4), builder.input(4)))
    with pytest.raises(errors.UnsupportedModelError, match="different rank"):
        xfblas.read_graph(model)


def test_loops_are_not_run():
    builder = Builder()
    body = helper.make_graph([], "body", [], [])
    x = builder.add("If", builder.input(4), then_branch=body, else_branch=body)
    with pytest.raises(errors.UnsupportedModelError, match="_branch is not of numbers"):
        xfblas.read_graph(builder.model(x))


def test_what_no_output_needs_is_left_out():
    builder = Builder()
    x = builder.input(1, 4, 4)
    builder.add("Conv", x, ones(4, 1, 3, 3), name="unused")
    model = builder.model(builder.add("Flatten", x))
    x = rows(np.random.default_rng(1), 5, 1, 4, 4)
    require_near(xfblas.read_graph(model).forward([x]), run(model, x))


def test_a_chain_is_asked_for():
    builder = Builder()
    x = builder.input(4)
    x = builder.add("Add", builder.add("Relu", x, name="act"), x, name="sum")
    with pytest.raises(errors.UnsupportedModelError, match=r"sum \(Add\): takes 2 inputs"):
        xfblas.read_network(builder.model(x))
