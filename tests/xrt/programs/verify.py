"""verify.py IMAGE REPORT [VECTORS]: the command on an emulated card."""

import sys

from xfblas.cli import main

image, report, *vectors = sys.argv[1:]
options = ["--vectors", *vectors] if vectors else []
sys.exit(main(["verify", image, "--trust", "--report", report, *options]))
