"""What the public library's MLP programs share."""

import numpy as np

from xfblas.errors import InvalidValueError
from xfblas.models import read_network
from xfblas.runtime.keras_rt import KerasRT


def init_fpga(
    model,
    xclbin_opts,
    g_wgt_scale=None,
    g_bias_scale=None,
    g_post_scale=None,
    relu_scale=None,
    idxKernel=0,
    idxDevice: int | str = 0,
    **options,
) -> KerasRT:
    """A :class:`KerasRT` for a model; ``options`` are its keyword arguments."""
    return KerasRT(
        model,
        xclbin_opts,
        g_wgt_scale,
        g_bias_scale,
        g_post_scale,
        relu_scale,
        idxKernel,
        idxDevice,
        **options,
    )


def predict_fpga(fpga_rt, test_data, g_in_scale=None) -> np.ndarray:
    """Class probabilities (m, classes), float32: the engine's result, softmax on the CPU.

    A runtime that returns the model's own output already is not given a second softmax.
    """
    result = fpga_rt.predict(test_data, g_in_scale)
    return softmax(result) if getattr(fpga_rt, "returns_raw", True) else result


def predict_cpu(model, test_data) -> np.ndarray:
    """The float model's output: by Keras for a keras.Model, by numpy for a file."""
    if hasattr(model, "predict"):
        return model.predict(test_data)
    return read_network(model).forward(test_data)


def softmax(x) -> np.ndarray:
    """Softmax over the last axis, float32; shifted by the maximum so that nothing overflows."""
    x = np.asarray(x, np.float32)
    exponentials = np.exp(x - x.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def compare_results(expected, actual) -> bool:
    """Prints how two arrays of probabilities (m, classes) compare; True if all labels agree.

    Raises:
        InvalidValueError: their shapes differ.
    """
    expected, actual = np.asarray(expected), np.asarray(actual)
    if expected.shape != actual.shape:
        raise InvalidValueError(
            f"actual has shape {actual.shape}, expected that of expected, {expected.shape}"
        )
    same = int((expected.argmax(axis=-1) == actual.argmax(axis=-1)).sum())
    rows = len(expected)
    largest = float(np.abs(expected - actual).max()) if rows else 0.0
    print(f"labels agree on {same} of {rows} rows, largest difference {largest:.6f}")
    return same == rows
