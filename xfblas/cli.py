"""The ``xfblas`` command. Each command lives in the room that it belongs to."""

import argparse
import sys

from xfblas.diagnosis.cli import add_commands as add_diagnosis_commands
from xfblas.emulation.cli import add_commands as add_emulation_commands
from xfblas.errors import XfblasError
from xfblas.image.cli import add_commands as add_image_commands
from xfblas.notices import in_a_line, shown_notices
from xfblas.option_words import in_option_words, options_of
from xfblas.performance.cli import add_commands as add_performance_commands
from xfblas.reporting.cli import add_commands as add_report_commands
from xfblas.runtime.cli import add_commands as add_runtime_commands


def main(arguments=None) -> int:
    """Runs the command line and returns the exit status; errors are one line each."""
    parser = argparse.ArgumentParser(
        prog="xfblas", description="Matrix products and fully connected layers on AMD FPGAs."
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(title="commands", dest="command")
    add_runtime_commands(commands)
    add_report_commands(commands)
    add_image_commands(commands)
    add_emulation_commands(commands)
    add_diagnosis_commands(commands)
    add_performance_commands(commands)
    parsed = parser.parse_args(arguments)
    if parsed.version:
        from xfblas.device.binding import version

        print(version())
        return 0
    if not hasattr(parsed, "run"):
        parser.print_help()
        return 0
    try:
        with shown_notices("xfblas"):
            return parsed.run(parsed)
    except (XfblasError, OSError) as error:
        words = options_of(commands.choices[parsed.command]) | getattr(parsed, "words", {})
        print(f"xfblas: {in_a_line(in_option_words(str(error), words))}", file=sys.stderr)
        return 2
