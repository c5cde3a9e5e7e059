"""The one way to write a file: it appears under its name whole, or what was there stays.

Standard library only, because builds call it with any Python.
"""

from xfblas.files.inputs import refuse_inputs
from xfblas.files.signals import removed_when_killed
from xfblas.files.writing import write_all, write_bytes, write_if_new, write_text, written

__all__ = [
    "refuse_inputs",
    "removed_when_killed",
    "write_all",
    "write_bytes",
    "write_if_new",
    "write_text",
    "written",
]
