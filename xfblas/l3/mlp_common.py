"""What the public library's MLP programs share."""

import numpy as np

from xfblas.arrays import seen
from xfblas.checks import require_instance, require_sequence
from xfblas.errors import AllocationError, InvalidValueError
from xfblas.files import written
from xfblas.graph import activate, read_network
from xfblas.l3.keras_rt import KerasRT
from xfblas.l3.public_steps import PublicSteps
from xfblas.quantization.options import takes
from xfblas.rows.row_source import as_real


@takes(KerasRT)
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
    require_instance("fpga_rt", fpga_rt, PublicSteps, expected="a KerasRT or XfblasRT")
    result = fpga_rt.predict(test_data, g_in_scale)
    return softmax(result) if getattr(fpga_rt, "returns_raw", True) else result


def predict_cpu(model, test_data) -> np.ndarray:
    """The float model's output: by Keras for a keras.Model, by numpy for a file."""
    if hasattr(model, "predict"):
        return model.predict(test_data)
    return read_network(model).forward(test_data)


def softmax(x) -> np.ndarray:
    """Softmax over the last axis, float32; shifted by the maximum so that nothing overflows."""
    x = as_real("x", seen("x", x))
    if x.shape[-1:] in ((), (0,)):
        raise InvalidValueError(f"x has shape {x.shape}, expected values on a last axis")
    try:
        return activate("softmax", x)
    except MemoryError as error:
        raise AllocationError(f"x has shape {x.shape}, which has no room: {error}") from None


def compare_real_results(expected, actual) -> bool:
    """Prints how two arrays of outputs compare after rounding to three decimals; True if equal.

    Where a row differs, ``out.np``, ``out_golden.np`` and ``diff.np`` in the working directory hold
    what was found, what was expected, and the difference.

    Raises:
        InvalidValueError: their shapes differ.
    """
    expected, actual = _same_shape(expected, actual)
    golden, found = np.around(expected, 3), np.around(actual, 3)
    if np.array_equal(golden, found):
        print("SUCCESS!!!")
        return True
    rows = len(np.atleast_1d(golden))
    differing = int((golden != found).reshape(rows, -1).any(axis=1).sum())
    print("num_diff:", differing, "num_same:", rows - differing)
    for name, values in (("out", found), ("out_golden", golden), ("diff", golden - found)):
        with written(f"{name}.np") as file:
            np.savetxt(file, np.atleast_1d(values).reshape(rows, -1), fmt="%.3f")
    return False


def compute_standlone(inp, wb) -> np.ndarray:
    """What a chain of Dense layers computes in floats: ReLU between them, none behind the last.

    Args:
        inp: (m, k) rows.
        wb: weights and biases by turns, as ``keras.Model.get_weights`` gives them.

    Raises:
        InvalidValueError: not a bias for each matrix of weights, or shapes that do not chain.
    """
    require_sequence("wb", wb, "weights and biases by turns")
    if not wb or len(wb) % 2:
        raise InvalidValueError(f"wb has {len(wb)} arrays, expected weights and biases by turns")
    rows = as_real("inp", seen("inp", inp))
    for index, (weight, bias) in enumerate(zip(wb[0::2], wb[1::2], strict=True)):
        weight, bias = (
            as_real(name, seen(name, value))
            for name, value in ((f"wb[{2 * index}]", weight), (f"wb[{2 * index + 1}]", bias))
        )
        if weight.ndim != 2 or rows.ndim != 2 or weight.shape[0] != rows.shape[1]:
            raise InvalidValueError(
                f"wb[{2 * index}] has shape {weight.shape}, but the rows before it {rows.shape}"
            )
        if bias.shape[-1:] != weight.shape[1:]:
            raise InvalidValueError(
                f"wb[{2 * index + 1}] has shape {bias.shape}, expected ({weight.shape[1]},)"
            )
        rows = rows @ weight + bias
        if 2 * index + 2 < len(wb):
            rows = np.where(rows < 0, np.zeros((), rows.dtype), rows)
    return rows


def _same_shape(expected, actual):
    expected = as_real("expected", seen("expected", expected))
    actual = as_real("actual", seen("actual", actual))
    if expected.shape != actual.shape:
        raise InvalidValueError(
            f"actual has shape {actual.shape}, expected that of expected, {expected.shape}"
        )
    return expected, actual


def compare_results(expected, actual) -> bool:
    """Prints how two arrays of probabilities (m, classes) compare; True if all labels agree.

    Raises:
        InvalidValueError: their shapes differ.
    """
    expected, actual = _same_shape(expected, actual)
    if expected.ndim == 0 or expected.shape[-1] == 0:
        raise InvalidValueError(f"expected has shape {expected.shape}, expected (m, classes)")
    same = int((expected.argmax(axis=-1) == actual.argmax(axis=-1)).sum())
    rows = len(expected)
    largest = float(np.abs(expected - actual).max()) if rows else 0.0
    print(f"labels agree on {same} of {rows} rows, largest difference {largest:.6f}")
    return same == rows
