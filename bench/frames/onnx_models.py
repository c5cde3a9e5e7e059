"""The network as ONNX files: float32, and int8 as ONNX Runtime quantizes it."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from bench.frames.street_unet import StreetUnet

INPUT, OUTPUT = "frames", "logits"


def write_float(unet: StreetUnet, folder: Path) -> Path:
    """float32: frames (n, 3, height, width) to logits (n, 4, height, width)."""
    path = folder / f"{unet.name}.onnx".replace(" ", "-")
    if not path.is_file():
        path.write_bytes(_Graph(unet.model).model(unet.name).SerializeToString())
    return path


def write_static(unet: StreetUnet, folder: Path) -> Path:
    """int8 throughout, a scale for each channel of weights, in QDQ form."""
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static

    class Frames(CalibrationDataReader):
        def __init__(self):
            self._left = iter(planar(unet.calibration))

        def get_next(self):
            frame = next(self._left, None)
            return None if frame is None else {INPUT: frame[None]}

    path = folder / f"{unet.name}-static.onnx".replace(" ", "-")
    if not path.is_file():
        quantize_static(
            write_float(unet, folder),
            path,
            Frames(),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
    return path


def planar(frames: np.ndarray) -> np.ndarray:
    """(n, height, width, channels) as (n, channels, height, width)."""
    return np.ascontiguousarray(frames.transpose(0, 3, 1, 2))


class _Graph:
    """Nodes of a Keras model's layers, one after the other."""

    def __init__(self, model):
        self._keras_model = model
        self._nodes, self._constants = [], []

    def model(self, name: str):
        values = {self._keras_model.inputs[0].name: INPUT}
        for layer in self._keras_model.layers[1:]:
            given = layer.input if isinstance(layer.input, list) else [layer.input]
            values[layer.output.name] = self._layer(layer, [values[t.name] for t in given])
        self._nodes[-1].output[0] = OUTPUT
        ends = []
        for end, tensor in (
            (INPUT, self._keras_model.inputs[0]), (OUTPUT, self._keras_model.outputs[0]),
        ):  # fmt: skip
            _, height, width, channels = tensor.shape
            shape = ["n", channels, height, width]
            ends.append(helper.make_tensor_value_info(end, TensorProto.FLOAT, shape))
        graph = helper.make_graph(self._nodes, name, ends[:1], ends[1:], self._constants)
        opsets = [helper.make_opsetid("", 17)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=9)

    def _layer(self, layer, sources) -> str:
        kind = type(layer).__name__
        if kind == "Conv2D":
            return self._convolution(layer, sources[0])
        if kind == "MaxPooling2D":
            return self._node("MaxPool", sources, layer.name, kernel_shape=[2, 2], strides=[2, 2])
        if kind == "Concatenate":
            return self._node("Concat", sources, layer.name, axis=1)
        if kind == "UpSampling2D":
            scales = self._constant(np.array([1, 1, 2, 2], np.float32), f"{layer.name}_scales")
            return self._node(
                "Resize", [sources[0], "", scales], layer.name, mode="nearest",
                nearest_mode="floor", coordinate_transformation_mode="asymmetric",
            )  # fmt: skip
        raise TypeError(f"{layer.name} is a {kind}, which this does not write")

    def _convolution(self, layer, source) -> str:
        kernel, bias = (np.asarray(weight) for weight in layer.get_weights())
        # What `same` adds; the odd row and column behind.
        behind, before = kernel.shape[0] // 2, (kernel.shape[0] - 1) // 2
        names = [
            self._constant(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)), f"{layer.name}_w"),
            self._constant(bias, f"{layer.name}_b"),
        ]
        sums = self._node(
            "Conv", [source, *names], f"{layer.name}_sums", kernel_shape=list(kernel.shape[:2]),
            pads=[before, before, behind, behind],
        )  # fmt: skip
        if layer.activation.__name__ == "relu":
            return self._node("Relu", [sums], layer.name)
        return sums

    def _constant(self, values, name) -> str:
        self._constants.append(numpy_helper.from_array(values, name))
        return name

    def _node(self, kind, sources, name, **fields) -> str:
        self._nodes.append(helper.make_node(kind, sources, [name], **fields))
        return name
