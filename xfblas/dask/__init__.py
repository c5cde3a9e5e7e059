"""Products and predictions of more than one machine, as tasks of Dask: ``xfblas[dask]``.

Dask itself is imported by the calls.
"""

from xfblas.dask.block_products import matmul
from xfblas.dask.predictions import predict

__all__ = ["matmul", "predict"]
