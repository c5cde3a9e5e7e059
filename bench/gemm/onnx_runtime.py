"""ONNX Runtime: products with a constant B, which it packs once."""

from contextlib import ExitStack
from functools import partial

import numpy as np

from bench.candidate import Candidate, Missing, require_close, require_equal
from bench.gemm.product import CHECKED_ROWS, Product, exact_rows


def candidates(product: Product, threads: int, stack: ExitStack) -> list[Candidate]:
    """MatMulInteger of uint8 by int8, and MatMul of float32, into arrays that stay."""
    a, b = product.bytes
    unsigned = a.view(np.uint8)
    exact = partial(exact_rows, unsigned, b)
    return [
        _candidate(
            "ONNX Runtime int8",
            ("MatMulInteger", unsigned, b, np.int32),
            threads,
            lambda name, rows: require_equal(name, rows, exact().astype(np.int32)),
        ),
        _candidate(
            "ONNX Runtime float32",
            ("MatMul", *product.floats, np.float32),
            threads,
            lambda name, rows: require_close(
                name, rows, product.floats[0][:CHECKED_ROWS] @ product.floats[1], 1e-5
            ),
        ),
    ]


def _candidate(name, operation, threads, verify) -> Candidate:
    try:
        import onnxruntime as runtime

        from bench.onnx_session import open_session
    except ImportError:
        raise Missing(f"{name}: pip install onnx onnxruntime") from None
    kind, a, b, dtype = operation
    session = open_session(_model(kind, a, b, dtype), threads)
    out = np.empty((len(a), b.shape[1]), dtype)
    binding = session.io_binding()
    held = runtime.OrtValue.ortvalue_from_numpy(a)
    binding.bind_ortvalue_input("a", held)
    binding.bind_output("c", "cpu", 0, dtype, out.shape, out.ctypes.data)

    def check() -> dict:
        return verify(name, out[:CHECKED_ROWS])

    return Candidate(name, partial(session.run_with_iobinding, binding), check)


def _model(kind, a, b, dtype) -> bytes:
    from onnx import helper, numpy_helper

    element = helper.np_dtype_to_tensor_dtype
    graph = helper.make_graph(
        [helper.make_node(kind, ["a", "b"], ["c"])],
        "product",
        [helper.make_tensor_value_info("a", element(a.dtype), a.shape)],
        [helper.make_tensor_value_info("c", element(np.dtype(dtype)), (len(a), b.shape[1]))],
        [numpy_helper.from_array(b, "b")],
    )
    opsets = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    return model.SerializeToString()
