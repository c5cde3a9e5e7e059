"""The public library's import name for :class:`xfblas.l3.keras_rt.KerasRT`."""

from xfblas.l3.keras_rt import KerasRT

__all__ = ["KerasRT"]
