"""The command ``xfblas``, also as ``python -m xfblas``: an interrupt is one line from the start."""

import sys


def main() -> int:
    """Runs the command line and returns its exit status."""
    try:
        # Imports take most of a short command's time.
        from xfblas import cli
    except KeyboardInterrupt:
        print("xfblas: interrupted", file=sys.stderr)
        return 130
    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
