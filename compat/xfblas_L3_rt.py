"""The public library's import name for :class:`xfblas.runtime.xfblas_rt.XfblasRT`."""

from xfblas.runtime.xfblas_rt import XfblasRT

__all__ = ["XfblasRT"]
