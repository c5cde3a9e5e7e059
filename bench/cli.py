"""The command line."""

import argparse
import sys
from pathlib import Path

from bench.settings import CASES, FULL_ROUNDS, QUICK_ROUNDS, Settings

RESULTS = Path(__file__).parent / "results"


def main(arguments: list[str] | None = None) -> int:
    """Runs a benchmark, or shows a stored one; the exit status is 1 where something failed."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return {"table": _table, "plot": _plot, "show": _show}.get(options.command, _run)(options)
    except (OSError, ValueError, KeyError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1


def _run(options) -> int:
    from bench.run import WorkerFailed, run
    from bench.tables import failures, show

    rounds = options.rounds or (QUICK_ROUNDS if options.quick else FULL_ROUNDS)
    settings = Settings(options.cases, options.threads, rounds, options.quick)
    try:
        results = run(settings)
    except (WorkerFailed, RuntimeError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    results.write(options.json)
    show(results)
    print(f"samples: {options.json}")
    _draw(results, options.json.parent)
    return 1 if failures(results) else 0


def _show(options) -> int:
    from bench.results import read
    from bench.tables import show

    show(read(options.file))
    return 0


def _table(options) -> int:
    from bench.markdown import document, insert
    from bench.results import read

    text = document(read(options.file))
    if options.into is None:
        print(text, end="")
    else:
        insert(text, options.into)
    return 0


def _plot(options) -> int:
    from bench.results import read

    return 0 if _draw(read(options.file), options.file.parent) else 1


def _draw(results, folder: Path) -> bool:
    from bench.plots import draw

    try:
        for path in draw(results, folder):
            print(f"picture: {path}")
    except ImportError:
        print("no pictures: pip install matplotlib", file=sys.stderr)
        return False
    return True


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measures xfblas beside other libraries."
    )
    parser.add_argument("--quick", action="store_true", help="fewer sizes, models and rounds")
    parser.add_argument(
        "--cases",
        type=_cases,
        default=CASES,
        help=f"which of {','.join(CASES)}; default: all",
    )
    parser.add_argument("--threads", type=_threads, default=(1, 2), help="default: 1,2")
    parser.add_argument(
        "--rounds",
        type=_count,
        help=f"samples of each candidate; default: {FULL_ROUNDS}, with --quick {QUICK_ROUNDS}",
    )
    parser.add_argument(
        "--json",
        type=Path,
        default=RESULTS / "results.json",
        help="where to write every sample; pictures go beside it; default: %(default)s",
    )
    commands = parser.add_subparsers(dest="command", title="with stored results")
    show = commands.add_parser("show", help="print the tables again")
    table = commands.add_parser("table", help="print them in Markdown")
    plot = commands.add_parser("plot", help="draw the pictures again")
    for command in (show, table, plot):
        command.add_argument("file", type=Path, help="such as bench/results/results.json")
    table.add_argument("--into", type=Path, help="put it between the marks of this file")
    return parser


def _cases(text: str) -> tuple[str, ...]:
    words = tuple(text.split(","))
    for word in words:
        if word not in CASES:
            raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(CASES)}")
    return words


def _threads(text: str) -> tuple[int, ...]:
    return tuple(_count(word) for word in text.split(","))


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)
