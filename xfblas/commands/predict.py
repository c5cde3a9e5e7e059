"""``xfblas quantize`` and ``xfblas predict``."""

import contextlib
import logging
import sys
from pathlib import Path

import numpy as np

from xfblas import tables
from xfblas.commands.arguments import (
    add_model_arguments,
    model_inputs,
    quantization_options,
    refuse_options,
)
from xfblas.errors import InvalidValueError
from xfblas.files import refuse_inputs
from xfblas.notices import notify
from xfblas.rows.columns import NamedRows
from xfblas.tables.image_folder import ImageFolder
from xfblas.tables.table_writer import require_output

#: What messages of commands call the rows that scales are derived from.
CALIBRATION = "--calibration (by default the data)"


def add_commands(subparsers):
    """Adds ``quantize`` and ``predict`` to the commands of an argparse parser."""
    parser = subparsers.add_parser(
        "quantize", help="turn a Keras or ONNX file and typical rows into a .xfblas file"
    )
    parser.add_argument("model", help="a .keras, .h5 or .onnx file")
    parser.add_argument("--data", help="typical rows: CSV, .npy, .parquet or a folder of images")
    parser.add_argument(
        "--skip-bad", action="store_true", help="leave out images of the folder that cannot be read"
    )
    parser.add_argument("-o", "--output", required=True, help="the .xfblas file to write")
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    add_model_arguments(parser)
    parser.set_defaults(run=run_quantize, words={"calibration": "--data"})
    parser = subparsers.add_parser("predict", help="predict a file of rows on the engine")
    parser.add_argument("model", help="a .xfblas, .keras, .h5 or .onnx file")
    parser.add_argument("data", help="rows: CSV with or without names, .npy or .parquet")
    parser.add_argument(
        "-o", "--output", default="-", help="CSV, .npy or .parquet; by default CSV to the terminal"
    )
    parser.add_argument("--labels", action="store_true", help="write the likeliest class's number")
    parser.add_argument(
        "--calibration", help="typical rows for a model that is not quantized; by default the data"
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    add_model_arguments(parser)
    parser.set_defaults(run=run_predict, words={"calibration": CALIBRATION})


def run_quantize(args) -> int:
    """Writes the file and prints its table of layers."""
    refuse_inputs("--output", args.output, model_inputs(args) | {"--data": args.data})
    require_output("--output", args.output, (".xfblas",))
    if args.skip_bad and not (args.data and Path(args.data).is_dir()):
        raise InvalidValueError("--skip-bad was given, but --data is no folder of images")
    with shown_messages(not args.quiet):
        model = _compiled(args, args.data)
    with model:
        model.save(args.output)
        model.summary()
    path = Path(args.output)
    print(f"wrote {path}" + (f", {path.stat().st_size:,} bytes" if path.is_file() else ""))
    return 0


def run_predict(args) -> int:
    """Predicts chunk by chunk; returns 0."""
    from xfblas.compiled.progress_bar import ProgressBar
    from xfblas.tables.table_writer import column_names, columns, table_writer

    inputs = {"the data": args.data, "--calibration": args.calibration}
    refuse_inputs("--output", args.output, model_inputs(args) | inputs)
    require_output("--output", args.output)
    if args.output == "-" and sys.__stdout__ is None:
        raise InvalidValueError("--output is -, but standard output is closed: name a file")
    table = tables.open_table(args.data, args.drop, args.header)
    model = opened_model(args, args.data)
    with model:
        require_one_input(model)
        names, has_names = column_names(model, args.labels), table.names is not None
        bar = ProgressBar(table.rows, 0 if args.quiet else "auto", sys.stderr, "row")
        done = 0
        with table_writer(args.output, names, has_names) as write:
            for chunk in table.chunks(tables.CHUNK):
                rows = NamedRows(chunk, table.names)
                write(columns(model.predict(rows, verbose=0), args.labels))
                done += len(chunk)
                bar.update(done)
            if not done:
                shape = tuple(size or 1 for size in model.graph.inputs[0].shape)
                if table.names is not None and len(table.columns) != np.prod(shape):
                    raise InvalidValueError(
                        f"{args.data} has no rows and names of {len(table.columns)} columns, "
                        f"expected {np.prod(shape)}"
                    )
                notify(f"{args.data} has no rows, so the output has none")
                write(columns(model.predict(np.empty((0, *shape)), verbose=0), args.labels))
        bar.finish()
    return 0


def opened_model(args, data):
    """The model of a command's arguments, which is loaded, or quantized with ``--calibration``.

    Args:
        args: of a command with ``--calibration`` and the arguments of models.
        data: the file of rows that stand in for a calibration.
    """
    from xfblas.compiled.compiler import load
    from xfblas.compiled.saved_model import is_saved_model

    if not is_saved_model(args.model):
        return _compiled(args, args.calibration or data, strict=not args.calibration)
    refuse_options(args)
    where = {"device": args.device, "xclbin": args.xclbin, "target": args.target}
    return load(args.model, **where, trusted=args.trusted, trust=args.trust)


def _compiled(args, data, strict=True):
    from xfblas.compiled.compiler import compile

    options = quantization_options(args)
    rows = None
    if data is not None and Path(data).is_dir():
        rows = ImageFolder(data, skip_bad=getattr(args, "skip_bad", False))
    elif data is not None:
        # Floats need no rows, and a file that was named is looked at all the same.
        table = tables.open_table(data, args.drop, args.header, strict=strict)
        rows = None if args.bits == 32 else tables.spread(table)
    elif args.bits != 32:
        raise InvalidValueError("--data is missing: typical rows to derive the scales from")
    return compile(
        args.model,
        rows,
        device=args.device,
        xclbin=args.xclbin,
        target=args.target,
        bits=args.bits,
        architecture=args.architecture,
        trusted=args.trusted,
        trust=args.trust,
        **options,
    )


def require_one_input(model):
    """Raises an InvalidValueError where a model takes more than a file of rows holds."""
    if len(model.graph.inputs) != 1:
        names = ", ".join(spec.name for spec in model.graph.inputs)
        raise InvalidValueError(f"the model takes {names}: a file of rows holds one input only")


@contextlib.contextmanager
def shown_messages(wanted: bool = True):
    """Writes the package's messages to stderr within a ``with`` block.

    Args:
        wanted: False shows none.
    """
    logger, handler = logging.getLogger("xfblas"), logging.StreamHandler(sys.stderr)
    before = logger.level
    if wanted:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(before)
