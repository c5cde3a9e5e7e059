"""``xfblas export-c``: a compiled model as a C99 project."""

from pathlib import Path

import numpy as np

from xfblas import tables
from xfblas.commands.arguments import add_trusted
from xfblas.errors import InvalidValueError
from xfblas.file_kinds import XFBLAS, refuse_others
from xfblas.files import refuse_inputs


def add_commands(subparsers):
    """Adds ``export-c`` to the commands of an argparse parser."""
    from xfblas.export_c.blob import ROWS
    from xfblas.export_c.project import SAMPLES

    parser = subparsers.add_parser("export-c", help="write a model as a C99 project for a Zynq")
    parser.add_argument("model", help="a .xfblas file, as xfblas quantize writes it")
    parser.add_argument("-o", "--output", required=True, help="the folder to write")
    parser.add_argument(
        "--data", help="rows for the test vectors: CSV, .npy or .parquet; by default drawn"
    )
    parser.add_argument(
        "--rows", type=int, default=ROWS, help=f"of a run of the kernel at most, {ROWS} by default"
    )
    parser.add_argument(
        "--samples", type=int, default=SAMPLES, help=f"rows of the vectors, {SAMPLES} by default"
    )
    add_trusted(parser)
    parser.set_defaults(run=run_export, words={"folder": "--output", "x": "--data"})


def run_export(args) -> int:
    """Writes the folder and prints what is in it."""
    from xfblas.compiled.compiler import load
    from xfblas.export_c.project import write_c_project

    refuse_others(args.model, "an xfblas model", XFBLAS)
    for name in ("model.bin", "data.h"):
        given = {"the model": args.model, "--data": args.data}
        refuse_inputs("--output", Path(args.output) / name, given)
    rows = None if args.data is None else _first_rows(args.data, args.samples)
    # Bytes are the same on every target; this one is always there.
    with load(args.model, target="native", trusted=args.trusted) as model:
        write_c_project(model, args.output, rows, rows=args.rows, samples=args.samples)
    print(f"wrote {args.output}: make -C {args.output} DRIVER=linux builds it for a board")
    return 0


def _first_rows(data, samples):
    """As many rows of a file as the vectors need, or all that it has."""
    found, count = [], 0
    for chunk in tables.open_table(data).chunks(tables.CHUNK):
        found.append(chunk)
        count += len(chunk)
        if count >= samples:
            break
    if not count:
        raise InvalidValueError(f"--data is {data}, which has no rows")
    return np.concatenate(found)
