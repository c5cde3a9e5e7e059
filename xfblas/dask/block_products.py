"""Products of Dask's arrays: one task for each pair of blocks that meet."""

from typing import Any

import numpy as np

from xfblas.checks import require_truth, shown
from xfblas.dask.dask_modules import current_client, require, resources_of
from xfblas.errors import InvalidValueError
from xfblas.offloading.matmul import matmul as product
from xfblas.offloading.product_kinds import product_kind


def matmul(a: Any, b: Any, *, exact: bool = False, split: bool = False, retries: int = 3) -> Any:
    """The product of two arrays of Dask, as ``xfblas.matmul`` of their blocks gives it.

    Each pair of blocks is a task that needs the resource ``xfblas`` where workers have it, and the
    engine computes it; their sums along k are added by numpy. Dask forgets what tasks need where it
    fuses them, so ask again: ``.compute(resources={"xfblas": 1})``.

    Args:
        a, b: arrays of Dask, or of numpy, of one or two dimensions.
        exact: whole sums, int64.
        split: float64 and float32 by exact slices of integers.
        retries: how often a task is tried again that failed.

    Returns:
        An array of Dask, which computes nothing yet.

    Raises:
        DtypeError: no engine computes with these dtypes.
        InvalidValueError: shapes that do not fit.
        NotSupportedError: Dask is not installed.
    """
    array, dask = require("dask.array"), require("dask")
    options = {
        name: True
        for name, value in (("exact", exact), ("split", split))
        if require_truth(name, value)
    }
    if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
        raise InvalidValueError(f"retries is {shown(retries)}, expected a whole number from 0 on")
    given = a, b
    a, b = (
        each if isinstance(each, array.Array) else _host("ab"[index], each)
        for index, each in enumerate(given)
    )
    for name, each in (("a", a), ("b", b)):
        if each.ndim not in (1, 2):
            raise InvalidValueError(f"{name} has {each.ndim} dimensions, expected 1 or 2")
    if a.shape[-1] != b.shape[0] and not np.isnan([a.shape[-1], b.shape[0]]).any():
        raise InvalidValueError(f"a has shape {a.shape} and b {b.shape}: their k differ")
    kind = product_kind(a, b, given, None, options)
    a, b = array.asarray(a), array.asarray(b)
    left, right = (a[None] if a.ndim == 1 else a), (b[:, None] if b.ndim == 1 else b)
    annotations: dict[str, Any] = {"retries": retries}
    needed = resources_of(current_client())
    if needed:
        annotations["resources"] = needed
    with dask.annotate(**annotations):
        parts = array.blockwise(
            *(_block_product, "ikj", left, "ik", right, "kj"),
            adjust_chunks={"k": 1},
            dtype=kind.result,
            meta=np.empty((0, 0, 0), kind.result),
            concatenate=False,
            options=options,
        )
    total = parts.sum(axis=1, dtype=kind.result)
    if b.ndim == 1:
        total = total[:, 0]
    return total[0] if a.ndim == 1 else total


def _host(name: str, value: Any) -> np.ndarray:
    from xfblas.device.product_errors import as_operand

    return as_operand(name, value)


def _block_product(a: Any, b: Any, options: dict[str, Any]) -> np.ndarray:
    """(m, k) by (k, n), as (m, 1, n)."""
    found = product(np.asarray(a), np.asarray(b), **options)
    return np.asarray(found)[:, None, :]
