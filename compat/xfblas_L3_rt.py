"""The public library's import name for :class:`xfblas.l3.xfblas_rt.XfblasRT`."""

from xfblas.l3.xfblas_rt import XfblasRT

__all__ = ["XfblasRT"]
