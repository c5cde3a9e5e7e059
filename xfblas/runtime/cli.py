"""``xfblas quantize`` and ``xfblas predict``."""

import json
import sys
from pathlib import Path

import numpy as np

from xfblas.errors import InvalidValueError

#: Rows of a file that are read, computed and written at once.
CHUNK = 65536
#: Rows of a file that scales are derived from.
CALIBRATION_ROWS = 8192
QUANTIZATION = ("method", "activations", "weights", "margin", "percentile", "accumulator")


def add_commands(subparsers):
    """Adds ``quantize`` and ``predict`` to the commands of an argparse parser."""
    parser = subparsers.add_parser(
        "quantize", help="turn a Keras file and typical rows into a .xfblas file"
    )
    parser.add_argument("model", help="a .keras or .h5 file")
    parser.add_argument("--data", help="typical rows: CSV, .npy or .parquet")
    parser.add_argument("-o", "--output", required=True, help="the .xfblas file to write")
    add_shared(parser)
    parser.set_defaults(run=run_quantize)
    parser = subparsers.add_parser("predict", help="predict a file of rows on the engine")
    parser.add_argument("model", help="a .xfblas, .keras or .h5 file")
    parser.add_argument("data", help="rows: CSV with or without names, .npy or .parquet")
    parser.add_argument(
        "-o", "--output", default="-", help="CSV, .npy or .parquet; by default CSV to the terminal"
    )
    parser.add_argument("--labels", action="store_true", help="write the likeliest class's number")
    parser.add_argument(
        "--calibration", help="typical rows for a model that is not quantized; by default the data"
    )
    parser.add_argument("--quiet", action="store_true", help="show no progress")
    add_shared(parser)
    parser.set_defaults(run=run_predict)


def add_shared(parser):
    """Adds what all commands take that quantize a model."""
    parser.add_argument(
        "--drop", action="append", default=[], help="leave out a column, by name or number"
    )
    parser.add_argument("--architecture", help="JSON file, for a file of weights alone")
    parser.add_argument("--xclbin", help="image with the Fcn engine")
    parser.add_argument("--target", help="native, csim or xrt")
    parser.add_argument("--device", type=int, default=0, help="index of the device")
    parser.add_argument("--bits", type=int, help="16 (the default), 8, or 32 for float32")
    parser.add_argument("--accumulator", type=int, help="bits that all sums must fit: 48 or 32")
    parser.add_argument("--method", help="calibrated, or gemx for the public engine's own scheme")
    parser.add_argument("--activations", help="how their ranges are found, such as minmax or mse")
    parser.add_argument("--weights", help="how their ranges are found, such as minmax or mse")
    parser.add_argument("--margin", type=float, help="room above the largest value seen")
    parser.add_argument("--percentile", type=float, help="of values within the range")
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="any other option"
    )


def run_quantize(args) -> int:
    """Writes the file and prints its table of layers."""
    with _compiled(args, args.data) as model:
        model.save(args.output)
        model.summary()
    print(f"wrote {args.output}, {Path(args.output).stat().st_size:,} bytes")
    return 0


def run_predict(args) -> int:
    """Predicts chunk by chunk; returns 0."""
    from xfblas.runtime.progress_bar import ProgressBar
    from xfblas.runtime.saved_model import is_saved_model, load
    from xfblas.runtime.table_writer import TableWriter
    from xfblas.runtime.tables import open_table

    table = open_table(args.data, args.drop)
    if is_saved_model(args.model):
        refuse_options(args)
        where = {"device": args.device, "xclbin": args.xclbin, "target": args.target}
        model = load(args.model, **where)
    else:
        model = _compiled(args, args.calibration or args.data)
    with model:
        _require_one_input(model)
        names, has_names = _column_names(model, args.labels), table.names is not None
        writer = TableWriter(args.output, names, has_names)
        bar = ProgressBar(table.rows, 0 if args.quiet else 1, sys.stderr, "row")
        done = 0
        try:
            for chunk in table.chunks(CHUNK):
                writer.write(_columns(model.predict(chunk, verbose=0), args.labels))
                done += len(chunk)
                bar.update(done)
            writer.finish()
        except BaseException:
            writer.abandon()
            raise
        bar.finish()
    return 0


def _compiled(args, data):
    from xfblas.runtime.compiler import compile
    from xfblas.runtime.tables import open_table

    options = quantization_options(args)
    rows = None
    if args.bits != 32 and data is not None:
        table = open_table(data, args.drop)
        rows = spread(table)
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
        **options,
    )


def spread(table) -> np.ndarray:
    """Some rows from the whole length of a file: every second, fourth... of a long one."""
    kept, held, stride, seen = [], 0, 1, 0
    for chunk in table.chunks(CHUNK):
        kept.append(np.array(chunk[-seen % stride :: stride]))
        seen, held = seen + len(chunk), held + len(kept[-1])
        while held > 2 * CALIBRATION_ROWS:
            kept, stride = [np.concatenate(kept)[::2]], 2 * stride
            held = len(kept[0])
    if not kept:
        raise InvalidValueError(f"{table.path} has no rows, expected 1 or more")
    return np.concatenate(kept)


def quantization_options(args) -> dict:
    """The options of :func:`xfblas.quantize` that were given, by name."""
    found = {name: value for name in QUANTIZATION if (value := getattr(args, name)) is not None}
    for text in args.option:
        name, equals, value = text.partition("=")
        if not equals:
            raise InvalidValueError(f"--option is {text!r}, expected name=value")
        try:
            found[name.replace("-", "_")] = json.loads(value.lower())
        except ValueError:
            found[name.replace("-", "_")] = value
    return found


def refuse_options(args, allowed=()):
    """Raises where options were given, but for those allowed, that a quantized model has fixed."""
    given = [
        f"--{name}"
        for name in (*QUANTIZATION, "bits", "calibration", "architecture")
        if name not in allowed and getattr(args, name) is not None
    ]
    if given or args.option:
        raise InvalidValueError(
            f"{', '.join(given) or '--option'} was given, but {args.model} is quantized already"
        )


def _require_one_input(model):
    if len(model.graph.inputs) != 1:
        names = ", ".join(spec.name for spec in model.graph.inputs)
        raise InvalidValueError(f"the model takes {names}: a file of rows holds one input only")


def _outputs(found) -> list[np.ndarray]:
    if isinstance(found, dict):
        return list(found.values())
    return found if isinstance(found, list) else [found]


def _columns(found, labels) -> np.ndarray:
    parts = [part.reshape(len(part), -1) for part in _outputs(found)]
    if labels:
        parts = [_labels(part)[:, np.newaxis] for part in parts]
    return np.concatenate(parts, axis=1)


def _labels(part) -> np.ndarray:
    """The likeliest class; for one probability, whether it is above a half."""
    return (part[:, 0] > 0.5).astype(np.int64) if part.shape[1] == 1 else part.argmax(axis=1)


def _column_names(model, labels) -> list[str]:
    shapes = [spec.shape for spec in model.graph.outputs]
    several = len(shapes) > 1
    names = []
    for output, shape in zip(model.output_names, shapes, strict=True):
        if labels:
            names.append(f"{output}_label" if several else "label")
            continue
        count = int(np.prod([size or 1 for size in shape]))
        prefix = f"{output}_" if several else "output_"
        names += [f"{prefix}{index}" for index in range(count)]
    return names
