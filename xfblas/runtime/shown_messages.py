"""What the package logs, shown to whoever runs a command."""

import contextlib
import logging
import sys


@contextlib.contextmanager
def shown_messages(wanted: bool = True):
    """Writes the package's messages to stderr within a ``with`` block.

    Args:
        wanted: False shows none.
    """
    logger, handler = logging.getLogger("xfblas"), logging.StreamHandler(sys.stderr)
    before = logger.level
    if wanted:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
