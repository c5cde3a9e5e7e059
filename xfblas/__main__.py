"""``python -m xfblas``: the ``xfblas`` command, where its script is not on the path."""

import sys

from xfblas.cli import main

if __name__ == "__main__":
    sys.exit(main())
