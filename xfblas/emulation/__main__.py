"""``python -m xfblas.emulation emu -- program``: the command by itself."""

import argparse
import sys

from .cli import add_commands

parser = argparse.ArgumentParser(prog="xfblas")
add_commands(parser.add_subparsers(required=True))
arguments = parser.parse_args()
sys.exit(arguments.run(arguments))
