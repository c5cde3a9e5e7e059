"""ONNX Runtime: a Conv of float32, and one of uint8 by int8 with a scale for each channel."""

from contextlib import ExitStack
from functools import partial

import numpy as np

from bench.candidate import Candidate, Missing, require_close
from bench.convolve.convolution import CHECKED_ROWS, KERNEL, Convolution, exact_rows

NAMES = ("ONNX Runtime int8", "ONNX Runtime float32")


def candidates(convolution: Convolution, threads: int, stack: ExitStack) -> list[Candidate]:
    """Both into arrays that stay; the bytes are those of ours, which are not negative."""
    try:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
    except ImportError:
        raise Missing(f"{' and '.join(NAMES)}: pip install onnx onnxruntime") from None
    return [
        _candidate(name, convolution, threads, np.uint8 if "int8" in name else np.float32)
        for name in NAMES
    ]


def _candidate(name, convolution, threads, dtype) -> Candidate:
    import onnxruntime as runtime

    from bench.onnx_session import open_session

    image, weights = convolution.bytes
    kernel = weights.reshape(KERNEL, KERNEL, -1, convolution.n).transpose(3, 2, 0, 1)
    held = np.ascontiguousarray(image.transpose(2, 0, 1)[None], dtype)
    out = np.empty((1, convolution.n, convolution.height, convolution.width), dtype)
    scale = np.float32(127 / (convolution.k * 127 * 64))
    session = open_session(_model(held, np.ascontiguousarray(kernel), out, scale), threads)
    binding = session.io_binding()
    source = runtime.OrtValue.ortvalue_from_numpy(held)
    binding.bind_ortvalue_input("x", source)
    binding.bind_output("y", "cpu", 0, dtype, out.shape, out.ctypes.data)

    def check() -> dict:
        found = out[0, :, :CHECKED_ROWS].reshape(convolution.n, -1).T.astype(np.float64)
        exact = exact_rows(image, weights)
        if dtype == np.float32:
            return require_close(name, found, exact.astype(np.float64), 1e-5)
        wanted = np.clip(np.rint(exact * float(scale)) + 128, 0, 255)
        # Halves may be rounded to either side in float32.
        return require_close(name, found, wanted, 1.0 / 255)

    return Candidate(name, partial(session.run_with_iobinding, binding), check)


def _model(x, kernel, y, scale) -> bytes:
    from onnx import helper, numpy_helper

    element = helper.np_dtype_to_tensor_dtype
    shape = {"kernel_shape": [KERNEL] * 2, "pads": [1] * 4}
    if x.dtype == np.uint8:
        one = np.float32(1)
        constants = {
            "x_scale": one, "x_zero": np.uint8(0), "w": kernel,
            "w_scale": np.ones(len(kernel), np.float32),
            "w_zero": np.zeros(len(kernel), np.int8),
            "y_scale": one / scale, "y_zero": np.uint8(128),
        }  # fmt: skip
        nodes = [helper.make_node("QLinearConv", ["x", *constants], ["y"], **shape)]
    else:
        constants = {"w": kernel.astype(np.float32)}
        nodes = [helper.make_node("Conv", ["x", "w"], ["y"], **shape)]
    graph = helper.make_graph(
        nodes,
        "convolution",
        [helper.make_tensor_value_info("x", element(x.dtype), x.shape)],
        [helper.make_tensor_value_info("y", element(y.dtype), y.shape)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    return model.SerializeToString()
