"""The benchmark is no part of the package: it is imported from the source tree."""

import sys
from pathlib import Path

ROOT = str(Path(__file__).parent.parent.parent)

if ROOT not in sys.path:
    sys.path.append(ROOT)
