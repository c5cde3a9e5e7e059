"""``xfblas report``."""

import json

from xfblas import tables
from xfblas.commands.arguments import (
    add_model_arguments,
    model_inputs,
    quantization_options,
    refuse_options,
)
from xfblas.commands.predict import CALIBRATION
from xfblas.errors import InvalidValueError
from xfblas.files import refuse_inputs
from xfblas.tables.table_writer import require_output


def add_commands(subparsers):
    """Adds ``report`` to the commands of an argparse parser."""
    parser = subparsers.add_parser(
        "report", help="what quantization costs on data, layer by layer, and what to try"
    )
    parser.add_argument("model", help="a .xfblas, .keras, .h5 or .onnx file")
    parser.add_argument("--data", required=True, help="rows: CSV, .npy or .parquet")
    parser.add_argument("--labels", help="file of labels: CSV, .npy or .parquet")
    parser.add_argument("--label", metavar="COLUMN", help="column of the data that is the label")
    parser.add_argument(
        "--calibration", help="typical rows for a model that is not quantized; by default the data"
    )
    parser.add_argument(
        "--compare", action="store_true", help="also quantize with other bits and accumulators"
    )
    parser.add_argument("--html", help="file to write, with plots; opens offline")
    parser.add_argument("--json", help="file to write, - for the terminal instead of the tables")
    add_model_arguments(parser)
    words = {"calibration": CALIBRATION, "x": "--data", "y": "y (--label or --labels)"}
    parser.set_defaults(run=run_report, words=words)


def run_report(args) -> int:
    """Prints the tables and writes the files; returns 0."""
    from xfblas.compiled.saved_model import is_saved_model
    from xfblas.reporting.figure import figure_class
    from xfblas.reporting.report import report
    from xfblas.tables.labels import read_labels

    inputs = {"--data": args.data, "--labels": args.labels, "--calibration": args.calibration}
    refuse_inputs("--html", args.html, model_inputs(args) | inputs | {"--json": args.json})
    refuse_inputs("--json", args.json, model_inputs(args) | inputs)
    require_output("--html", args.html)
    require_output("--json", args.json)
    if args.html:
        figure_class()
    if args.labels and args.label:
        raise InvalidValueError("--labels and --label were given, expected one of them")
    dropped = [*args.drop, *([args.label] if args.label else [])]
    x = tables.all_rows(tables.open_table(args.data, dropped, args.header))
    y, classes = None, None
    if args.label:
        y, classes = read_labels(args.data, args.label, args.header)
    elif args.labels:
        y, classes = read_labels(args.labels, header=args.header, row_count=len(x))
    where = {"device": args.device, "xclbin": args.xclbin, "target": args.target}
    where |= {"trusted": args.trusted, "trust": args.trust}
    calibration = None
    if args.calibration:
        # It may lack the label.
        table = tables.open_table(args.calibration, dropped, args.header, strict=False)
        calibration = tables.spread(table)
    if is_saved_model(args.model):
        refuse_options(args, allowed=("calibration",) if args.compare else ())
        options = where
    else:
        options = {"bits": args.bits, "architecture": args.architecture, **where}
        options |= quantization_options(args)
    found = report(
        args.model, x, y, calibration=calibration, classes=classes, compare=args.compare, **options
    )
    if args.json == "-":
        print(json.dumps(found.to_dict(), indent=1))
    else:
        found.print()
    if args.html:
        found.to_html(args.html)
        print(f"wrote {args.html}")
    if args.json and args.json != "-":
        found.to_json(args.json)
        print(f"wrote {args.json}")
    return 0
