"""The public library's import name for :mod:`xfblas.runtime.mlp_common`."""

from xfblas.runtime.mlp_common import (
    compare_real_results,
    compare_results,
    compute_standlone,
    init_fpga,
    predict_cpu,
    predict_fpga,
    softmax,
)

__all__ = [
    "compare_real_results",
    "compare_results",
    "compute_standlone",
    "init_fpga",
    "predict_cpu",
    "predict_fpga",
    "softmax",
]
