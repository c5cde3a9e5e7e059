"""Dask, which is imported when it is first needed, and what its workers offer."""

import importlib
from typing import Any

from xfblas.errors import NotSupportedError

#: What a worker has one of for each device: ``dask worker --resources "xfblas=1"``.
RESOURCE = "xfblas"


def require(name: str) -> Any:
    """A module of Dask, such as ``"dask.array"``.

    Raises:
        NotSupportedError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise NotSupportedError(f'{error}: pip install "xfblas[dask]"') from None


def current_client() -> Any:
    """The client of a cluster that computations go to, or None where there is none."""
    try:
        from distributed import default_client
    except ImportError:
        return None
    try:
        return default_client()
    except ValueError:
        return None


def resources_of(client: Any) -> dict[str, int]:
    """What a task needs: a device, where workers of the cluster say that they have one."""
    if client is None:
        return {}
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    return {RESOURCE: 1} if any(RESOURCE in each.get("resources", {}) for each in workers) else {}
