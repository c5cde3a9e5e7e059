"""The public library's import name for :mod:`xfblas.l3.mlp_common`."""

from xfblas.l3.mlp_common import (
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
