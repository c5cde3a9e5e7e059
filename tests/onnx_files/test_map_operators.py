"""Convolutions, pooling and what goes with them, against ONNX Runtime; in float and in integers."""

import numpy as np
import pytest
from onnx_models import Builder, require_near, run

import xfblas
from xfblas import errors

pytestmark = pytest.mark.native


def spread(*shape):
    """Fixed numbers between -1 and 1."""
    return np.sin(np.arange(np.prod(shape)) * 1.7).reshape(shape).astype(np.float32)


def whole(*numbers):
    return np.array(numbers, np.int64)


CONV = spread(6, 4, 3, 2)
#: Name of a case: opset, shape of a row, and (operator, other inputs, attributes) in a row.
CASES = {
    "plain": (11, (4, 7, 6), [("Conv", [CONV, spread(6)], {})]),
    "padded": (11, (4, 7, 6), [("Conv", [CONV], {"pads": [1, 0, 2, 1], "strides": [2, 1]})]),
    "upper": (11, (4, 7, 6), [("Conv", [CONV], {"auto_pad": "SAME_UPPER", "strides": [2, 2]})]),
    "lower": (11, (4, 7, 6), [("Conv", [CONV], {"auto_pad": "SAME_LOWER", "strides": [1, 2]})]),
    "valid": (11, (4, 7, 6), [("Conv", [CONV], {"auto_pad": "VALID", "kernel_shape": [3, 2]})]),
    "dilated": (11, (4, 7, 6), [("Conv", [CONV], {"dilations": [2, 3], "pads": [1, 1, 1, 1]})]),
    "groups": (11, (4, 7, 6), [("Conv", [spread(6, 2, 3, 3), spread(6)], {"group": 2})]),
    "depthwise": (11, (4, 7, 6), [("Conv", [spread(8, 1, 3, 3), spread(8)], {"group": 4})]),
    "line": (11, (3, 9), [("Conv", [spread(5, 3, 4), spread(5)], {"pads": [2, 1]})]),
    "transposed": (
        11, (3, 4, 5),
        [("ConvTranspose", [spread(3, 4, 3, 3), spread(4)], {
            "strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]})],
    ),
    "transposed-whole": (11, (3, 4, 5), [("ConvTranspose", [spread(3, 2, 2, 3)], {})]),
    "largest": (12, (3, 8, 7), [("MaxPool", [], {"kernel_shape": [2, 3], "strides": [2, 2]})]),
    "largest-padded": (
        12, (3, 8, 7),
        [("MaxPool", [], {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]})],
    ),
    "largest-up": (
        12, (3, 8, 8),
        [("MaxPool", [], {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1})],
    ),
    "average": (11, (3, 8, 6), [("AveragePool", [], {"kernel_shape": [2, 2], "strides": [2, 2]})]),
    "average-padded": (
        11, (3, 8, 7), [("AveragePool", [], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]})],
    ),
    "average-with-padding": (
        11, (3, 8, 7),
        [("AveragePool", [], {
            "kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1})],
    ),
    "pad": (13, (2, 5, 4), [("Pad", [whole(0, 0, 1, 2, 0, 0, 0, 1)], {})]),
    "pad-and-cut": (13, (2, 5, 4), [("Pad", [whole(0, 0, 1, -1, 0, 0, -2, 1)], {})]),
    "pad-of-before": (10, (2, 5, 4), [("Pad", [], {"pads": [0, 0, 0, 1, 0, 0, 1, 0]})]),
    "pad-some-axes": (18, (2, 5, 4), [("Pad", [whole(1, 2), "", whole(-1)], {})]),
    "upsample": (
        13, (2, 3, 4),
        [("Resize", ["", np.float32([1, 1, 2, 3])], {
            "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"})],
    ),
    "upsample-sizes": (13, (2, 3, 4), [("Resize", ["", "", whole(1, 2, 6, 8)], {})]),
}  # fmt: skip


def model_of(case):
    """A case's model, and nine rows for it."""
    opset, shape, chain = CASES[case]
    builder = Builder(opset)
    if case == "upsample-sizes":
        builder.batch = 1
    tensor = builder.input(*shape)
    for operator, inputs, attributes in chain:
        tensor = builder.add(operator, tensor, *inputs, **attributes)
    return builder.model(tensor), spread(1 if case == "upsample-sizes" else 9, *shape)


@pytest.mark.parametrize("case", CASES)
def test_against_onnx_runtime(case):
    model, x = model_of(case)
    require_near(xfblas.read_graph(model).forward([x]), run(model, x))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES)
def test_in_integers(case):
    """After a convolution of single pixels, so that it is part of a step over maps."""
    opset, shape, chain = CASES[case]
    builder = Builder(opset)
    first = spread(shape[0], shape[0], *[1] * (len(shape) - 1)) + 0.1
    tensor = builder.add("Conv", builder.input(*shape), first)
    for operator, inputs, attributes in chain:
        if case == "upsample-sizes":
            inputs = ["", "", whole(0, *inputs[2][1:])]
        tensor = builder.add(operator, tensor, *inputs, **attributes)
    tensor = builder.add("Relu", tensor)
    model, x = builder.model(tensor), spread(9, *shape)
    expected = xfblas.read_graph(model).forward([x])[0]
    with xfblas.compile(model, calibration=x) as compiled:
        assert len(compiled.graph.steps) == 1 and compiled.graph.map_steps
        found = compiled.predict(x, verbose=0)
    assert np.linalg.norm(found - expected) < 1e-3 * np.linalg.norm(expected)


def classifier():
    """What PyTorch exports: convolutions with a skip, channels joined, pooled, and dense."""
    builder = Builder(13)
    given = builder.input(3, 8, 8)
    first = builder.add("Conv", given, spread(6, 3, 3, 3), spread(6), pads=[1] * 4, name="conv1")
    first = builder.add("Relu", first, name="act1")
    x = builder.add("Conv", first, 0.3 * spread(6, 6, 3, 3), pads=[1] * 4, name="conv2")
    norm = [1 + 0.3 * spread(6), spread(6), 0.2 * spread(6), 1 + spread(6) ** 2]
    x = builder.add("BatchNormalization", x, *norm, name="norm")
    x = builder.add("Add", builder.add("Relu", x, name="act2"), first, name="skip")
    x = builder.add("Concat", x, first, axis=1, name="joined")
    x = builder.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2], name="pool")
    x = builder.add("Conv", x, 0.3 * spread(8, 12, 3, 3), spread(8), name="conv3")
    x = builder.add("LeakyRelu", x, alpha=0.1, name="act3")
    x = builder.add("Flatten", builder.add("GlobalAveragePool", x, name="mean"), name="flat")
    x = builder.add("Gemm", x, spread(5, 8), spread(5), transB=1, name="fc")
    return builder.model(builder.add("Softmax", x, axis=1, name="out"))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("bits, least", [(16, 60), (8, 20)])
