"""Files that have an end."""

import errno
import os
import stat
from pathlib import Path


def read_regular(path: str | os.PathLike[str]) -> bytes:
    """The content of a file.

    Raises:
        OSError: it cannot be read, or is no regular file: a device may be endless, and a pipe wait
            for ever for who writes it.
    """
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", os.fspath(path))
    return Path(path).read_bytes()
