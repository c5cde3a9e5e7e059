"""The ``xfblas`` command. Each command has a file in the room ``commands``."""

import argparse
import os
import sys

from xfblas.commands import (
    convert,
    doctor,
    emu,
    estimate,
    export_c,
    predict,
    profile,
    report,
    xclbin,
)
from xfblas.commands.arguments import in_option_words, options_of
from xfblas.errors import XfblasError
from xfblas.files import removed_when_killed
from xfblas.notices import in_a_line, shown_notices

#: Exit statuses as a shell has them of the signals, 128 and SIGINT or SIGPIPE.
INTERRUPTED, PIPE_CLOSED = 130, 141


def main(arguments=None) -> int:
    """Runs the command line and returns the exit status; errors are one line each."""
    if sys.stdout is None:
        # It was closed; what is printed goes nowhere, and no file of ours takes its place.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    try:
        try:
            return _run(arguments)
        finally:
            # What a pipe took is known now, and not when Python ends.
            sys.stdout.flush()
    except BrokenPipeError:
        _leave_pipe()
        return PIPE_CLOSED
    except KeyboardInterrupt:
        print("xfblas: interrupted", file=sys.stderr)
        return INTERRUPTED


def _run(arguments) -> int:
    parser = argparse.ArgumentParser(
        prog="xfblas", description="Matrix products and fully connected layers on AMD FPGAs."
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(title="commands", dest="command")
    for module in (predict, profile, report, convert, export_c, xclbin, emu, doctor, estimate):
        module.add_commands(commands)
    parsed = parser.parse_args(arguments)
    if parsed.version:
        from xfblas.device.binding import version

        print(version())
        return 0
    if not hasattr(parsed, "run"):
        parser.print_help()
        return 0
    try:
        with removed_when_killed(), shown_notices("xfblas"):
            return parsed.run(parsed)
    except BrokenPipeError:
        raise
    except (XfblasError, OSError) as error:
        words = options_of(commands.choices[parsed.command]) | getattr(parsed, "words", {})
        print(f"xfblas: {in_a_line(in_option_words(str(error), words))}", file=sys.stderr)
        return 2


def _leave_pipe():
    """Who read the output has gone: what is still to be written goes nowhere, and in silence."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
