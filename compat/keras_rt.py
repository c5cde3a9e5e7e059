"""The public library's import name for :class:`xfblas.runtime.keras_rt.KerasRT`."""

from xfblas.runtime.keras_rt import KerasRT

__all__ = ["KerasRT"]
