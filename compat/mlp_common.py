"""The public library's import name for :mod:`xfblas.runtime.mlp_common`."""

from xfblas.runtime.mlp_common import (
    compare_results,
    init_fpga,
    predict_cpu,
    predict_fpga,
    softmax,
)

__all__ = ["compare_results", "init_fpga", "predict_cpu", "predict_fpga", "softmax"]
