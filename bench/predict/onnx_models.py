"""The network as ONNX files: float32, and int8 in ONNX Runtime's two ways."""

from pathlib import Path

from bench.predict.mlp import Mlp

INPUT, OUTPUT = "rows", "probabilities"


def write_float(mlp: Mlp, folder: Path) -> Path:
    """float32."""
    path = folder / f"{mlp.name}.onnx"
    if not path.is_file():
        path.write_bytes(_model(mlp).SerializeToString())
    return path


def write_dynamic(mlp: Mlp, folder: Path) -> Path:
    """int8 weights; the scales of activations are found anew in each prediction."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    path = folder / f"{mlp.name}-dynamic.onnx"
    if not path.is_file():
        quantize_dynamic(
            write_float(mlp, folder), path, per_channel=True, weight_type=QuantType.QInt8
        )
    return path


def write_static(mlp: Mlp, folder: Path) -> Path:
    """int8 throughout, with scales from the calibration rows (in QDQ form)."""
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

    class Rows(CalibrationDataReader):
        def __init__(self):
            self._batches = iter([{INPUT: mlp.calibration}])

        def get_next(self):
            return next(self._batches, None)

    path = folder / f"{mlp.name}-static.onnx"
    if not path.is_file():
        quantize_static(
            write_float(mlp, folder),
            path,
            Rows(),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["Gemm"],
        )
    return path


def _model(mlp: Mlp):
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants, source = [], [], INPUT
    for index, (kernel, bias) in enumerate(mlp.layers):
        names = [f"kernel_{index}", f"bias_{index}"]
        constants += [
            numpy_helper.from_array(values, name)
            for values, name in zip((kernel, bias), names, strict=True)
        ]
        nodes.append(helper.make_node("Gemm", [source, *names], [f"sums_{index}"]))
        is_last = index + 1 == len(mlp.layers)
        source = OUTPUT if is_last else f"active_{index}"
        nodes.append(
            helper.make_node("Softmax" if is_last else "Relu", [f"sums_{index}"], [source])
        )
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", units])
        for name, units in ((INPUT, mlp.sizes[0]), (OUTPUT, mlp.sizes[-1]))
    ]
    graph = helper.make_graph(nodes, mlp.name, values[:1], values[1:], constants)
    opsets = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)
