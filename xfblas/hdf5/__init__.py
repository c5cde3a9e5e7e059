"""HDF5 files, which are not trusted: read by a child process, within limits of time and size.

libhdf5 hangs on some damaged files, beyond the reach of signals, and ends the process on others; so
it runs in a process that may be killed. What a file holds arrives as plain data over a pipe.
"""

from xfblas.hdf5.nodes import Dataset, Group
from xfblas.hdf5.reader import open_file

__all__ = ["Dataset", "Group", "open_file"]
