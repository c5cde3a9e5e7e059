"""Models on boards that run PYNQ: ``xfblas.pynq.Overlay``. PYNQ is imported when it is used."""

from xfblas.pynq.overlay import Overlay as Overlay

__all__ = ["Overlay"]
