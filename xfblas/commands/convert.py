"""``xfblas convert`` and ``xfblas build``: hls4ml's two steps from a shell."""

import argparse
import json

from xfblas.commands.arguments import add_trusted


def add_commands(subparsers):
    """Adds ``convert`` and ``build`` to the commands of an argparse parser."""
    _add_convert(subparsers)
    _add_build(subparsers)


def _add_convert(subparsers):
    parser = subparsers.add_parser(
        "convert",
        help="quantize the model of a configuration into a project's folder",
        description="Reads a YAML or JSON file with KerasModel or OnnxModel, OutputDir, InputData, "
        "CalibrationData, Board, HLSConfig and the rest of xfblas.convert_from_config.",
    )
    parser.add_argument("-c", "--config", required=True, help="the file; its paths begin there")
    parser.set_defaults(run=run_convert)


def _add_build(subparsers):
    parser = subparsers.add_parser(
        "build", help="run a project's test vectors on the kernels, and tell what a board takes"
    )
    parser.add_argument("-p", "--project", required=True, help="folder that convert has written")
    parser.add_argument(
        "--csim",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="run the test vectors on the kernels' source; by default it does",
    )
    parser.add_argument(
        "--csim-rows",
        type=_rows,
        default=argparse.SUPPRESS,
        metavar="ROWS",
        help="how many of the test vectors csim runs, or all; by default the first few",
    )
    parser.add_argument("--synth", action="store_true", help="have v++ compile the kernels")
    parser.add_argument("--bitfile", action="store_true", help="have v++ link the image")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    add_trusted(parser)
    parser.set_defaults(run=run_build, words={"folder": "--project", "input_data_tb": "InputData"})


def _rows(text: str) -> int | None:
    if text != "all" and not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of rows, expected one, or all")
    return None if text == "all" else int(text)


def run_convert(args) -> int:
    """Writes the project and prints its files; returns 0."""
    from xfblas.convert.converter import convert_from_config

    with convert_from_config(args.config) as model:
        folder = model.write()
        model.compiled.summary()
    for path in sorted(folder.iterdir()):
        print(path)
    print(f"next: xfblas build -p {folder}")
    return 0


def run_build(args) -> int:
    """Prints the report; returns 0."""
    from xfblas.convert.output_comparison import comparison_text
    from xfblas.convert.project import build_project

    rows = {"csim_rows": args.csim_rows} if hasattr(args, "csim_rows") else {}
    switches = (args.csim, args.synth, args.bitfile, args.trusted)
    report = build_project(args.project, *switches, **rows)
    if args.json:
        print(json.dumps(report, indent=2))
        return 0
    if args.csim:
        ran, given = report["CSimRows"], report["CSimRowsGiven"]
        rows = f"{ran} rows" if ran == given else f"the first {ran} of {given} rows"
        print(f"{report['CSimTarget']}: {rows}, the same bytes as native")
    for line in report.get("OutputComparison", ()):
        print(comparison_text(line))
    for name, value in report["CSynthesisReport"].items():
        print(f"{name:22} {value}")
    if "Xclbin" in report:
        print(f"{'Xclbin':22} {report['Xclbin']}")
    return 0
