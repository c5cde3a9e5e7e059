"""``xfblas emu -- program``."""

import argparse
import sys

from xfblas.emulation.launcher import run
from xfblas.emulation.settings import DEFAULT_PLATFORM, Settings
from xfblas.errors import XfblasError

ERROR_EXIT = 2


def add_commands(subparsers):
    """Adds the command ``emu`` to the subparsers of an argparse parser.

    After parsing, ``args.run(args)`` runs the program and returns its exit code, or 2 after one
    line on the standard error where it could not be started.
    """
    parser = subparsers.add_parser(
        "emu",
        help="run a program on an emulated card, through the real Xilinx Runtime",
        description="Runs a program on emulated cards, through the real Xilinx Runtime (XRT). "
        "The program opens its devices with target='xrt'; the image must carry a kernel library.",
    )
    parser.add_argument(
        "--platform", default=DEFAULT_PLATFORM, help="of the emulated cards; default %(default)s"
    )
    parser.add_argument(
        "--devices", type=int, default=1, metavar="N", help="emulated cards; default 1"
    )
    parser.add_argument(
        "--timeout-ms", type=int, metavar="N", help="limit of one run of a kernel; default 60000"
    )
    parser.add_argument("program", nargs=argparse.REMAINDER, help="-- program and its arguments")
    parser.set_defaults(run=run_emu)


def run_emu(args) -> int:
    """Runs the program and returns its exit code."""
    program = args.program[1:] if args.program[:1] == ["--"] else args.program
    try:
        return run(program, Settings(args.platform, args.devices, args.timeout_ms))
    except (XfblasError, OSError) as error:
        print("xfblas: " + " ".join(str(error).split()), file=sys.stderr)
        return ERROR_EXIT