def test_a_classifier_is_one_step_of_the_engine(bits, least, tmp_path):
    model, x = classifier(), spread(40, 3, 8, 8)
    (expected,) = run(model, x)
    require_near(xfblas.read_graph(model).forward([x]), [expected])
    with xfblas.compile(model, calibration=x, bits=bits) as compiled:
        assert len(compiled.graph.map_steps) == 1 and not compiled.graph.engine_steps
        found = compiled.predict(x, verbose=0)
        names = list(compiled.trace(x)[1])
    error = np.linalg.norm(found - expected) / np.linalg.norm(expected)
    assert -20 * np.log10(error) > least
    assert {"act1", "act2", "skip", "joined", "pool", "act3"} & set(names)


@pytest.mark.filterwarnings("ignore")
def test_it_is_configured_and_converted(tmp_path):
    model, x = classifier(), spread(40, 3, 8, 8)
    config = xfblas.config_from_onnx_model(model, granularity="name")
    assert config["LayerName"]["conv2"]["Precision"] == {"weight": "auto"}
    config["LayerName"]["conv2"]["Precision"]["weight"] = "int6"
    own = {"hls_config": config, "calib_data": x, "output_dir": tmp_path, "input_data_tb": x[:2]}
    with xfblas.convert_from_onnx_model(model, **own) as frames:
        _, layers = frames.trace(x)
        report = frames.build()
    assert {"norm", "act1", "act2", "skip", "pool", "fc"} <= set(layers)
    assert report["CSimTarget"] == "simulation"


#: Operator, shape of a row, other inputs, attributes, and what is told.
REFUSED = [
    ("Conv", (4, 5, 5, 5), [spread(2, 4, 1, 1, 1)], {}, "expected 3 or 4"),
    ("Conv", (4, 5, 5), [spread(3, 2, 1, 1)], {"group": 2}, "it has 3 filters"),
    ("Conv", (4, 5, 5), [spread(3, 3, 1, 1)], {}, "channels of its input"),
    ("Conv", (4, 5, 5), [spread(3, 4, 7, 1)], {}, "does not fit an axis of 5"),
    ("ConvTranspose", (4, 5, 5), [spread(4, 1, 2, 2)], {"group": 2}, "group is 2"),
    ("MaxPool", (4, 6, 6), [], {"kernel_shape": [2, 2], "dilations": [2, 2]}, "dilations"),
    ("MaxPool", (4, 5, 5), [], {"kernel_shape": [2, 2], "strides": [2, 2], "ceil_mode": 1}, "ceil"),
    ("Pad", (4, 5, 5), [whole(1, 0, 0, 0, 0, 0, 0, 0)], {}, "the batch"),
    ("Pad", (4, 5, 5), [whole(0, 0, 1, 0, 0, 0, 0, 0)], {"mode": "edge"}, "mode is edge"),
    ("Resize", (4, 5, 5), ["", np.float32([1, 1, 2, 2])], {"mode": "linear"}, "nearest"),
    ("Resize", (4, 5, 5), ["", np.float32([1, 1, 1.5, 2])], {}, "whole numbers"),
]  # fmt: skip


@pytest.mark.parametrize("operator, shape, inputs, attributes, told", REFUSED)
def test_what_is_refused(operator, shape, inputs, attributes, told):
    builder = Builder(13)
    x = builder.add(operator, builder.input(*shape), *inputs, name="here", **attributes)
    with pytest.raises((errors.UnsupportedModelError, errors.InvalidValueError), match=told):
        xfblas.read_graph(builder.model(x))
